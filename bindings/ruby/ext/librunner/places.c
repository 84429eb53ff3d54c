/* Tasks by their ids: the lower half is the place, the whole id tells an old one from a new one. */
#include "driver.h"

#include <string.h>

static size_t index_of(uint64_t id)
{
    return (size_t)(id & UINT32_MAX);
}

static ID id_id;

void librunner_place(driver_t *driver, uint64_t id, VALUE task, VALUE fiber)
{
    size_t index = index_of(id);
    if (index >= driver->room) {
        size_t room = driver->room != 0 ? driver->room : 64;
        while (room <= index) {
            room *= 2;
        }
        REALLOC_N(driver->places, place_t, room);
        memset(driver->places + driver->room, 0, (room - driver->room) * sizeof(place_t));
        driver->room = room;
    }
    driver->places[index] =
        (place_t){.id = id, .task = task, .thread = rb_thread_current(), .fiber = fiber};
    if (id_id == 0) {
        id_id = rb_intern("@id");
    }
    rb_ivar_set(task, id_id, ULL2NUM(id));
}

place_t *librunner_place_of(driver_t *driver, uint64_t id)
{
    size_t index = index_of(id);
    return id != 0 && index < driver->room && driver->places[index].id == id
               ? &driver->places[index]
               : NULL;
}

void librunner_unplace(driver_t *driver, uint64_t id)
{
    place_t *place = librunner_place_of(driver, id);
    if (place != NULL) {
        place->id = 0;
        place->task = place->thread = place->fiber = Qnil;
    }
}

/* A fiber that is not running is a key of tables in Ruby itself: it may not be moved. */
void librunner_mark_places(const driver_t *driver)
{
    for (size_t i = 0; i < driver->room; i++) {
        if (driver->places[i].id != 0) {
            rb_gc_mark(driver->places[i].task);
            rb_gc_mark(driver->places[i].thread);
            rb_gc_mark(driver->places[i].fiber);
        }
    }
}
