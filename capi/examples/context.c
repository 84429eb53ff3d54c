/* Context variables: every task has its own value, and functions far below can read it. */
#include <runner.h>
#include <stdio.h>

static runner_var_t *user;

/* Knows for whom it writes although nobody told it. */
static void note(const char *text)
{
    void *name = NULL;
    if (runner_var_get(user, &name) < 0) {
        name = NULL; /* never set in this context */
    }
    printf("[%s] %s\n", name != NULL ? (const char *)name : "nobody", text);
}

static int audit(void *arg, void **result)
{
    (void)arg;
    (void)result;
    note("audit"); /* the value of the task that spawned this one */
    return 0;
}

static int serve(void *arg, void **result)
{
    (void)result;
    int code = runner_var_set(user, arg);
    if (code < 0) {
        return code;
    }
    note("login");
    runner_task_t *child;
    code = runner_spawn(audit, NULL, NULL, &child);
    if (code < 0) {
        return code;
    }
    code = runner_await(child, NULL);
    runner_task_unref(child);
    if (code == 0) {
        note("logout");
    }
    return code;
}

static int program(void *arg, void **result)
{
    static char alice[] = "alice";
    static char bob[] = "bob";
    char *names[] = {alice, bob};
    runner_task_t *tasks[2] = {NULL};
    int code = 0;
    (void)arg;
    (void)result;

    for (size_t i = 0; code == 0 && i < 2; i++) {
        code = runner_spawn(serve, names[i], NULL, &tasks[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (tasks[i] != NULL) {
            int ended = runner_await(tasks[i], NULL);
            code = code == 0 ? ended : code;
            runner_task_unref(tasks[i]);
        }
    }
    note("end"); /* what the tasks set stayed with them */
    return code;
}

int main(void)
{
    int code = runner_var_new("user", NULL, &user);
    if (code == 0) {
        code = runner_main(program, NULL, NULL, NULL);
    }
    runner_var_unref(user);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "context: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
