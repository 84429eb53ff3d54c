/* Librunner::Driver: its life, and the commands that do not wait. */
#include "driver.h"

#include <stdlib.h>

VALUE librunner_module;
static VALUE driver_class;
static ID id_error_for;

/* ---- life ------------------------------------------------------------------------------------ */

static void driver_mark(void *data)
{
    const driver_t *driver = data;
    rb_gc_mark(driver->core);
    rb_gc_mark(driver->thread);
    rb_gc_mark(driver->loop);
    rb_gc_mark(driver->told);
    librunner_mark_places(driver);
    librunner_mark_idle(driver);
    librunner_mark_slots(&driver->slots);
}

void librunner_unref(driver_t *driver)
{
    if (--driver->refs > 0) {
        return;
    }
    free(driver->gone);
    free(driver);
}

/* Handles may outlive the object, and are told of by the collector in any order. */
static void driver_free(void *data)
{
    driver_t *driver = data;
    xfree(driver->places);
    xfree(driver->events);
    xfree(driver->idle);
    librunner_free_slots(&driver->slots);
    driver->runner = NULL;
    librunner_unref(driver);
}

const rb_data_type_t librunner_driver_type = {
    .wrap_struct_name = "Librunner::Driver",
    .function = {.dmark = driver_mark, .dfree = driver_free},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE driver_alloc(VALUE klass)
{
    VALUE self = TypedData_Wrap_Struct(klass, &librunner_driver_type, NULL);
    driver_t *driver = calloc(1, sizeof *driver);
    if (driver == NULL) {
        rb_memerror();
    }
    driver->refs = 1;
    driver->core = driver->thread = driver->loop = driver->told = Qnil;
    DATA_PTR(self) = driver;
    return self;
}

/* open(core): what it drives, a Librunner::Core::Runner. */
static VALUE driver_open(VALUE self, VALUE core)
{
    driver_t *driver = librunner_driver(self);
    driver->runner = librunner_core_runner(core);
    driver->core = core;
    if (driver->events == NULL) {
        driver->events = ALLOC_N(runner_host_event_t, LIBRUNNER_BATCH);
        driver->idle = ALLOC_N(VALUE, LIBRUNNER_IDLE);
    }
    driver->debug = runner_debug(driver->runner) == 1;
    return self;
}

driver_t *librunner_driver(VALUE self)
{
    return rb_check_typeddata(self, &librunner_driver_type);
}

/* While it is driven, only the thread that does may use it. */
driver_t *librunner_driver_here(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    if (driver->runner == NULL) {
        librunner_fail(RUNNER_ECLOSED);
    }
    if (driver->thread != Qnil && driver->thread != rb_thread_current()) {
        librunner_fail(RUNNER_ETHREAD);
    }
    return driver;
}

void librunner_fail(int code)
{
    rb_exc_raise(rb_funcall(librunner_module, id_error_for, 1, INT2NUM(code)));
}

/* ---- commands -------------------------------------------------------------------------------- */

/* id, a, b, status: those that are missing are 0. */
int librunner_command(driver_t *driver, uint64_t task, uint32_t op, int argc, const VALUE *argv)
{
    uint64_t id = argc > 0 ? NUM2ULL(argv[0]) : 0;
    int64_t a = argc > 1 ? NUM2LL(argv[1]) : 0;
    uint64_t b = argc > 2 ? NUM2ULL(argv[2]) : 0;
    int status = argc > 3 ? NUM2INT(argv[3]) : 0;
    place_t *place;
    switch (op) {
    case RUNNER_HOST_CANCEL:
    case RUNNER_HOST_GROUP_CANCEL:
    case RUNNER_HOST_GROUP_OPEN:
        place = librunner_place_of(driver, task);
        if (place != NULL) {
            place->touched = true;
        }
    }
    int code = runner_command(driver->runner, task, op, status, &id, &a, &b);
    driver->id = id;
    driver->a = a;
    driver->b = b;
    return code;
}

/* command(op, id = 0, a = 0, b = 0, status = 0): the code. */
static VALUE driver_command(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 1, 5);
    driver_t *driver = librunner_driver_here(self);
    return INT2NUM(
        librunner_command(driver, driver->current, NUM2UINT(argv[0]), argc - 1, argv + 1));
}

/* The same, that raises the error of a negative code. */
static VALUE driver_command_bang(int argc, VALUE *argv, VALUE self)
{
    VALUE code = driver_command(argc, argv, self);
    if (NUM2INT(code) < 0) {
        librunner_fail(NUM2INT(code));
    }
    return code;
}

/* check: raises unless the caller may give commands. */
static VALUE driver_check(VALUE self)
{
    librunner_driver_here(self);
    return Qnil;
}

static VALUE driver_id(VALUE self)
{
    return ULL2NUM(librunner_driver(self)->id);
}

static VALUE driver_a(VALUE self)
{
    return LL2NUM(librunner_driver(self)->a);
}

static VALUE driver_b(VALUE self)
{
    return ULL2NUM(librunner_driver(self)->b);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

/* spawn(task, fiber, group, context): the code. */
static VALUE driver_spawn(VALUE self, VALUE task, VALUE fiber, VALUE group, VALUE context)
{
    driver_t *driver = librunner_driver_here(self);
    VALUE args[3] = {INT2FIX(0), group, context};
    int code = librunner_command(driver, driver->current, RUNNER_HOST_SPAWN, 3, args);
    if (code == 0) {
        librunner_place(driver, driver->id, task, fiber);
    }
    return INT2NUM(code);
}

/* adopt(id, task, fiber): of a task that the library has made. */
static VALUE driver_adopt(VALUE self, VALUE id, VALUE task, VALUE fiber)
{
    librunner_place(librunner_driver(self), NUM2ULL(id), task, fiber);
    return task;
}

/* done(id, status, flags, value): the task has ended. How, if a cancel that it was not told of yet
 * counts; RUNNER_ENOTASK if it does not run. */
static VALUE driver_done(VALUE self, VALUE id, VALUE status, VALUE flags, VALUE value)
{
    driver_t *driver = librunner_driver(self);
    uint64_t task = NUM2ULL(id);
    const place_t *place = librunner_place_of(driver, task);
    if (place == NULL || driver->current != task || driver->runner == NULL) {
        return INT2NUM(RUNNER_ENOTASK);
    }
    librunner_took(driver);
    int how = NUM2INT(status);
    int64_t how_flags = NUM2LL(flags);
    uint64_t payload = NUM2ULL(value);
    bool asks = place->touched && how != RUNNER_EUSER && (how_flags & RUNNER_HOST_RELEASED) != 0;
    if (asks) {
        how_flags &= ~(int64_t)RUNNER_HOST_RELEASED;
    }
    runner_command(driver->runner, task, RUNNER_HOST_DONE, how, NULL, &how_flags, &payload);
    driver->current = 0;
    librunner_unplace(driver, task);
    if (asks) {
        how = runner_command(driver->runner, 0, RUNNER_HOST_RESULT, 0, &task, NULL, NULL);
        runner_command(driver->runner, 0, RUNNER_HOST_RELEASE, 0, &task, NULL, NULL);
    }
    return INT2NUM(how);
}

/* forget(id): a task that has ended without its body. */
static VALUE driver_forget_task(VALUE self, VALUE id)
{
    librunner_unplace(librunner_driver(self), NUM2ULL(id));
    return Qnil;
}

/* task(id): which is not done, or nil. */
static VALUE driver_task(VALUE self, VALUE id)
{
    const place_t *place = librunner_place_of(librunner_driver(self), NUM2ULL(id));
    return place != NULL ? place->task : Qnil;
}

static VALUE driver_tasks(VALUE self)
{
    const driver_t *driver = librunner_driver(self);
    VALUE tasks = rb_ary_new();
    for (size_t i = 0; i < driver->room; i++) {
        if (driver->places[i].id != 0) {
            rb_ary_push(tasks, driver->places[i].task);
        }
    }
    return tasks;
}

/* fiber(task id): the one that is resumed, or nil. */
static VALUE driver_fiber(VALUE self, VALUE id)
{
    const place_t *place = librunner_place_of(librunner_driver(self), NUM2ULL(id));
    return place != NULL ? place->fiber : Qnil;
}

/* The task whose body runs, or nil. */
static VALUE driver_running(VALUE self)
{
    driver_t *driver = librunner_driver(self);
    const place_t *place = librunner_place_of(driver, driver->current);
    return place != NULL ? place->task : Qnil;
}

VALUE librunner_init_driver(void)
{
    driver_class = rb_define_class_under(librunner_module, "Driver", rb_cObject);
    rb_define_alloc_func(driver_class, driver_alloc);
    id_error_for = rb_intern("error_for");
    rb_define_method(driver_class, "open", driver_open, 1);
    rb_define_method(driver_class, "command", driver_command, -1);
    rb_define_method(driver_class, "command!", driver_command_bang, -1);
    rb_define_method(driver_class, "check", driver_check, 0);
    rb_define_method(driver_class, "id", driver_id, 0);
    rb_define_method(driver_class, "a", driver_a, 0);
    rb_define_method(driver_class, "b", driver_b, 0);
    rb_define_private_method(driver_class, "place", driver_adopt, 3);
    rb_define_method(driver_class, "start", driver_spawn, 4);
    rb_define_method(driver_class, "done", driver_done, 4);
    rb_define_method(driver_class, "forget", driver_forget_task, 1);
    rb_define_method(driver_class, "task", driver_task, 1);
    rb_define_method(driver_class, "tasks", driver_tasks, 0);
    rb_define_method(driver_class, "fiber", driver_fiber, 1);
    rb_define_method(driver_class, "running", driver_running, 0);
    return driver_class;
}
