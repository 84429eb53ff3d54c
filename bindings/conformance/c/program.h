/* A program as the interpreter runs it: checked, with names turned into numbers. */
#ifndef CONFORMANCE_PROGRAM_H
#define CONFORMANCE_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "language.h"
#include "names.h"
#include "text.h"

/* A time that was null. */
#define NO_TIME INT64_C(-1)

/* The numbers of the errors that the interpreter itself raises. */
#define ERROR_NAME_ERROR 0
#define ERROR_RUNTIME_ERROR 1

typedef struct ops {
    struct op *list;
    int count;
} ops_t;

typedef struct handlers {
    bool has[HANDLERS];
    ops_t ops[HANDLERS];
} handlers_t;

typedef struct op {
    op_kind_t kind;
    int name;       /* in the namespace of the operation */
    int error;      /* of fail, reject */
    int task;       /* which one is spawned */
    int mode;       /* RUNNER_FIRST_COMPLETED ... */
    bool flag;      /* return_exceptions */
    int64_t number; /* a value, time or count */
    const char *text;
    size_t text_length;
    int *names; /* several handles */
    int names_count;
    ops_t body;
    handlers_t *handlers;
} op_t;

typedef struct task_def {
    const char *name;
    ops_t body;
} task_def_t;

#define MOST_INTERRUPTS 2

typedef struct run_def {
    int task;
    bool fresh_context;
    int64_t interrupt_at[MOST_INTERRUPTS];
    int interrupts;
} run_def_t;

typedef struct program {
    arena_t *arena;
    const char *name;
    task_def_t *tasks;
    int task_count;
    run_def_t *runs;
    int run_count;
    names_t names[NAMESPACES];
    int depth;       /* of operations inside of operations */
    bool interrupts; /* some run has one */
} program_t;

/* Reads and checks a program. `file` is what it is called if it has no name. False if it is
 * malformed: `offence` then has the first offence. Everything lives in `arena`. */
bool program_read(program_t *program, arena_t *arena, const char *json, size_t length,
                  const char *file, text_t *offence);

/* "conformance: <program>: " and what is wrong with it as a whole. */
void program_offence(text_t *offence, const char *program, const char *reason);

#endif
