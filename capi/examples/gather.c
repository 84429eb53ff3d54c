/* Spawn several tasks, wait for all of them at once, and use their results in order. */
#include <runner.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 3 };

struct request {
    int number;
    uint64_t delay_ms;
};

/* The result is memory from malloc(): it belongs to whoever takes it. */
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

/* The first failure is returned; the others then go on, and runner_main() cancels them at its end. */
static int wait_for_all(const struct request *requests, runner_task_t *const *tasks)
{
    runner_future_t *futures[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        futures[i] = runner_task_future(tasks[i]);
    }
    runner_future_t *all;
    int code = runner_gather(futures, COUNT, 0, &all);
    if (code < 0) {
        return code;
    }
    void *values;
    code = runner_future_await(all, &values);
    for (size_t i = 0; code == 0 && i < COUNT; i++) {
        int *answer = ((void **)values)[i];
        printf("%d * %d = %d\n", requests[i].number, requests[i].number, *answer);
        free(answer);
    }
    runner_future_unref(all);
    return code;
}

static int program(void *arg, void **result)
{
    static struct request requests[COUNT] = {{2, 90}, {3, 60}, {4, 30}};
    runner_task_t *tasks[COUNT] = {NULL};
    (void)arg;
    (void)result;

    runner_spawn_options_t options;
    runner_spawn_options_init(&options, sizeof options);
    options.result_drop = free; /* for a result that nobody takes */

    int code = 0;
    for (size_t i = 0; code == 0 && i < COUNT; i++) {
        code = runner_spawn(square, &requests[i], &options, &tasks[i]);
    }
    if (code == 0) {
        code = wait_for_all(requests, tasks);
    }
    for (size_t i = 0; i < COUNT; i++) {
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
