/*
 * The part of the addon that is written by hand: what SWIG cannot make, because it is about the life of
 * an environment (a Node process or a Worker) and not about signatures, and what has to be fast.
 *
 * driver.c     the commands and events of a runner in memory that JavaScript sees, its turns, its wake-up
 * interrupt.c  the one signal that a run borrows
 * blocking.c   the same while Node's loop stands still
 * life.c       the runners of an environment, which are closed before its loop is
 */
#ifndef LIBRUNNER_DRIVER_H
#define LIBRUNNER_DRIVER_H

#include <node_api.h>
#include <stdbool.h>
#include <uv.h>

#include "runner.h"
#include "runner/guest.h"
#include "runner/host.h"

typedef struct interrupt interrupt_t;

/* The runners of an environment. */
typedef struct life {
    napi_env env;
    struct driver *drivers;
    napi_async_cleanup_hook_handle hook;
    uv_async_t sentinel; /* closed after the handles of the runners, so it is closed last */
    int rounds;          /* how often it was */
} life_t;

/* What JavaScript drives a runner with. */
typedef struct driver {
    life_t *life;
    struct driver *next, **at; /* among those of the environment; at: NULL once it is out */
    void *box;                 /* what the generated module has of the runner */
    napi_ref core;             /* keeps the box */
    napi_ref wake;             /* the function; strong while a run or close is under way */
    runner_host_cmd_t *commands;
    runner_host_event_t *events;
    double *state; /* see driver.c */
    uint64_t *ids;
    napi_ref buffers[4]; /* their ArrayBuffers */
    interrupt_t *interrupt;
    bool blocks; /* it has the handler of blocking.c */
} driver_t;

/* --- generated: bindings/swig/napi.i --- */

void *librunner_core_box(napi_env env, napi_value value);
runner_t *librunner_core_runner(const void *box);
void librunner_core_free(void *box);

/* --- driver.c --- */

/* Adds driver_new(core, wake) to what the module exports. */
bool librunner_driver_init(napi_env env, napi_value exports);

/* Lets go of the runner. What is called on it afterwards says that it is closed. */
void librunner_driver_free(driver_t *driver);

/* --- interrupt.c --- */

/* From now on the first SIGINT interrupts the runner; the next one has its default effect. 0 or a code of
 * libuv. */
int librunner_interrupt_start(driver_t *driver, uv_loop_t *loop);
void librunner_interrupt_stop(driver_t *driver);

/* --- blocking.c --- */

/* The same for a runner with a loop of its own, while JavaScript waits for that. 0 or a code. */
int librunner_blocking_start(driver_t *driver);
void librunner_blocking_stop(driver_t *driver);

/* --- life.c --- */

life_t *librunner_life_new(napi_env env);
void librunner_life_add(life_t *life, driver_t *driver);
void librunner_life_remove(driver_t *driver);

#endif
