/* Fibers of tasks that have ended, for those that begin: to make one and to end it takes Ruby longer than
 * all else that a task needs. */
#include "driver.h"

static ID id_keys, id_storage;

/* What a fiber would hand on to the next task: its locals, and what it has inherited. */
static bool is_clean(VALUE fiber)
{
    if (RARRAY_LEN(rb_funcall(rb_thread_current(), id_keys, 0)) > 0) {
        return false;
    }
    return id_storage == 0 || NIL_P(rb_funcall(fiber, id_storage, 0));
}

/* idle_fiber: one that goes on with the task that runs then, or nil. Where the storage of the running
 * fiber is to be inherited, a new one has to be made. */
static VALUE driver_idle_fiber(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    if (driver->n_idle == 0 ||
        (id_storage != 0 && !NIL_P(rb_funcall(rb_fiber_current(), id_storage, 0)))) {
        return Qnil;
    }
    return driver->idle[--driver->n_idle];
}

/* rest: what the fiber of a task does in the end. True: another one runs in it now; false: it is not
 * needed any more. */
static VALUE driver_rest(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    if (driver->loop == Qnil) {
        return Qfalse;
    }
    if (driver->n_idle < LIBRUNNER_IDLE && is_clean(rb_fiber_current())) {
        driver->idle[driver->n_idle++] = rb_fiber_current();
        rb_fiber_transfer(driver->loop, 0, NULL);
        return Qtrue;
    }
    return Qfalse;
}

/* leave: the last that the fiber of a task does. Where its end would not lead back to the loop, it goes
 * there by itself. */
static VALUE driver_leave(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    driver->n_over++;
    if (driver->loop != Qnil && (driver->alone || driver->forked)) {
        rb_fiber_transfer(driver->loop, 0, NULL);
    }
    return Qnil;
}

void librunner_mark_idle(const driver_t *driver)
{
    for (size_t i = 0; i < driver->n_idle; i++) {
        rb_gc_mark(driver->idle[i]);
    }
}

void librunner_init_idle(VALUE driver)
{
    VALUE fiber = rb_path2class("Fiber");
    id_keys = rb_intern("keys");
    if (rb_method_boundp(fiber, rb_intern("storage"), 0)) {
        id_storage = rb_intern("storage");
    }
    rb_define_method(driver, "idle_fiber", driver_idle_fiber, 0);
    rb_define_method(driver, "leave", driver_leave, 0);
    rb_define_method(driver, "rest", driver_rest, 0);
}
