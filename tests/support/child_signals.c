/* Signals in child processes; see child_signals.h. */
#include "child_signals.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

disposition_t disposition_of(int signal_number)
{
    disposition_t found;
    disposition_t action;
    memset(&action, 0, sizeof action);
    if (sigaction(signal_number, NULL, &found) != 0)
        return action;
    action.sa_handler = found.sa_handler;
    action.sa_flags = found.sa_flags;
    action.sa_restorer = found.sa_restorer;
    /* The kernel knows fewer signals than the type has room for. */
    memcpy(&action.sa_mask, &found.sa_mask, _NSIG / 8);
    return action;
}

int disposition_is(int signal_number, const disposition_t *expected)
{
    disposition_t action = disposition_of(signal_number);
    return memcmp(&action, expected, sizeof action) == 0;
}

int is_default(int signal_number)
{
    return disposition_of(signal_number).sa_handler == SIG_DFL;
}

void child_say(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t length = n < (int)sizeof line - 1 ? (size_t)n : sizeof line - 2;
    line[length] = '\n';
    if (write(STDOUT_FILENO, line, length + 1) < 0)
        _exit(CHILD_FAILED);
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
