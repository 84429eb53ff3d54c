/*
 * What a runner says about itself, and what ends its run from inside.
 */
#ifndef RUNNER__STATE_H
#define RUNNER__STATE_H

#include <stdbool.h>

#include "runner/lifecycle.h"

bool runner__is_tristate(int value);

/* Debug mode as the option says, or the environment if the option leaves it open. */
bool runner__debug_wanted(const runner_t *self);

#endif
