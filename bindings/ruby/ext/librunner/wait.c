/* What parks a task: a command, and a switch to the loop, with nothing in between. */
#include "driver.h"

#include <math.h>

static ID id_cancelled;

/* The driver, if it is a task that asks. Its step ends. */
driver_t *librunner_waiting_driver(VALUE self)
{
    driver_t *driver = librunner_driver_here(self);
    if (driver->current == 0) {
        librunner_fail(RUNNER_ENOTASK);
    }
    librunner_took(driver);
    return driver;
}

/* The task has been parked. Its status once it is resumed; b is the value. */
int librunner_park(driver_t *driver)
{
    uint64_t task = driver->current;
    place_t *place = librunner_place_of(driver, task);
    place->fiber = rb_fiber_current();
    driver->current = 0;
    rb_fiber_transfer(driver->loop, 0, NULL);
    place = librunner_place_of(driver, task); /* the table may have moved */
    if (place == NULL) {
        librunner_fail(
            RUNNER_EABANDONED); /* it was given up, and something else has come back to it */
    }
    driver->b = place->value;
    return place->status;
}

void librunner_raise_cancel(VALUE self, uint64_t value)
{
    rb_funcall(self, id_cancelled, 1, ULL2NUM(value));
}

/* A cancel is raised in the task; anything else is the outcome. */
static VALUE outcome(VALUE self, driver_t *driver, int code)
{
    if (code == RUNNER_EPARKED) {
        code = librunner_park(driver);
    }
    if (code == RUNNER_ECANCELED) {
        librunner_raise_cancel(self, driver->b);
    }
    return INT2NUM(code);
}

/* wait(op, id = 0, a = 0, b = 0, status = 0): the code of the outcome. */
static VALUE driver_wait(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 1, 5);
    driver_t *driver = librunner_waiting_driver(self);
    uint32_t op = NUM2UINT(argv[0]);
    return outcome(self, driver,
                   librunner_command(driver, driver->current, op, argc - 1, argv + 1));
}

/* wait_ids(ids, return_when, nanoseconds): as runner_host_wait(). */
static VALUE driver_wait_ids(VALUE self, VALUE ids, VALUE return_when, VALUE timeout)
{
    driver_t *driver = librunner_waiting_driver(self);
    Check_Type(ids, T_ARRAY);
    long count = RARRAY_LEN(ids);
    VALUE memory;
    uint64_t *numbers = ALLOCV_N(uint64_t, memory, count + 1);
    for (long i = 0; i < count; i++) {
        numbers[i] = NUM2ULL(RARRAY_AREF(ids, i));
    }
    driver->b = 0;
    int code = runner_host_wait(driver->runner, driver->current, numbers, (size_t)count,
                                NUM2INT(return_when), NUM2LL(timeout));
    ALLOCV_END(memory);
    return outcome(self, driver, code);
}

/* Seconds as nanoseconds: the nearest, as most fractions have no exact number; but some time stays some.
 * Only an infinite time is for ever. */
int64_t librunner_nanoseconds(VALUE seconds)
{
    if (FIXNUM_P(seconds) && FIX2LONG(seconds) < INT64_MAX / 1000000000) {
        return FIX2LONG(seconds) < 0 ? -1 : FIX2LONG(seconds) * 1000000000;
    }
    double number = NUM2DBL(seconds) * 1e9;
    if (isnan(number)) {
        rb_raise(rb_eArgError, "not a time: NaN");
    }
    if (isinf(number)) {
        return number > 0 ? INT64_MAX : -1;
    }
    if (number >= 9.2e18) {
        return INT64_MAX - 1;
    }
    return number > 0 && number < 1 ? 1 : llround(number);
}

/* nanoseconds(seconds): nil is for ever. */
static VALUE driver_nanoseconds(VALUE self, VALUE seconds)
{
    (void)self;
    if (NIL_P(seconds)) {
        return LL2NUM(RUNNER_HOST_FOREVER);
    }
    int64_t number = librunner_nanoseconds(seconds);
    return LL2NUM(number < 0 ? 0 : number);
}

VALUE librunner_sleep(VALUE self, int64_t time)
{
    driver_t *driver = librunner_waiting_driver(self);
    return outcome(
        self, driver,
        runner_command(driver->runner, driver->current, RUNNER_HOST_SLEEP, 0, NULL, &time, NULL));
}

/* sleep(seconds = nil): nil is until a cancel. */
static VALUE driver_sleep(int argc, VALUE *argv, VALUE self)
{
    rb_check_arity(argc, 0, 1);
    int64_t time = argc == 0 || NIL_P(argv[0]) ? INT64_MAX : librunner_nanoseconds(argv[0]);
    if (time < 0) {
        rb_raise(rb_eArgError, "time interval must not be negative");
    }
    return librunner_sleep(self, time);
}

/* Lets everything run that is ready. */
static VALUE driver_yield(VALUE self)
{
    driver_t *driver = librunner_waiting_driver(self);
    return outcome(
        self, driver,
        runner_command(driver->runner, driver->current, RUNNER_HOST_YIELD, 0, NULL, NULL, NULL));
}

void librunner_init_wait(VALUE driver)
{
    id_cancelled = rb_intern("cancelled");
    rb_define_method(driver, "wait", driver_wait, -1);
    rb_define_method(driver, "wait_ids", driver_wait_ids, 3);
    rb_define_method(driver, "nanoseconds", driver_nanoseconds, 1);
    rb_define_method(driver, "sleep", driver_sleep, -1);
    rb_define_method(driver, "yield", driver_yield, 0);
}
