/* A libuv program with a loop that it turns itself has a runner as its guest.
 *
 * The program owns the loop, its handles and the signals. The guest adds handles of its own, works
 * its tasks in their callbacks, and takes those handles away when it closes: embed.c is the other
 * way round, there the runner turns and closes the loop. */
#define _POSIX_C_SOURCE 200809L /* uv.h wants it */

#include <runner.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

struct program {
    uv_loop_t loop;
    uv_timer_t ticker;
    uv_pipe_t in, out; /* two ends of one pipe */
    uv_signal_t sigint;
    char line[64];
    runner_t *guest;
    runner_queue_t *lines;   /* what came out of the pipe */
    runner_future_t *answer; /* a task waits for it, and the ticker gives it */
    int held;
    int code;
};

/* ---- tasks ------------------------------------------------------------------------------------ */

static int sleeper(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(*(const uint64_t *)arg);
    if (code == 0) {
        printf("task: slept %d ms\n", (int)*(const uint64_t *)arg);
    }
    return code;
}

/* Two tasks sleep beside the program's own timer. */
static int sleep_twice(void)
{
    static uint64_t longer_ms = 30, shorter_ms = 15;
    runner_task_t *first = NULL, *second = NULL;
    int code = runner_spawn(sleeper, &longer_ms, NULL, &first);
    if (code == 0) {
        code = runner_spawn(sleeper, &shorter_ms, NULL, &second);
    }
    if (code == 0) {
        code = runner_await(first, NULL);
    }
    if (code == 0) {
        code = runner_await(second, NULL);
    }
    runner_task_unref(first);
    runner_task_unref(second);
    return code;
}

/* A task uses the program's handles as any callback does, and waits for what they bring. */
static int talk_to_pipe(struct program *program)
{
    void *line = NULL;
    char hello[] = "hello";
    uv_buf_t buffer = uv_buf_init(hello, sizeof hello - 1);
    int code = uv_try_write((uv_stream_t *)&program->out, &buffer, 1);
    if (code > 0) {
        code = runner_queue_get(program->lines, &line);
    }
    if (code == 0) {
        printf("task: '%s' came out of the pipe\n", (const char *)line);
    }
    return code;
}

static int ask_ticker(struct program *program)
{
    int code = runner_future_new(program->guest, &program->answer);
    if (code == 0) {
        printf("task: waits for the ticker\n");
        code = runner_future_await(program->answer, NULL);
        runner_future_unref(program->answer);
        program->answer = NULL;
    }
    if (code == 0) {
        printf("task: has the answer\n");
    }
    return code;
}

static int tasks(void *arg, void **result)
{
    struct program *program = arg;
    int code = sleep_twice();
    if (code == 0) {
        code = talk_to_pipe(program);
    }
    if (code == 0) {
        code = ask_ticker(program);
    }
    *result = "all done";
    return code;
}

/* ---- the program's own handles ---------------------------------------------------------------- */

/* Between a pause and a resume the answer is there, and nobody hears of it. */
static void on_tick(uv_timer_t *ticker)
{
    struct program *program = ticker->data;
    if (program->held) {
        program->held = 0;
        printf("ticker: lets the tasks go on\n");
        runner_resume(program->guest);
    } else if (program->answer != NULL &&
               runner_future_status(program->answer) == RUNNER_EPENDING) {
        program->held = 1;
        runner_pause(program->guest);
        runner_future_resolve(program->answer, NULL);
        printf("ticker: answers, and holds the tasks\n");
    }
}

static void give_buffer(uv_handle_t *pipe, size_t size, uv_buf_t *buffer)
{
    struct program *program = pipe->data;
    (void)size;
    *buffer = uv_buf_init(program->line, sizeof program->line - 1);
}

/* What a callback of the program makes ready, the guest works in a callback of its own. */
static void on_line(uv_stream_t *pipe, ssize_t length, const uv_buf_t *buffer)
{
    struct program *program = pipe->data;
    if (length > 0) {
        buffer->base[length] = '\0';
        printf("pipe: %d bytes\n", (int)length);
        runner_queue_put_nowait(program->lines, buffer->base);
    }
}

/* The guest takes no signals: it is told. The first one cancels its main task. */
static void on_sigint(uv_signal_t *sigint, int number)
{
    struct program *program = sigint->data;
    (void)number;
    runner_interrupt(program->guest);
}

static int open_handles(struct program *program)
{
    uv_file ends[2];
    uv_timer_init(&program->loop, &program->ticker);
    uv_pipe_init(&program->loop, &program->in, 0);
    uv_pipe_init(&program->loop, &program->out, 0);
    uv_signal_init(&program->loop, &program->sigint);
    program->ticker.data = program->in.data = program->sigint.data = program;

    int code = uv_pipe(ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
    if (code == 0) {
        uv_pipe_open(&program->in, ends[0]);
        uv_pipe_open(&program->out, ends[1]);
        code = uv_read_start((uv_stream_t *)&program->in, give_buffer, on_line);
    }
    if (code == 0) {
        code = uv_timer_start(&program->ticker, on_tick, 20, 20);
    }
    if (code == 0) {
        code = uv_signal_start(&program->sigint, on_sigint, SIGINT);
    }
    return code;
}

static void close_handles(struct program *program)
{
    uv_close((uv_handle_t *)&program->ticker, NULL);
    uv_close((uv_handle_t *)&program->in, NULL);
    uv_close((uv_handle_t *)&program->out, NULL);
    uv_close((uv_handle_t *)&program->sigint, NULL);
}

/* ---- the life of the guest -------------------------------------------------------------------- */

static void leave(struct program *program)
{
    runner_queue_unref(program->lines);
    runner_free(program->guest);
    close_handles(program);
}

/* The guest's handles are gone from the loop; the program's are all still there. */
static void on_closed(runner_t *guest, int code, void *result, void *arg)
{
    struct program *program = arg;
    (void)guest;
    (void)result;
    printf("the guest has closed\n");
    program->code = program->code < 0 ? program->code : code;
    leave(program);
}

static void on_ended(runner_t *guest, int code, void *result, void *arg)
{
    struct program *program = arg;
    printf("the run has ended: %s\n", code == 0 ? (const char *)result : runner_strerror(code));
    program->code = code;
    if (runner_start_close(guest, on_closed, program) < 0) {
        leave(program);
    }
}

static int invite(struct program *program)
{
    int code = runner_queue_new(&program->lines, NULL);
    if (code == 0) {
        code = runner_new(&program->guest, NULL);
    }
    if (code == 0) {
        code = runner_attach(program->guest, &program->loop, NULL, NULL);
    }
    if (code == 0) {
        code = runner_start(program->guest, tasks, program, NULL, on_ended, program);
    }
    return code;
}

int main(void)
{
    static struct program program;
    int code = uv_loop_init(&program.loop);
    if (code < 0) {
        fprintf(stderr, "guest: %s\n", uv_strerror(code));
        return 1;
    }
    code = open_handles(&program);
    if (code == 0) {
        code = invite(&program);
    }
    if (code < 0) {
        program.code = code;
        leave(&program);
    }
    uv_run(&program.loop, UV_RUN_DEFAULT);
    code = uv_loop_close(&program.loop);
    printf("the loop has closed: %d\n", code);

    runner_die_by_signal(program.code);
    if (program.code < 0) {
        fprintf(stderr, "guest: %s\n", runner_strerror(program.code));
    }
    return runner_exit_status(program.code < 0 ? program.code : code);
}
