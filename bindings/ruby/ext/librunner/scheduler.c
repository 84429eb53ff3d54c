/* Librunner::Scheduler: the hooks of Ruby's Fiber::Scheduler that are called often. The others are in
 * lib/librunner/scheduler.rb. */
#include "waiting.h"

#include <errno.h>
#include <ruby/io.h>

static ID id_fileno, id_timeout;

typedef struct scheduler {
    VALUE engine;
} scheduler_t;

static void scheduler_mark(void *data)
{
    rb_gc_mark(((scheduler_t *)data)->engine);
}

static const rb_data_type_t scheduler_type = {
    .wrap_struct_name = "Librunner::Scheduler",
    .function = {.dmark = scheduler_mark, .dfree = RUBY_DEFAULT_FREE},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE scheduler_alloc(VALUE klass)
{
    scheduler_t *scheduler;
    VALUE self = TypedData_Make_Struct(klass, scheduler_t, &scheduler_type, scheduler);
    scheduler->engine = Qnil;
    return self;
}

static VALUE engine_of(VALUE self)
{
    return ((scheduler_t *)rb_check_typeddata(self, &scheduler_type))->engine;
}

static VALUE scheduler_attach(VALUE self, VALUE engine)
{
    librunner_driver(engine); /* it is one */
    ((scheduler_t *)rb_check_typeddata(self, &scheduler_type))->engine = engine;
    return self;
}

/* ---- waits ----------------------------------------------------------------------------------- */

static waiting_t new_wait(VALUE self, int64_t time)
{
    VALUE engine = engine_of(self);
    driver_t *driver = librunner_waiting_driver(engine);
    return (waiting_t){.engine = engine,
                       .fiber = rb_fiber_current(),
                       .blocker = Qnil,
                       .driver = driver,
                       .task = driver->current,
                       .time = time,
                       .fd = -1,
                       .error = Qundef};
}

/* The task was woken and cancelled. Ruby has counted on it to go on: it has taken it off a list, and wakes
 * nobody else. So the wait ends well, and the next one is cancelled. */
static bool put_cancel_off(const waiting_t *waiting)
{
    driver_t *driver = waiting->driver;
    uint64_t id = waiting->task, count = 0, value = waiting->value;
    runner_command(driver->runner, id, RUNNER_HOST_CANCELLING, 0, &id, NULL, &count);
    if (count == 0) {
        return false;
    }
    librunner_place_of(driver, id)->touched = true;
    runner_command(driver->runner, id, RUNNER_HOST_CANCEL, 0, &id, NULL, &value);
    runner_command(driver->runner, id, RUNNER_HOST_UNCANCEL, 0, &id, NULL, NULL);
    return true;
}

static void raise_error(const waiting_t *waiting)
{
    uint64_t id = waiting->task, count = 0;
    bool canceled = waiting->code == RUNNER_ECANCELED;
    if (waiting->cut) {
        runner_command(waiting->driver->runner, id, RUNNER_HOST_UNCANCEL, 0, &id, NULL, &count);
        canceled = canceled && count > waiting->cancels;
    }
    if (!canceled) {
        rb_exc_raise(waiting->error);
    }
}

/* Waits, and raises what there is to be raised. */
static void wait_for(waiting_t *waiting)
{
    librunner_waiting_run(waiting);
    if (waiting->error != Qundef) {
        raise_error(waiting);
    }
    if (waiting->code == RUNNER_ECANCELED && !(waiting->woken && put_cancel_off(waiting))) {
        librunner_raise_cancel(waiting->engine, waiting->value);
    }
}

/* Until the fiber is woken: whether it was. */
static VALUE wait_for_wake(VALUE self, VALUE blocker, int64_t time, bool spurious)
{
    waiting_t waiting = new_wait(self, time);
    waiting.blocker = blocker;
    waiting.spurious = spurious;
    if (librunner_waiting_early(waiting.fiber)) {
        return Qtrue;
    }
    wait_for(&waiting);
    if (waiting.code < 0 && waiting.code != RUNNER_ECANCELED) {
        librunner_fail(waiting.code);
    }
    return waiting.woken ? Qtrue : Qfalse;
}

static int64_t time_of(VALUE seconds)
{
    int64_t time = NIL_P(seconds) ? RUNNER_HOST_FOREVER : librunner_nanoseconds(seconds);
    return time < 0 ? 0 : time;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* block(blocker, timeout = nil): waits for unblock. Whether it came. */
static VALUE scheduler_block(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 1, 2);
    return wait_for_wake(self, argv[0], time_of(argc > 1 ? argv[1] : Qnil), true);
}

/* unblock(blocker, fiber): any thread. */
static VALUE scheduler_unblock(VALUE self, VALUE blocker, VALUE fiber)
{
    (void)self;
    (void)blocker;
    librunner_waiting_wake(fiber);
    return Qnil;
}

/* kernel_sleep(seconds): Kernel#sleep; and Mutex#sleep and ConditionVariable#wait, which unblock may wake. */
static VALUE scheduler_kernel_sleep(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 0, 1);
    VALUE engine = engine_of(self);
    if (argc == 0) {
        return librunner_sleep(engine, RUNNER_HOST_FOREVER);
    }
    int64_t time = NIL_P(argv[0]) ? RUNNER_HOST_FOREVER : librunner_nanoseconds(argv[0]);
    if (time < 0) {
        rb_raise(rb_eArgError, "time interval must not be negative");
    }
    if (time == 0) {
        return librunner_sleep(engine, 0);
    }
    return wait_for_wake(self, Qnil, time, NIL_P(argv[0]));
}

/* Ruby's events are those of poll(). */
static uint32_t to_events(int events)
{
    return (events & RUBY_IO_READABLE ? RUNNER_READABLE : 0) |
           (events & RUBY_IO_WRITABLE ? RUNNER_WRITABLE : 0) |
           (events & RUBY_IO_PRIORITY ? RUNNER_PRIORITIZED : 0);
}

static int from_events(uint64_t events)
{
    return (events & RUNNER_READABLE ? RUBY_IO_READABLE : 0) |
           (events & RUNNER_WRITABLE ? RUBY_IO_WRITABLE : 0) |
           (events & RUNNER_PRIORITIZED ? RUBY_IO_PRIORITY : 0);
}

/* From Ruby 3.2 on a stream may have a limit of its own: Ruby leaves it to the hook, and raises
 * IO::TimeoutError where it is given false. */
static VALUE limit_of(VALUE io, VALUE timeout)
{
    return NIL_P(timeout) && id_timeout != 0 ? rb_funcall(io, id_timeout, 0) : timeout;
}

/* io_wait(io, events, timeout = nil): those that are ready, or false once the time is over. */
static VALUE scheduler_io_wait(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 2, 3);
    waiting_t waiting = new_wait(self, time_of(limit_of(argv[0], argc > 2 ? argv[2] : Qnil)));
    waiting.fd = NUM2INT(rb_funcall(argv[0], id_fileno, 0));
    waiting.events = to_events(NUM2INT(argv[1]));
    wait_for(&waiting);
    if (waiting.code < 0 && waiting.code > -4096) { /* libuv's codes are those of the system */
        rb_syserr_fail(-waiting.code, NULL);
    }
    if (waiting.code < 0) {
        librunner_fail(waiting.code);
    }
    int ready = from_events(waiting.value);
    return ready != 0 ? INT2NUM(ready) : Qfalse;
}

/* fiber_interrupt(fiber, error): raises the error where the fiber waits. Any thread. */
static VALUE scheduler_fiber_interrupt(VALUE self, VALUE fiber, VALUE error)
{
    (void)self;
    return librunner_waiting_raise(fiber, error) ? Qtrue : Qfalse;
}

/* ---- descriptors that are closed ------------------------------------------------------------- */

/* Scheduler.waits?: whether a task waits for a descriptor. */
static VALUE scheduler_waits_p(VALUE klass)
{
    (void)klass;
    return librunner_waiting_for_any() ? Qtrue : Qfalse;
}

/* Scheduler.waited?(descriptor): whether a task waits for this one. */
static VALUE scheduler_waited_p(VALUE klass, VALUE fd)
{
    (void)klass;
    return librunner_waiting_for(NUM2INT(fd)) ? Qtrue : Qfalse;
}

/* Scheduler.interrupt(descriptor, error): raises the error in the tasks that wait for it. False if one of
 * them belongs to a runner that does not run. */
static VALUE scheduler_interrupt(VALUE klass, VALUE fd, VALUE error)
{
    (void)klass;
    return librunner_waiting_raise_all(NUM2INT(fd), error) ? Qtrue : Qfalse;
}

/* Scheduler.forget: in a child process. */
static VALUE scheduler_forget(VALUE klass)
{
    (void)klass;
    librunner_waiting_forget();
    return Qnil;
}

void librunner_init_scheduler(void)
{
    VALUE scheduler = rb_define_class_under(librunner_module, "Scheduler", rb_cObject);
    id_fileno = rb_intern("fileno");
    if (rb_method_boundp(rb_cIO, rb_intern("timeout"), 0)) {
        id_timeout = rb_intern("timeout");
    }
    librunner_init_waiting();
    rb_define_alloc_func(scheduler, scheduler_alloc);
    rb_define_private_method(scheduler, "attach", scheduler_attach, 1);
    rb_define_method(scheduler, "block", scheduler_block, -1);
    rb_define_method(scheduler, "unblock", scheduler_unblock, 2);
    rb_define_method(scheduler, "kernel_sleep", scheduler_kernel_sleep, -1);
    rb_define_method(scheduler, "io_wait", scheduler_io_wait, -1);
    rb_define_method(scheduler, "fiber_interrupt", scheduler_fiber_interrupt, 2);
    rb_define_singleton_method(scheduler, "waits?", scheduler_waits_p, 0);
    rb_define_singleton_method(scheduler, "waited?", scheduler_waited_p, 1);
    rb_define_singleton_method(scheduler, "forget", scheduler_forget, 0);
    rb_define_singleton_method(scheduler, "interrupt", scheduler_interrupt, 2);
}
