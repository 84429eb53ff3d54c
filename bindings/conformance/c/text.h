/* Text that grows. */
#ifndef CONFORMANCE_TEXT_H
#define CONFORMANCE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

typedef struct text {
    char *data; /* with a NUL behind it; NULL while nothing was added */
    size_t length;
    size_t room;
} text_t;

void text_add(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_add_args(text_t *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

void text_add_bytes(text_t *text, const char *bytes, size_t length);

/* Back to a length that it had before. */
void text_cut(text_t *text, size_t length);

void text_free(text_t *text);

#endif
