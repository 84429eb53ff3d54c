/* A program that has a libuv loop already, with handles on it, runs tasks there.
 *
 * The runner turns the loop and closes it at the end; the program closes its handles before. */
#define _POSIX_C_SOURCE 200809L /* uv.h wants it */

#include <runner.h>
#include <stdio.h>
#include <uv.h>

struct program {
    uv_loop_t loop;
    uv_timer_t timer;
    int ticks;
    int released;
    runner_future_t *ticked; /* settled by the third tick */
    runner_future_t *closed; /* settled when the timer is closed */
};

/* libuv's callbacks run on the loop's thread, so they may use tasks and futures as they like. */
static void on_tick(uv_timer_t *timer)
{
    struct program *program = timer->data;
    printf("tick %d\n", ++program->ticks);
    if (program->ticks == 3) {
        uv_timer_stop(timer);
        if (program->ticked != NULL) {
            runner_future_resolve(program->ticked, NULL);
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct program *program = handle->data;
    if (program->closed != NULL) {
        runner_future_resolve(program->closed, NULL);
    }
}

static int tasks(void *arg, void **result)
{
    struct program *program = arg;
    (void)result;
    int code = runner_future_new(runner_current(), &program->ticked);
    if (code == 0) {
        code = runner_future_await(program->ticked, NULL);
        runner_future_unref(program->ticked);
        program->ticked = NULL;
    }
    printf("a task was woken by the program's own timer\n");

    /* Also when the wait was cancelled: the handle has to go, and closing it takes a turn. */
    int made = runner_future_new(runner_current(), &program->closed);
    uv_close((uv_handle_t *)&program->timer, on_closed);
    if (made == 0) {
        made = runner_future_await(program->closed, NULL);
        runner_future_unref(program->closed);
        program->closed = NULL;
    }
    return code < 0 ? code : made;
}

static int give_loop(void *arg, uv_loop_t **loop)
{
    struct program *program = arg;
    *loop = &program->loop;
    return 0;
}

/* The runner has closed the loop; a loop from malloc() would be freed here. */
static void release_loop(uv_loop_t *loop, void *arg)
{
    struct program *program = arg;
    (void)loop;
    program->released = 1;
    printf("the loop is closed\n");
}

int main(void)
{
    struct program program = {0};
    int code = uv_loop_init(&program.loop);
    if (code < 0) {
        fprintf(stderr, "embed: %s\n", uv_strerror(code));
        return 1;
    }
    program.timer.data = &program;
    uv_timer_init(&program.loop, &program.timer);
    uv_timer_start(&program.timer, on_tick, 10, 10);

    runner_options_t options;
    runner_options_init(&options, sizeof options);
    options.loop_factory = give_loop;
    options.loop_release = release_loop;
    options.loop_arg = &program;

    code = runner_main(tasks, &program, &options, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "embed: %s\n", runner_strerror(code));
    }
    if (!program.released) { /* the runner never came to use the loop */
        uv_close((uv_handle_t *)&program.timer, NULL);
        uv_run(&program.loop, UV_RUN_DEFAULT);
        uv_loop_close(&program.loop);
    }
    return runner_exit_status(code);
}
