/* Signals in child processes; see child_signals.h. */
#include "child_signals.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct sigaction disposition_of(int signal_number)
{
    struct sigaction action;
    /* What the kernel does not write must not differ between two calls. */
    memset(&action, 0, sizeof action);
    sigaction(signal_number, NULL, &action);
    return action;
}

void disposition_set(int signal_number, const struct sigaction *action)
{
    sigaction(signal_number, action, NULL);
}

int disposition_is(int signal_number, const struct sigaction *expected)
{
    struct sigaction action = disposition_of(signal_number);
    return memcmp(&action, expected, sizeof action) == 0;
}

/* The state letter of a process, which is that of its main thread; 0 if there is none. */
static char state_of(pid_t pid)
{
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : 0;
}

int child_await_sleep(const child_t *child)
{
    while (monotonic_ns() < child->deadline_ns) {
        char state = state_of(child->pid);
        if (state == 'S')
            return 1;
        if (state == 0 || state == 'Z')
            return 0;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return 0;
}

void child_run_signalled(child_t *child, child_fn fn, int signal_number, const char *const *texts)
{
    child_start(child, fn, NULL, 10000);
    for (; *texts != NULL; texts++)
        if (child_await_output(child, *texts) && child_await_sleep(child))
            child_signal(child, signal_number);
    child_finish(child);
}
