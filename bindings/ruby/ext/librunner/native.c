/* librunner/native: the generated core, and the driver by hand. */
#include "driver.h"

RUBY_FUNC_EXPORTED void Init_native(void);

void Init_native(void)
{
    Init_core();
    librunner_module = rb_define_module("Librunner");
    VALUE driver = librunner_init_driver();
    librunner_init_slots(driver);
    librunner_init_handle(driver);
    librunner_init_wait(driver);
    librunner_init_turn(driver);
}
