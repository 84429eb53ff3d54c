/* A timeout by hand: a timer cancels the task, and the task takes that cancel back. */
#include <inttypes.h>
#include <runner.h>
#include <stdio.h>

typedef int (*work_fn)(void *arg);

struct timeout {
    runner_task_t *task;
    int expired;
};

static int expire(void *arg)
{
    struct timeout *timeout = arg;
    timeout->expired = 1;
    return runner_task_cancel_with(timeout->task, "too slow", 0);
}

/* Does `work` in the calling task. Returns what it returned, or RUNNER_ETIMEDOUT. */
static int with_timeout(int64_t timeout_ms, work_fn work, void *arg)
{
    struct timeout timeout = {.task = runner_current_task()};
    int before = runner_task_cancelling(timeout.task);
    runner_timer_t *timer;
    int code = runner_call_later(runner_current(), timeout_ms, expire, &timeout, NULL, &timer);
    if (code < 0) {
        return code;
    }
    code = work(arg);
    runner_timer_cancel(timer); /* refused if it has fired, which is fine */
    runner_timer_unref(timer);
    if (!timeout.expired) {
        return code;
    }
    /* Take our request back, also where the work was done just in time. If requests of others are
     * left, Ctrl-C for instance, the task is to end, and the timeout does not matter any more. */
    int left = runner_task_uncancel(timeout.task);
    if (code == RUNNER_ECANCELED && left <= before) {
        return RUNNER_ETIMEDOUT;
    }
    return code;
}

static int work(void *arg)
{
    const uint64_t *duration_ms = arg;
    int code = runner_sleep(*duration_ms);
    if (code == RUNNER_ECANCELED) {
        const char *why = runner_task_cancel_message(runner_current_task());
        printf("work of %" PRIu64 " ms: cancelled: %s\n", *duration_ms, why ? why : "no reason");
    }
    return code;
}

static int program(void *arg, void **result)
{
    uint64_t durations_ms[] = {20, 60000};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof durations_ms / sizeof *durations_ms; i++) {
        int code = with_timeout(2000, work, &durations_ms[i]);
        if (code < 0 && code != RUNNER_ETIMEDOUT) {
            return code;
        }
        printf("work of %" PRIu64 " ms: %s\n", durations_ms[i],
               code == 0 ? "done" : runner_strerror(code));
    }
    /* The task as such was never cancelled: it can wait as before. */
    return runner_sleep(1);
}

int main(void)
{
    int code = runner_main(program, NULL, NULL, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "timeout: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
