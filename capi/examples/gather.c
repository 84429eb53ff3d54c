/* Spawn several tasks, wait for all of them, and use their results in order. */
#include <runner.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
    int number;
    uint64_t delay_ms;
};

/* The result is memory from malloc(): it belongs to whoever awaits the task. */
static int square(void *arg, void **result)
{
    const struct request *request = arg;
    int code = runner_sleep(request->delay_ms);
    if (code < 0) {
        return code;
    }
    int *answer = malloc(sizeof *answer);
    if (answer == NULL) {
        return RUNNER_ENOMEM;
    }
    *answer = request->number * request->number;
    printf("%d is ready\n", request->number);
    *result = answer;
    return 0;
}

/* Waits for every task, also after a failure: nothing is left behind. The first failure cancels
 * the tasks that stand behind it and is returned. */
static int gather(runner_task_t *const *tasks, size_t count, void **results)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        if (code < 0) {
            runner_task_cancel(tasks[i]);
        }
        int ended = runner_await(tasks[i], &results[i]);
        if (code == 0) {
            code = ended;
        }
    }
    return code;
}

static int program(void *arg, void **result)
{
    enum { COUNT = 3 };
    static struct request requests[COUNT] = {{2, 90}, {3, 60}, {4, 30}};
    runner_task_t *tasks[COUNT];
    void *results[COUNT] = {NULL};
    (void)arg;
    (void)result;

    runner_spawn_options_t options;
    runner_spawn_options_init(&options, sizeof options);
    options.result_drop = free; /* for a result that nobody takes */

    size_t spawned = 0;
    int code = 0;
    while (code == 0 && spawned < COUNT) {
        code = runner_spawn(square, &requests[spawned], &options, &tasks[spawned]);
        spawned += code == 0;
    }
    if (code < 0) {
        for (size_t i = 0; i < spawned; i++) {
            runner_task_cancel(tasks[i]);
        }
    }
    int ended = gather(tasks, spawned, results);
    if (code == 0) {
        code = ended;
    }
    for (size_t i = 0; i < spawned; i++) {
        if (code == 0) {
            printf("%d * %d = %d\n", requests[i].number, requests[i].number, *(int *)results[i]);
        }
        free(results[i]);
        runner_task_unref(tasks[i]);
    }
    return code;
}

int main(void)
{
    int code = runner_main(program, NULL, NULL, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "gather: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
