#include "driver.h"

#ifndef _WIN32

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/*
 * A runner that turns its own loop keeps JavaScript, and with it Node's loop, from going on: nobody there
 * would see a SIGINT. Its handler is gone with the first one (SA_RESETHAND), so the second ends the
 * process. There is one such runner at a time, in the main thread.
 */
static _Atomic(runner_t *) blocking;
static atomic_int inside; /* handlers that are under way: any thread may have got the signal */
static struct sigaction before;

static void on_signal(int number)
{
    int saved = errno;
    (void)number;
    atomic_fetch_add(&inside, 1);
    runner_t *runner = atomic_load(&blocking);
    if (runner != NULL) {
        (void)runner_interrupt(runner);
    }
    atomic_fetch_sub(&inside, 1);
    errno = saved;
}

int librunner_blocking_start(driver_t *driver)
{
    struct sigaction ours;
    memset(&ours, 0, sizeof ours);
    ours.sa_handler = on_signal;
    ours.sa_flags = (int)(SA_RESETHAND | SA_RESTART | SA_ONSTACK);
    (void)sigemptyset(&ours.sa_mask);
    runner_t *nobody = NULL;
    if (!atomic_compare_exchange_strong(&blocking, &nobody, librunner_core_runner(driver->box))) {
        return RUNNER_EBUSY;
    }
    driver->blocks = true;
    if (sigaction(SIGINT, &ours, &before) != 0) {
        int code = -errno;
        librunner_blocking_stop(driver);
        return code;
    }
    return 0;
}

/* What was there before comes back, unless somebody has put something else there since. */
void librunner_blocking_stop(driver_t *driver)
{
    struct sigaction now;
    if (!driver->blocks) {
        return;
    }
    driver->blocks = false;
    if (sigaction(SIGINT, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
        (now.sa_handler == SIG_DFL || now.sa_handler == on_signal)) {
        (void)sigaction(SIGINT, &before, NULL);
    }
    atomic_store(&blocking, NULL);
    while (atomic_load(&inside) > 0) {
        (void)sched_yield();
    }
}

#else

int librunner_blocking_start(driver_t *driver)
{
    (void)driver;
    return RUNNER_ENOTSUP;
}

void librunner_blocking_stop(driver_t *driver)
{
    (void)driver;
}

#endif
