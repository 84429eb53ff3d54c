#include "names.h"

#include <string.h>

#define FIRST_ROOM 8

/* Programs are small: no more than a few names each. */
int names_find(const names_t *names, const char *name)
{
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->texts[i], name) == 0) {
            return i;
        }
    }
    return NAME_UNKNOWN;
}

static void grow(names_t *names, arena_t *arena)
{
    int room = names->room == 0 ? FIRST_ROOM : names->room * 2;
    const char **texts = arena_array(arena, (size_t)room, sizeof *texts);
    for (int i = 0; i < names->count; i++) {
        texts[i] = names->texts[i];
    }
    names->texts = texts;
    names->room = room;
}

int names_add(names_t *names, arena_t *arena, const char *name)
{
    int found = names_find(names, name);
    if (found != NAME_UNKNOWN) {
        return found;
    }
    if (names->count == names->room) {
        grow(names, arena);
    }
    names->texts[names->count] = arena_text(arena, name, strlen(name));
    return names->count++;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool is_name(const char *text, size_t length)
{
    if (length == 0 || !is_lower(text[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_lower(text[i]) && text[i] != '_' && (text[i] < '0' || text[i] > '9')) {
            return false;
        }
    }
    return true;
}

bool is_error_name(const char *text, size_t length)
{
    if (length == 0 || !is_upper(text[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_lower(text[i]) && !is_upper(text[i])) {
            return false;
        }
    }
    return true;
}
