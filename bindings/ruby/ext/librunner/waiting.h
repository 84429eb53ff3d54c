/*
 * Tasks that wait in a hook of Ruby's Fiber::Scheduler. Ruby's own code knows them by their fibers, and
 * wakes them from any thread: a Thread::Queue that is pushed to, a Mutex that is unlocked, a Thread that ends.
 */
#ifndef LIBRUNNER_WAITING_H
#define LIBRUNNER_WAITING_H

#include "driver.h"

/* A wait, on the stack of its fiber. */
typedef struct waiting {
    VALUE engine, fiber;
    VALUE blocker; /* what Ruby says that it waits for, or nil */
    driver_t *driver;
    uint64_t task;
    uint64_t future; /* that wakes it, or 0 */
    int64_t time;    /* at most, in nanoseconds */
    int fd;          /* that it waits for, or -1 */
    uint32_t events;
    bool spurious; /* it may be woken for nothing */
    bool woken;
    bool cut;         /* by a cancel that is no cancel of the task */
    VALUE error;      /* that it is to raise, or Qundef */
    uint64_t cancels; /* of the task, before */
    int code;         /* how it has ended */
    uint64_t value;
    struct waiting *next; /* for the same descriptor */
} waiting_t;

/* Parks the task until the wait is over. Its outcome stands in it. Code of the program may have run
 * meanwhile, and anything may be raised. */
void librunner_waiting_run(waiting_t *waiting);
/* The fiber was woken before it waited: that is taken. */
bool librunner_waiting_early(VALUE fiber);
/* Whether somebody waits for a descriptor. */
bool librunner_waiting_for_any(void);
bool librunner_waiting_for(int fd);
/* Wakes who waits with a fiber, or will. Any thread, also in a handler of a signal. */
void librunner_waiting_wake(VALUE fiber);
/* Has who waits with a fiber raise an error: false if nobody does. Any thread. */
bool librunner_waiting_raise(VALUE fiber, VALUE error);
/* The same for all that wait for a descriptor; false, and nothing done, if the runner of one does not run. */
bool librunner_waiting_raise_all(int fd, VALUE error);
/* Gives on what other threads have said. */
void librunner_waiting_told(driver_t *driver);
/* Wakes all that may be woken for nothing: what they wait for may have come while nothing ran. */
void librunner_waiting_look(driver_t *driver);
/* In a child process nobody waits for a descriptor. */
void librunner_waiting_forget(void);
void librunner_init_waiting(void);

#endif
