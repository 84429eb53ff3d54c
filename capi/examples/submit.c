/* Another thread gives work to the loop and waits for the results. */
#include <pthread.h>
#include <runner.h>
#include <stdio.h>
#include <string.h>

struct program {
    runner_t *runner;
    runner_future_t *finished; /* settled when the thread has no more work */
};

/* Runs as a task, on the loop. */
static int square(void *arg, void **result)
{
    int *number = arg;
    int code = runner_sleep(10);
    if (code == 0) {
        *number *= *number;
        *result = number;
    }
    return code;
}

/* Runs on the loop as well: a future is settled on its loop's thread. */
static int finish(void *arg)
{
    runner_future_resolve(arg, NULL); /* refused if Ctrl-C has cancelled the wait: fine */
    return 0;
}

/* The other thread. Whatever it submits settles, even if the runner closes meanwhile: the wait
 * then ends with RUNNER_ECANCELED, and a further submit is refused with RUNNER_ECLOSED. */
static void *submit(void *arg)
{
    struct program *program = arg;
    int code = 0;
    for (int i = 2; code == 0 && i <= 4; i++) {
        int number = i;
        void *result;
        runner_submission_t *submission;
        code = runner_spawn_threadsafe(program->runner, square, &number, NULL, &submission);
        if (code == 0) {
            code = runner_submission_wait(submission, RUNNER_FOREVER, &result);
            runner_submission_unref(submission);
        }
        if (code == 0) {
            printf("%d squared is %d\n", i, *(int *)result);
        } else {
            printf("%d squared: %s\n", i, runner_strerror(code));
        }
    }
    runner_call_soon_threadsafe(program->runner, finish, program->finished, NULL);
    runner_submitter_release(program->runner);
    return NULL;
}

static int wait_for_thread(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

/* The order of the end: close settles everything, so the thread comes to its end and can be
 * joined; only then is the runner, which the thread still used, freed. */
static int run(struct program *program)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, submit, program);
    if (failed) {
        fprintf(stderr, "submit: no thread: %s\n", strerror(failed));
        return RUNNER_EUSER;
    }
    int code = runner_run(program->runner, wait_for_thread, program->finished, NULL, NULL);
    int closed = runner_close(program->runner);
    pthread_join(thread, NULL);
    return code < 0 ? code : closed;
}

int main(void)
{
    struct program program = {0};
    int code = runner_new(&program.runner, NULL);
    if (code == 0) {
        code = runner_future_new(program.runner, &program.finished);
    }
    if (code == 0) {
        /* Only another thread can settle the future. If none was registered, waiting for it would
         * be a deadlock, and runner_run() would say so. */
        code = runner_submitter_acquire(program.runner);
    }
    if (code == 0) {
        code = run(&program);
    }
    runner_future_unref(program.finished);
    runner_free(program.runner);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "submit: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
