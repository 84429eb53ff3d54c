#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define FIRST_ROOM 256

static void reserve(text_t *text, size_t length)
{
    size_t needed = text->length + length + 1;
    if (needed <= text->room) {
        return;
    }
    size_t room = text->room < FIRST_ROOM ? FIRST_ROOM : text->room * 2;
    text->room = room < needed ? needed : room;
    text->data = must(realloc(text->data, text->room));
}

void text_add_args(text_t *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    reserve(text, FIRST_ROOM / 2);
    size_t room = text->room - text->length;
    int wrote = vsnprintf(text->data + text->length, room, format, again);
    size_t length = wrote > 0 ? (size_t)wrote : 0;
    if (length >= room) {
        reserve(text, length);
        (void)vsnprintf(text->data + text->length, length + 1, format, args);
    }
    text->length += length;
    va_end(again);
}

void text_add(text_t *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_add_args(text, format, args);
    va_end(args);
}

void text_add_bytes(text_t *text, const char *bytes, size_t length)
{
    reserve(text, length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_cut(text_t *text, size_t length)
{
    text->length = length;
    if (text->data != NULL) {
        text->data[length] = '\0';
    }
}

void text_free(text_t *text)
{
    free(text->data);
    *text = (text_t){NULL, 0, 0};
}
