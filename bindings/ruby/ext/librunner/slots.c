/* Values of Ruby that the library knows by a number, from 1. Any thread keeps and takes: each is one
 * step for the others, as nothing here lets them run. */
#include "driver.h"

static VALUE slots_keep(VALUE self, VALUE value)
{
    slots_t *slots = &librunner_driver(self)->slots;
    uint32_t slot;
    if (slots->n_free > 0) {
        slot = slots->free[--slots->n_free];
    } else {
        if (slots->used == slots->room) {
            uint32_t room = slots->room != 0 ? slots->room * 2 : 16;
            REALLOC_N(slots->values, VALUE, room);
            REALLOC_N(slots->free, uint32_t, room);
            slots->room = room;
        }
        slot = slots->used++;
    }
    slots->values[slot] = value;
    return UINT2NUM(slot + 1);
}

static VALUE *slot_of(slots_t *slots, VALUE number)
{
    uint64_t slot = NUM2ULL(number);
    return slot != 0 && slot <= slots->used ? &slots->values[slot - 1] : NULL;
}

static VALUE slots_peek(VALUE self, VALUE number)
{
    const VALUE *found = slot_of(&librunner_driver(self)->slots, number);
    return found != NULL && *found != Qundef ? *found : Qnil;
}

static VALUE slots_take(VALUE self, VALUE number)
{
    slots_t *slots = &librunner_driver(self)->slots;
    VALUE *found = slot_of(slots, number);
    if (found == NULL || *found == Qundef) {
        return Qnil;
    }
    VALUE value = *found;
    *found = Qundef;
    slots->free[slots->n_free++] = (uint32_t)(found - slots->values);
    return value;
}

/* How many are kept. */
static VALUE slots_kept(VALUE self)
{
    const slots_t *slots = &librunner_driver(self)->slots;
    return UINT2NUM(slots->used - slots->n_free);
}

/* drain: the values that are kept, which are not any more. */
static VALUE slots_drain(VALUE self)
{
    slots_t *slots = &librunner_driver(self)->slots;
    VALUE values = rb_ary_new();
    for (uint32_t i = 0; i < slots->used; i++) {
        if (slots->values[i] != Qundef) {
            rb_ary_push(values, slots->values[i]);
        }
    }
    slots->used = slots->n_free = 0;
    return values;
}

void librunner_mark_slots(const slots_t *slots)
{
    for (uint32_t i = 0; i < slots->used; i++) {
        if (slots->values[i] != Qundef) {
            rb_gc_mark(slots->values[i]);
        }
    }
}

void librunner_free_slots(slots_t *slots)
{
    xfree(slots->values);
    xfree(slots->free);
}

void librunner_init_slots(VALUE driver)
{
    rb_define_method(driver, "keep", slots_keep, 1);
    rb_define_method(driver, "peek", slots_peek, 1);
    rb_define_method(driver, "take", slots_take, 1);
    rb_define_method(driver, "drain", slots_drain, 0);
    rb_define_method(driver, "kept", slots_kept, 0);
}
