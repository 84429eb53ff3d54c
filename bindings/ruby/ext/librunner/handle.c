/* Librunner::Handle: an id of the library that is released once the object which holds the handle is
 * collected. The collector may run in the middle of anything, so it only puts the id on a list. */
#include "driver.h"

#include <stdlib.h>

typedef struct handle {
    driver_t *driver; /* NULL: released */
    uint64_t id;
} handle_t;

static void give_back(handle_t *handle)
{
    driver_t *driver = handle->driver;
    if (driver == NULL) {
        return;
    }
    handle->driver = NULL;
    if (driver->n_gone == driver->gone_room) {
        size_t room = driver->gone_room != 0 ? driver->gone_room * 2 : 16;
        uint64_t *gone = realloc(driver->gone, room * sizeof *gone);
        if (gone != NULL) {
            driver->gone = gone;
            driver->gone_room = room;
        }
    }
    if (driver->n_gone < driver->gone_room) { /* else there is no memory: it goes with the runner */
        driver->gone[driver->n_gone++] = handle->id;
    }
    librunner_unref(driver);
}

static void handle_free(void *data)
{
    give_back(data);
    xfree(data);
}

static const rb_data_type_t handle_type = {
    .wrap_struct_name = "Librunner::Handle",
    .function = {.dfree = handle_free},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE handle_class;

/* handle(id): the one who holds it holds the id. */
static VALUE handle_new(VALUE self, VALUE id)
{
    driver_t *driver = librunner_driver(self);
    handle_t *handle;
    VALUE made = TypedData_Make_Struct(handle_class, handle_t, &handle_type, handle);
    handle->id = NUM2ULL(id);
    handle->driver = driver;
    driver->refs++;
    return made;
}

static VALUE handle_id(VALUE self)
{
    const handle_t *handle = rb_check_typeddata(self, &handle_type);
    return ULL2NUM(handle->id);
}

/* Releases the id before it is collected, at the next step. */
static VALUE handle_release(VALUE self)
{
    give_back(rb_check_typeddata(self, &handle_type));
    return Qnil;
}

void librunner_release_gone(driver_t *driver)
{
    while (driver->n_gone > 0) {
        uint64_t id = driver->gone[--driver->n_gone];
        runner_command(driver->runner, 0, RUNNER_HOST_RELEASE, 0, &id, NULL, NULL);
    }
}

void librunner_init_handle(VALUE driver)
{
    handle_class = rb_define_class_under(librunner_module, "Handle", rb_cObject);
    rb_undef_alloc_func(handle_class);
    rb_define_method(handle_class, "id", handle_id, 0);
    rb_define_method(handle_class, "release", handle_release, 0);
    rb_define_method(driver, "handle", handle_new, 1);
}
