/* One task on a runner of its own. Press Ctrl-C while it sleeps: the task is cancelled, and the
 * program dies by SIGINT, as the shell expects. */
#include <runner.h>
#include <stdio.h>

static int hello(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(1000);
    if (code == 0) {
        printf("hello %s\n", (const char *)arg);
    }
    return code;
}

int main(void)
{
    char world[] = "world";
    int code = runner_main(hello, world, NULL, NULL);
    runner_die_by_signal(code);
    return runner_exit_status(code);
}
