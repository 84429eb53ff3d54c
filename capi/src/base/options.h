/*
 * Option structs that start with their size. A caller built against an older header passes a
 * shorter struct: the rest is zero, which means default. One built against a newer header passes
 * a longer one: accepted while what we do not know is zero.
 */
#ifndef RUNNER__BASE_OPTIONS_H
#define RUNNER__BASE_OPTIONS_H

#include <stddef.h>

/* Copies a caller's options into `into` (`size` bytes of ours); NULL gives the defaults.
 * RUNNER_EINVAL, with nothing usable in `into`, if the size makes no sense. */
int runner__options_read(void *into, size_t size, const void *opts);

/* Copies `size` bytes of ours out to a caller's struct of `*(size_t *)out` bytes, keeping its
 * size field. RUNNER_EINVAL, with nothing written, if that size makes no sense. */
int runner__options_write(void *out, const void *from, size_t size);

/* Zeroes a caller's struct of `size` bytes and sets its size field to what we know of it. */
int runner__options_fill(void *opts, size_t size);

#endif
