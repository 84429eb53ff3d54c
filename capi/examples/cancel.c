/* Cancel a task; it cleans up before it ends, and the clean-up may wait. */
#include <runner.h>
#include <stdio.h>

static int download(void *arg, void **result)
{
    const char *name = arg;
    (void)result;
    printf("%s: connected\n", name);

    int code = 0;
    while (code == 0) {
        code = runner_sleep(10); /* the next piece of a download that never ends */
    }

    /* A cancel is delivered once, so that this wait is an ordinary one again. */
    if (runner_sleep(20) == 0) {
        printf("%s: said goodbye\n", name);
    }
    printf("%s: disconnected\n", name);
    return code; /* hand RUNNER_ECANCELED on; returning 0 would refuse the cancel */
}

static int program(void *arg, void **result)
{
    (void)result;
    runner_spawn_options_t options;
    runner_spawn_options_init(&options, sizeof options);
    options.name = "download";

    runner_task_t *task;
    int code = runner_spawn(download, arg, &options, &task);
    if (code < 0) {
        return code;
    }
    code = runner_sleep(50); /* Ctrl-C ends this wait early; the download is ended all the same */
    runner_task_cancel(task);

    int ended = runner_await(task, NULL);
    printf("%s: %s\n", runner_task_name(task), runner_strerror(ended));
    runner_task_unref(task);

    /* The wait above ends with RUNNER_ECANCELED in any case. Was this task cancelled, too? */
    if (runner_task_cancelling(runner_current_task()) > 0) {
        return RUNNER_ECANCELED;
    }
    return code;
}

int main(void)
{
    char name[] = "example.org";
    int code = runner_main(program, name, NULL, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "cancel: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
