/* A deadline for whatever a function does: it is cancelled when the time is over. */
#include <inttypes.h>
#include <runner.h>
#include <stdio.h>

static int work(void *arg, void **result)
{
    const uint64_t *duration_ms = arg;
    (void)result;
    int code = runner_sleep(*duration_ms);
    if (code == RUNNER_ECANCELED) {
        printf("work of %" PRIu64 " ms: cancelled, cleans up\n", *duration_ms);
    }
    return code;
}

static int program(void *arg, void **result)
{
    uint64_t durations_ms[] = {20, 60000};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof durations_ms / sizeof *durations_ms; i++) {
        /* Only the deadline's own cancel becomes RUNNER_ETIMEDOUT: Ctrl-C still ends the program. */
        int code = runner_with_timeout(2000, work, &durations_ms[i], NULL);
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
