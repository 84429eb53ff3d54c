/* Runs a program: a runner, its runs, the shutdown. */
#ifndef CONFORMANCE_EXECUTE_H
#define CONFORMANCE_EXECUTE_H

#include "program.h"
#include "text.h"

void execute(const program_t *program, text_t *trace);

#endif
