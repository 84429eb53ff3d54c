/*
 * What the two fuzzers of the batch interface share: the input, the list of what was done, memory,
 * the host's values, and the ways in which events and commands go to and fro. Included once.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <runner.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* --- what was done, and failing ---------------------------------------------------------- */

static uint64_t fuzz_seed; /* of the case that runs; 0: its bytes came from elsewhere */
static uint64_t fuzz_operations;
static char fuzz_notes[1 << 18]; /* one line for every operation and event */
static size_t fuzz_notes_len;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list args;
    size_t room = sizeof fuzz_notes - fuzz_notes_len;
    if (room < 256)
        return;
    va_start(args, format);
    int n = vsnprintf(fuzz_notes + fuzz_notes_len, 255, format, args);
    va_end(args);
    fuzz_notes_len += n < 255 ? (size_t)n : 254;
    fuzz_notes[fuzz_notes_len++] = '\n';
}

/* Only write(): also called by signal handlers. */
static void fuzz_explain(void)
{
    char text[96];
    int n = snprintf(text, sizeof text, "--- operations of --seed %llu --count 1:\n",
                     (unsigned long long)fuzz_seed);
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)n);
    ignored = write(STDERR_FILENO, fuzz_notes, fuzz_notes_len);
    (void)ignored;
}

static const char *code_name(int code)
{
    return code == 0 ? "0" : runner_error_name(code);
}

static void fuzz_fail(const char *file, int line, const char *what, int code)
{
    fprintf(stderr, "%s:%d: %s: %s (%d)\n", file, line, what, code_name(code), code);
    abort(); /* whose handler prints the operations */
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            fuzz_fail(__FILE__, __LINE__, "not so: " #cond, 0);                                    \
    } while (0)

#define CHECK_CODE(expr, expected)                                                                 \
    do {                                                                                           \
        const int code_is_ = (expr);                                                               \
        if (code_is_ != (expected))                                                                \
            fuzz_fail(__FILE__, __LINE__, #expr " is not " #expected, code_is_);                   \
    } while (0)

/* --- memory ------------------------------------------------------------------------------ */

static long long live_blocks;

static void *counted_malloc(size_t size)
{
    void *ptr = malloc(size);
    live_blocks += ptr != NULL;
    return ptr;
}

static void *counted_calloc(size_t count, size_t size)
{
    void *ptr = calloc(count, size);
    live_blocks += ptr != NULL;
    return ptr;
}

static void *counted_realloc(void *old, size_t size)
{
    void *ptr = realloc(old, size);
    live_blocks += old == NULL && ptr != NULL;
    return ptr;
}

static void counted_free(void *ptr)
{
    live_blocks -= ptr != NULL;
    free(ptr);
}

/* --- the host's values ------------------------------------------------------------------- */

enum { VALUES = 1024 };
#define VALUE_TAG UINT64_C(0xfeed5eed00000000)

enum { VALUE_CALL, VALUE_ITEM, VALUE_VAR, VALUE_CLOSABLE };

/* What was given away has to come back: called, got or dropped, once in all; closed and dropped. */
static struct {
    int kind;
    int given;
    int came;
    int dropped;
    unsigned byte; /* of a callback: what it does */
} values[VALUES];
static size_t value_count;

/* 0 when all are used: the case then does less. */
static uint64_t value_new(int kind, unsigned byte)
{
    if (value_count == VALUES)
        return 0;
    memset(&values[value_count], 0, sizeof values[0]);
    values[value_count].kind = kind;
    values[value_count].byte = byte;
    return VALUE_TAG | value_count++;
}

static size_t value_index(uint64_t value)
{
    CHECK((value & VALUE_TAG) == VALUE_TAG && (value & ~VALUE_TAG) < value_count);
    return (size_t)(value & ~VALUE_TAG);
}

static void value_given(uint64_t value)
{
    CHECK(values[value_index(value)].given++ == 0);
}

/* It stays the host's: an item is known to be so only when the task that puts it goes on. */
static void value_refused(uint64_t value)
{
    size_t i = value_index(value);
    CHECK(values[i].given == 1 && values[i].came == 0 && values[i].dropped == 0);
    values[i].given = 0;
}

/* By a RUNNER_HOST_CALL, a get, or a RUNNER_HOST_START. */
static void value_came(uint64_t value, int kind)
{
    size_t i = value_index(value);
    CHECK(values[i].kind == kind);
    CHECK(values[i].given == 1 && values[i].dropped == 0);
    CHECK(values[i].came++ == 0);
}

static void value_dropped(uint64_t value)
{
    size_t i = value_index(value);
    CHECK(values[i].given == 1);
    CHECK(values[i].came == 0 || values[i].kind == VALUE_CLOSABLE);
    CHECK(values[i].dropped++ == 0);
}

/* The runner is closed; the host had released all its objects before, and given so many values.
 * What it made later may hold a task, whose context holds variables. */
static void values_check_end(size_t count, int made_later)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].kind == VALUE_VAR && made_later)
            continue;
        int ends = values[i].dropped;
        if (values[i].kind == VALUE_CALL || values[i].kind == VALUE_ITEM)
            ends += values[i].came;
        if (ends != values[i].given) {
            note("value %zu of kind %d: given %d, came %d, dropped %d", i, values[i].kind,
                 values[i].given, values[i].came, values[i].dropped);
            fuzz_fail(__FILE__, __LINE__, "a value has not come back once", 0);
        }
    }
}

/* --- ways -------------------------------------------------------------------------------- */

enum { EVENTS = 64, KEPT = 64 };

/* How events and commands go to and fro; see tests/api/host.h. */
typedef struct way {
    const char *name;
    size_t cap;
    int keeps;    /* what only parks, spawns or ends goes with the next step */
    int suspends; /* the waits of the last task of a batch do, as RUNNER_HOST_SUSPENDED */
} way_t;

static const way_t ways[] = {
    {"one event, commands at once", 1, 0, 0},
    {"one event, waits with the step", 1, 1, 1},
    {"many events, commands at once", EVENTS, 0, 0},
    {"many events, commands with the step", EVENTS, 1, 0},
    {"many events, the last one's waits with the step", EVENTS, 1, 1},
    {"three events", 3, 1, 1},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static runner_t *fuzz_runner(void)
{
    runner_options_t opts;
    runner_t *runner = NULL;
    CHECK_CODE(runner_options_init(&opts, sizeof opts), 0);
    opts.clock = RUNNER_CLOCK_VIRTUAL;
    opts.cancel_grace_ms = 1000;
    opts.closable_grace_ms = 1000;
    opts.executor_join_timeout_ms = 20;
    CHECK_CODE(runner_new(&runner, &opts), 0);
    return runner;
}

#endif
