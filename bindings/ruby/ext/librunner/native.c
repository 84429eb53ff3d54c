/* librunner/native: the generated core, and the driver by hand. */
#include "driver.h"

/* The library that is found may be another one than that of the headers. */
static void check_version(void)
{
    uint32_t found = runner_abi_version(); /* major << 16 | minor << 8 | patch */
    uint32_t major = found >> 16, minor = found >> 8 & 255;
    bool fits = major == RUNNER_VERSION_MAJOR &&
                (major == 0 ? minor == RUNNER_VERSION_MINOR : minor >= RUNNER_VERSION_MINOR);
    if (!fits) {
        rb_raise(rb_eLoadError, "librunner %u.%u.%u was found; built for %d.%d", major, minor,
                 found & 255, RUNNER_VERSION_MAJOR, RUNNER_VERSION_MINOR);
    }
}

RUBY_FUNC_EXPORTED void Init_native(void);

void Init_native(void)
{
    check_version();
    Init_core();
    librunner_module = rb_define_module("Librunner");
    VALUE driver = librunner_init_driver();
    librunner_init_idle(driver);
    librunner_init_slots(driver);
    librunner_init_handle(driver);
    librunner_init_wait(driver);
    librunner_init_turn(driver);
    librunner_init_scheduler();
    rb_funcall(librunner_module, rb_intern("private_constant"), 4, ID2SYM(rb_intern("Core")),
               ID2SYM(rb_intern("Driver")), ID2SYM(rb_intern("Handle")),
               ID2SYM(rb_intern("Scheduler")));
}
