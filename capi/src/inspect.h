/*
 * Introspection: tasks, what they wait for, and the chains that makes.
 */
#ifndef RUNNER__INSPECT_H
#define RUNNER__INSPECT_H

#include <stddef.h>

#include "runner/inspect.h"

/* The chain of waits that begins at a task, as "A -> B -> future", or "cycle: A -> B -> A". */
void runner__inspect_chain(const runner_task_t *task, char *text, size_t size);

#endif
