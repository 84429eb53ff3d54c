/*
 * A future for the outcomes of several.
 */
#ifndef RUNNER__GATHER_H
#define RUNNER__GATHER_H

#include <stdbool.h>

#include "runner/gather.h"

/* As runner_gather(); without values for those who have no use for the array. */
int runner__gather(runner_future_t *const *futures, size_t count, bool return_errors,
                   bool has_values, runner_future_t **out);

#endif
