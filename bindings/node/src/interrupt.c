#include "driver.h"

#include <stdlib.h>

#ifndef _WIN32
#include <signal.h>
#endif

/*
 * libuv takes a handler back as soon as a one-shot handle has fired (SA_RESETHAND), so that the second
 * SIGINT ends the process even if JavaScript never comes back to its loop. What was there before, which
 * is Node's own handler that restores the terminal, comes back with the end of the run.
 */
struct interrupt {
    uv_signal_t signal;
    runner_t *runner;
#ifndef _WIN32
    struct sigaction before;
#endif
};

/* Whether nothing handles it any more: libuv takes its handler back when the signal comes, unless the
 * program listens, too. */
static bool is_default(void)
{
#ifndef _WIN32
    struct sigaction now;
    return sigaction(SIGINT, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
           now.sa_handler == SIG_DFL;
#else
    return true;
#endif
}

/* A listener that the program has got since has it alone. */
static void on_signal(uv_signal_t *signal, int number)
{
    const interrupt_t *interrupt = signal->data;
    (void)number;
    if (interrupt->runner != NULL && is_default()) {
        (void)runner_interrupt(interrupt->runner);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void remember(interrupt_t *interrupt)
{
#ifndef _WIN32
    (void)sigaction(SIGINT, NULL, &interrupt->before);
#else
    (void)interrupt;
#endif
}

/* Not if somebody has put something else there since. One that has come, and was not told of, comes again. */
static void restore(const interrupt_t *interrupt, bool again)
{
#ifndef _WIN32
    if (is_default()) {
        (void)sigaction(SIGINT, &interrupt->before, NULL);
    }
    if (again) {
        (void)raise(SIGINT);
    }
#else
    (void)interrupt;
    (void)again;
#endif
}

int librunner_interrupt_start(driver_t *driver, uv_loop_t *loop)
{
    if (driver->interrupt != NULL) {
        return 0;
    }
    interrupt_t *interrupt = calloc(1, sizeof *interrupt);
    if (interrupt == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = uv_signal_init(loop, &interrupt->signal);
    if (code != 0) {
        free(interrupt);
        return code;
    }
    interrupt->signal.data = interrupt;
    interrupt->runner = librunner_core_runner(driver->box);
    remember(interrupt);
    driver->interrupt = interrupt;
    code = uv_signal_start_oneshot(&interrupt->signal, on_signal, SIGINT);
    uv_unref((uv_handle_t *)&interrupt->signal);
    if (code != 0) {
        librunner_interrupt_stop(driver);
    }
    return code;
}

void librunner_interrupt_stop(driver_t *driver)
{
    interrupt_t *interrupt = driver->interrupt;
    if (interrupt == NULL) {
        return;
    }
    driver->interrupt = NULL;
    interrupt->runner = NULL;
    bool caught = uv_is_active((uv_handle_t *)&interrupt->signal) != 0 && is_default();
    (void)uv_signal_stop(&interrupt->signal);
    restore(interrupt, caught);
    uv_close((uv_handle_t *)&interrupt->signal, on_closed);
}
