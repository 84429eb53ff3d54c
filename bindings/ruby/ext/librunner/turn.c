/* The loop: takes a step, has the tasks do what its events say, waits if there was nothing. */
#include "waiting.h"

#include <time.h>

static VALUE fiber_error;
static ID id_begins, id_fiber, id_failures, id_called, id_closer, id_dropped, id_ended,
    id_exception, id_unable;

/* ---- the driver of a thread ------------------------------------------------------------------ */

/* All that drive now, by their threads; and the latest to be asked for. */
static VALUE drivers;
static VALUE last_thread = Qnil, last_driver = Qnil;

static void enter(VALUE self, VALUE thread)
{
    rb_hash_aset(drivers, thread, self);
    last_thread = thread;
    last_driver = self;
}

static void leave(VALUE thread)
{
    rb_hash_delete(drivers, thread);
    last_thread = last_driver = Qnil;
}

VALUE librunner_current(void)
{
    VALUE thread = rb_thread_current();
    if (thread != last_thread) {
        last_driver = rb_hash_lookup(drivers, thread);
        last_thread = thread;
    }
    return last_driver;
}

/* Driver.current: that of this thread, or nil. */
static VALUE driver_current(VALUE klass)
{
    (void)klass;
    return librunner_current();
}

static int note_fork(VALUE thread, VALUE self, VALUE arg)
{
    (void)thread;
    (void)arg;
    driver_t *driver = librunner_driver(self);
    driver->forked = true;
    driver->thread = Qnil;
    return ST_CONTINUE;
}

/* Driver.forget: in a child process nothing drives. */
static VALUE driver_forget(VALUE klass)
{
    (void)klass;
    rb_hash_foreach(drivers, note_fork, 0);
    rb_hash_clear(drivers);
    last_thread = last_driver = Qnil;
    return Qnil;
}

/* ---- events ---------------------------------------------------------------------------------- */

typedef struct turning {
    VALUE self;
    VALUE main; /* that begins, or nil */
    driver_t *driver;
    bool over;
} turning_t;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Before the task waits or ends: afterwards nothing can be said in its name. */
void librunner_took(driver_t *driver)
{
    if (!driver->debug) {
        return;
    }
    uint64_t until = now();
    int64_t time = (int64_t)(until - driver->began);
    driver->began = until;
    runner_command(driver->runner, driver->current, RUNNER_HOST_TOOK, 0, NULL, &time, NULL);
}

static void begin(driver_t *driver)
{
    if (driver->debug) {
        driver->began = now();
    }
}

static VALUE switch_to(VALUE fiber)
{
    return rb_fiber_transfer(fiber, 0, NULL);
}

/* How many fibers have to be over before it pays to collect for their stacks. */
#define WORTH_COLLECTING 100

/* Switches to the fiber of a task that begins. A state of rb_protect() and an error if that could not be, for
 * want of a stack. */
static int try_to_begin(turning_t *turning, uint64_t task)
{
    int state = 0;
    rb_protect(switch_to, librunner_place_of(turning->driver, task)->fiber, &state);
    place_t *place = librunner_place_of(turning->driver, task);
    bool back = turning->driver->current != task; /* it waits, whatever is raised here */
    if (place != NULL && (state == 0 || back)) {
        place->begun = true;
    }
    if (state == 0) {
        return 0;
    }
    if (place == NULL || back || !RTEST(rb_obj_is_kind_of(rb_errinfo(), fiber_error))) {
        rb_jump_tag(state);
    }
    return state;
}

/* There may be no stack for a fiber that begins: then its task fails, and nothing else. */
static void begin_fiber(turning_t *turning, uint64_t task)
{
    driver_t *driver = turning->driver;
    if (try_to_begin(turning, task) == 0) {
        return;
    }
    if (driver->n_over >= WORTH_COLLECTING) {
        driver->n_over = 0;
        rb_set_errinfo(Qnil);
        rb_gc();
        librunner_place(driver, task, librunner_place_of(driver, task)->task,
                        rb_funcall(turning->self, id_fiber, 0));
        if (try_to_begin(turning, task) == 0) {
            return;
        }
    }
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    rb_funcall(turning->self, id_unable, 2, librunner_place_of(driver, task)->task, error);
}

/* The task was left by a run in another thread, where its fiber belongs: it has to fail. */
static void resume_elsewhere(turning_t *turning, const place_t *place)
{
    static const char why[] = "it was left by a run in another thread, and fibers stay in theirs";
    rb_funcall(turning->self, id_unable, 2, place->task, rb_exc_new_cstr(fiber_error, why));
}

/* Runs a task until it waits or ends. */
static void resume(turning_t *turning, place_t *place)
{
    driver_t *driver = turning->driver;
    bool here = place->thread == driver->thread;
    begin(driver);
    driver->current = place->id;
    if (place->begun && !here) {
        resume_elsewhere(turning, place);
    } else if (place->begun) {
        rb_fiber_transfer(place->fiber, 0, NULL);
    } else {
        if (!here) {
            librunner_place(driver, place->id, place->task, rb_funcall(turning->self, id_fiber, 0));
        }
        begin_fiber(turning, driver->current);
    }
    if (driver->current != 0) {
        driver->current = 0;
        rb_raise(fiber_error, "a task has neither waited nor ended, and does not run any more: "
                              "its fiber was left by Fiber#transfer or Fiber#raise");
    }
}

static void start(turning_t *turning, const runner_host_event_t *event)
{
    driver_t *driver = turning->driver;
    runner_host_event_t told = *event;
    place_t *place = librunner_place_of(driver, told.task);
    if (place == NULL) { /* it closes a closable */
        rb_funcall(turning->self, id_closer, 2, ULL2NUM(told.task), ULL2NUM(told.value));
        place = librunner_place_of(driver, told.task);
        if (place == NULL) {
            return;
        }
    }
    if (told.status != 0) { /* it was cancelled before: its body does not run */
        driver->current = told.task;
        rb_funcall(turning->self, id_ended, 2, place->task, INT2NUM(told.status));
        driver->current = 0;
        return;
    }
    resume(turning, place);
}

static void call(turning_t *turning, const runner_host_event_t *event)
{
    driver_t *driver = turning->driver;
    begin(driver);
    driver->calling = true;
    rb_funcall(turning->self, id_called, 1, ULL2NUM(event->value));
    driver->calling = false;
    librunner_took(driver);
}

/* Most tasks have neither failed nor a value: nothing is known of them in Ruby any more. */
static void drop(turning_t *turning, const runner_host_event_t *event)
{
    if (event->value == 0 && RHASH_EMPTY_P(rb_ivar_get(turning->self, id_failures))) {
        return;
    }
    rb_funcall(turning->self, id_dropped, 2, ULL2NUM(event->task), ULL2NUM(event->value));
}

/* An event is read here, right before it is done: what is done before may change it. */
static void handle(turning_t *turning, const runner_host_event_t *event)
{
    place_t *place;
    switch (event->kind) {
    case RUNNER_HOST_RESUME:
        place = librunner_place_of(turning->driver, event->task);
        if (place != NULL) {
            place->status = event->status;
            place->value = event->value;
            resume(turning, place);
        }
        break;
    case RUNNER_HOST_START:
        start(turning, event);
        break;
    case RUNNER_HOST_CALL:
        call(turning, event);
        break;
    case RUNNER_HOST_ENDED:
        place = librunner_place_of(turning->driver, event->task);
        if (place != NULL) {
            rb_funcall(turning->self, id_ended, 2, place->task, INT2NUM(event->status));
        }
        break;
    case RUNNER_HOST_DROP:
        drop(turning, event);
        break;
    case RUNNER_HOST_EXCEPTION:
        turning->driver->calling = true;
        rb_funcall(turning->self, id_exception, 0);
        turning->driver->calling = false;
        break;
    case RUNNER_HOST_END:
        turning->over = true;
        break;
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static VALUE turn(VALUE arg)
{
    turning_t *turning = (turning_t *)arg;
    driver_t *driver = turning->driver;
    if (turning->main != Qnil) {
        rb_funcall(turning->self, id_begins, 1, turning->main);
    }
    librunner_waiting_look(driver);
    while (!turning->over) {
        size_t count;
        int64_t wait_ns;
        rb_thread_check_ints();
        if (driver->n_gone > 0) {
            librunner_release_gone(driver);
        }
        if (driver->told != Qnil) {
            librunner_waiting_told(driver);
        }
        driver->steps++;
        int code =
            runner_step(driver->runner, NULL, 0, driver->events, LIBRUNNER_BATCH, &count, &wait_ns);
        if (code != 0) {
            librunner_fail(code); /* the process was forked: else it is a step of ours */
        }
        for (size_t i = 0; i < count; i++) {
            handle(turning, &driver->events[i]);
            if (driver->forked) { /* the rest is the parent's */
                librunner_fail(RUNNER_EFORK);
            }
        }
        if (count == 0 && wait_ns != 0) {
            librunner_core_wait(driver->runner, wait_ns);
        }
    }
    return Qnil;
}

/* What another thread has raised has met a task outside of its body, and ended its fiber: the task ends. */
static VALUE lose(VALUE arg)
{
    const turning_t *turning = (const turning_t *)arg;
    place_t *place = librunner_place_of(turning->driver, turning->driver->current);
    if (place != NULL) {
        rb_funcall(turning->self, id_ended, 2, place->task, INT2NUM(RUNNER_ECANCELED));
    }
    return Qnil;
}

static VALUE turned(VALUE arg)
{
    driver_t *driver = ((turning_t *)arg)->driver;
    int state = 0;
    if (driver->current != 0 && !driver->forked) {
        rb_protect(lose, arg, &state);
    }
    leave(driver->thread);
    driver->code = runner_end(driver->runner);
    driver->thread = driver->loop = Qnil;
    driver->n_idle = 0; /* they belong to the thread */
    driver->current = 0;
    driver->calling = false;
    if (state != 0) {
        rb_jump_tag(state);
    }
    return Qnil;
}

/* Turns the loop until the run or the close is over: its code. What is raised in the loop breaks it off. */
static VALUE drive(VALUE self, driver_t *driver, VALUE task, VALUE alone)
{
    turning_t turning = {self, task, driver, false};
    driver->thread = rb_thread_current();
    driver->loop = rb_fiber_current();
    driver->alone = RTEST(alone);
    enter(self, driver->thread);
    rb_ensure(turn, (VALUE)&turning, turned, (VALUE)&turning);
    return INT2NUM(driver->code);
}

/* An idle one that is there, for a run or a close. */
static driver_t *idle_driver(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    if (driver->runner == NULL) {
        librunner_fail(RUNNER_ECLOSED);
    }
    if (driver->thread != Qnil) {
        librunner_fail(driver->thread == rb_thread_current() ? RUNNER_ELOOP : RUNNER_EBUSY);
    }
    return driver;
}

/* drive_run(task, fiber, context, alone): the code of the run of a main task. */
static VALUE driver_run(VALUE self, VALUE task, VALUE fiber, VALUE context, VALUE alone)
{
    driver_t *driver = idle_driver(self);
    uint64_t main;
    int code = runner_begin(driver->runner, NUM2ULL(context), &main);
    if (code != 0) {
        librunner_fail(code);
    }
    librunner_place(driver, main, task, fiber);
    return drive(self, driver, task, alone);
}

/* drive_close(alone): the code of the close. */
static VALUE driver_close(VALUE self, VALUE alone)
{
    driver_t *driver = idle_driver(self);
    int code = runner_begin_close(driver->runner);
    if (code != 0) {
        return INT2NUM(code == RUNNER_ECLOSED ? 0 : code);
    }
    return drive(self, driver, Qnil, alone);
}

/* Whether code of the program runs now: a task or a callback. */
static VALUE driver_serving_p(VALUE self)
{
    const driver_t *driver = librunner_driver(self);
    return driver->current != 0 || driver->calling ? Qtrue : Qfalse;
}

/* Whether this is a child of the process that it ran in. */
static VALUE driver_forked_p(VALUE self)
{
    return librunner_driver(self)->forked ? Qtrue : Qfalse;
}

/* How many steps there were. */
static VALUE driver_steps(VALUE self)
{
    return ULL2NUM(librunner_driver(self)->steps);
}

/* The thread that drives, or nil. */
static VALUE driver_thread(VALUE self)
{
    return librunner_driver(self)->thread;
}

void librunner_init_turn(VALUE driver)
{
    id_fiber = rb_intern("task_fiber");
    id_begins = rb_intern("begins");
    id_failures = rb_intern("@failures");
    id_called = rb_intern("called");
    id_closer = rb_intern("closer");
    id_dropped = rb_intern("dropped");
    id_ended = rb_intern("ended");
    id_exception = rb_intern("exception");
    id_unable = rb_intern("unable");
    drivers = rb_funcall(rb_hash_new(), rb_intern("compare_by_identity"), 0);
    rb_gc_register_mark_object(drivers);
    fiber_error = rb_path2class("FiberError");
    rb_gc_register_address(&last_thread);
    rb_gc_register_address(&last_driver);
    rb_define_singleton_method(driver, "current", driver_current, 0);
    rb_define_singleton_method(driver, "forget", driver_forget, 0);
    rb_define_private_method(driver, "drive_run", driver_run, 4);
    rb_define_private_method(driver, "drive_close", driver_close, 1);
    rb_define_method(driver, "serving?", driver_serving_p, 0);
    rb_define_method(driver, "forked?", driver_forked_p, 0);
    rb_define_method(driver, "steps", driver_steps, 0);
    rb_define_method(driver, "thread", driver_thread, 0);
}
