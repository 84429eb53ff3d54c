/*
 * The driver: what turns a runner for Ruby. It takes the steps, resumes the fibers of tasks, and
 * waits; it holds the tasks by their ids and the values that the library carries as numbers.
 *
 * It is in C for two reasons. Between the command that parks a task and the switch to the loop nothing
 * may come in, neither a trap nor another thread: C is atomic for both. And each step of a task goes
 * through here.
 *
 * driver.c: life and commands; turn.c: the loop; wait.c: what parks a task; places.c: tasks by id;
 * idle.c: fibers without a task; slots.c: values by number; handle.c: ids that are released with an
 * object.
 */
#ifndef LIBRUNNER_DRIVER_H
#define LIBRUNNER_DRIVER_H

#include <ruby.h>
#include <runner.h>
#include <stdbool.h>
#include <stdint.h>

/* A task that is not done. */
typedef struct place {
    uint64_t id; /* 0: free */
    VALUE task;
    VALUE thread;   /* in which it runs */
    VALUE fiber;    /* which to resume: its own, or one inside of it that waits */
    uint64_t value; /* with which its wait has ended */
    int32_t status; /* ... and the status */
    bool begun;
    bool touched; /* it may have been cancelled while it ran */
} place_t;

/* Values that the library carries: callbacks, items, variables. */
typedef struct slots {
    VALUE *values; /* Qundef where it is free */
    uint32_t *free;
    uint32_t room, used, n_free;
} slots_t;

typedef struct driver {
    int refs;     /* of the object, and of handles */
    VALUE core;   /* Librunner::Core::Runner */
    VALUE thread; /* that drives, or nil */
    VALUE loop;   /* the fiber that drives, or nil */
    runner_t *runner;
    uint64_t current; /* the task whose body runs, or 0 */
    bool calling;     /* a callback runs */
    bool alone;       /* fibers that end may not come back by themselves */
    bool debug;
    uint64_t steps;
    uint64_t began; /* debug mode: when the step of a task did */
    int code;       /* how the run or close has ended */
    /* What the latest command has left. */
    uint64_t id, b;
    int64_t a;
    place_t *places; /* by the lower half of the id */
    size_t room;
    slots_t slots;
    VALUE *idle; /* fibers without a task */
    size_t n_idle;
    size_t n_over;  /* fibers that have ended, whose stacks may wait for the collector */
    uint64_t *gone; /* ids that are to be released */
    size_t n_gone, gone_room;
    VALUE told;  /* by other threads: fibers that are to be woken, or nil */
    bool forked; /* this is a child of the process that it ran in */
    runner_host_event_t *events;
} driver_t;

#define LIBRUNNER_BATCH 256
#define LIBRUNNER_IDLE 1024 /* most fibers that are kept */

/* Of the generated core. */
void Init_core(void);
runner_t *librunner_core_runner(VALUE core);
int librunner_core_wait(runner_t *runner, int64_t timeout_ns);

/* driver.c */
extern VALUE librunner_module;
extern const rb_data_type_t librunner_driver_type;
driver_t *librunner_driver(VALUE self);
driver_t *librunner_driver_here(VALUE self); /* WrongThreadError unless the caller may use it */
void librunner_unref(driver_t *driver);
int librunner_command(driver_t *driver, uint64_t task, uint32_t op, int argc, const VALUE *argv);
void librunner_fail(int code); /* raises the error of a code */
VALUE librunner_init_driver(void);

/* turn.c */
/* Debug mode: the library is told how long the step has taken. */
void librunner_took(driver_t *driver);
void librunner_init_turn(VALUE driver);
/* The driver of this thread, or nil. */
VALUE librunner_current(void);

/* wait.c */
void librunner_init_wait(VALUE driver);
driver_t *librunner_waiting_driver(VALUE self); /* NoTaskError unless a task runs */
int librunner_park(driver_t *driver);           /* the task has been parked: how its wait ends */
void librunner_raise_cancel(VALUE self, uint64_t value);
VALUE librunner_sleep(VALUE self, int64_t time);
int64_t librunner_nanoseconds(VALUE seconds); /* less than 0 for less than 0 */

/* scheduler.c */
void librunner_init_scheduler(void);

/* places.c */
/* It is told its id. */
void librunner_place(driver_t *driver, uint64_t id, VALUE task, VALUE fiber);
place_t *librunner_place_of(driver_t *driver, uint64_t id); /* or NULL */
void librunner_unplace(driver_t *driver, uint64_t id);
void librunner_mark_places(const driver_t *driver);

/* idle.c */
void librunner_init_idle(VALUE driver);
void librunner_mark_idle(const driver_t *driver);

/* slots.c */
void librunner_init_slots(VALUE driver);
void librunner_mark_slots(const slots_t *slots);
void librunner_free_slots(slots_t *slots);

/* handle.c */
void librunner_init_handle(VALUE driver);
/* Releases what was collected since. */
void librunner_release_gone(driver_t *driver);

#endif
