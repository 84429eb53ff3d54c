/* Reads the operations of a program and checks them on the way. */
#ifndef CONFORMANCE_READER_H
#define CONFORMANCE_READER_H

#include <jansson.h>

#include "program.h"

/* What a handle is: a task, a future. */
#define MADE_TASK 1U
#define MADE_FUTURE 2U

typedef struct reader {
    program_t *program;
    const char *task;    /* whose body is read */
    text_t where;        /* of the operation: "2.body.0" */
    unsigned *made;      /* by handle: what the operations so far have made of it */
    unsigned *made_ever; /* by handle: what some operation makes of it */
    int depth;
    text_t *offence;
} reader_t;

/* Finds out what the operations of a body make, and passes over what is malformed. To be called for
 * all bodies before one of them is read: an operation may name what a later one makes. */
void reader_collect(reader_t *reader, const json_t *list);

/* Whether an argument names what its operation makes, and in which namespace. */
bool reader_makes(arg_t arg, namespace_t *names);

/* Reads the body of a task. False with an offence. */
bool reader_body(reader_t *reader, const char *task, const json_t *list, ops_t *ops);

/* The number of a task; NAME_UNKNOWN. */
int reader_find_task(const reader_t *reader, const char *name);

bool reader_is_name(const json_t *value);

/* Texts without control characters. */
bool reader_is_text(const json_t *value);

/* Integers in the range of the language; true and false are none. */
bool reader_number(const json_t *value, int64_t *number);

#endif
