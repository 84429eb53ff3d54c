/*
 * What the call fuzzer knows about the calls that it made: its input, the list of what it did, a
 * token for every argument that it gave away, and the handles that it holds. Included once.
 *
 * A token is handed over as `arg` and remembers whether the call accepted it, how often it ran and
 * how often it was dropped. Whatever happens, in the end
 *   - what was accepted was dropped exactly once, what was refused never;
 *   - nothing ran twice, or after it was dropped;
 *   - a result that nobody took was dropped exactly once, one that was taken never.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <runner.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* --- the list of operations, and failing ------------------------------------------------- */

static uint64_t fuzz_seed;       /* of the case that runs; 0: its bytes came from elsewhere */
static char fuzz_notes[1 << 17]; /* one line for every operation */
static size_t fuzz_notes_len;
static uint64_t fuzz_operations;

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

static void fuzz_fail(const char *file, int line, const char *what, int code)
{
    fprintf(stderr, "%s:%d: %s: %s (%d)\n", file, line, what,
            code == 0 ? "0" : runner_error_name(code), code);
    abort(); /* whose handler prints the operations */
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            fuzz_fail(__FILE__, __LINE__, "not so: " #cond, 0);                                    \
    } while (0)

/* The code is one of these. */
#define CHECK_CODE(code, ...)                                                                      \
    do {                                                                                           \
        const int allowed_[] = {__VA_ARGS__};                                                      \
        if (!is_among(code, allowed_, sizeof allowed_ / sizeof allowed_[0]))                       \
            fuzz_fail(__FILE__, __LINE__, "code is not among " #__VA_ARGS__, code);                \
    } while (0)

static int is_among(int code, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == code)
            return 1;
    return 0;
}

/* --- the input --------------------------------------------------------------------------- */

static const uint8_t *input_at;
static size_t input_left;

/* The next byte; 0 when there is none. */
static uint8_t take_byte(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input_at++;
}

static unsigned take_below(unsigned limit)
{
    return take_byte() % limit;
}

/* --- memory ------------------------------------------------------------------------------ */

static atomic_llong live_blocks;

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

/* --- tokens ------------------------------------------------------------------------------ */

enum {
    TASK,
    STEP,
    MAIN,
    SUBMISSION,
    CALLBACK,
    TIMER,
    DONE_CALL,
    CLOSABLE,
    GEN,
    JOB,
    HANDLER,
    VALUE,
    ITEM,  /* of a queue */
    OBJECT /* nobody's argument: what is known of an object, also while only a wait holds it */
};

static const char *const kind_names[] = {"task",    "step",  "main",     "submission", "soon",
                                         "timer",   "done",  "closable", "gen",        "job",
                                         "handler", "value", "item",     "object"};

enum { TOKENS = 2048, TOKEN_MAGIC = 0x70ce4, PARTS = 4 };

typedef struct token token_t;

/* A wait: what for, and where its result goes. A stackless task's outlives the call. */
typedef struct wait_for {
    void (*ended)(struct wait_for *wait, int code); /* NULL: what for does not matter */
    token_t *object;
    token_t *item; /* that is put */
    void *value;   /* that is got */
    runner_future_t *next;
    size_t number;
} wait_for_t;

struct token {
    int magic;
    int kind;
    int serial; /* of the runner */
    int number;
    int accepted;
    atomic_int runs;
    atomic_int drops;
    atomic_int result_drops;
    int drops_result; /* it was given a result_drop */
    int returned;     /* its body has ended with `code` */
    int code;
    int gave;  /* and with a result */
    int taken; /* somebody received it */
    int final; /* first status that was seen once it was done, or 1 */
    int steps; /* of a stackless body */
    int held;  /* generators: the program has the handle */
    uint64_t due_ns;
    uint64_t order;
    wait_for_t wait; /* of a stackless body */
    /* objects and items */
    int state;
    int variant;  /* of queues and of futures made of others */
    int has_drop; /* queues */
    size_t count;
    size_t limit;
    size_t unfinished;
    uint64_t users; /* runners whose tasks have used it */
    uint64_t owner; /* number of a task */
    int64_t priority;
    token_t *parts[PARTS]; /* what it was made of, or the queue of an item; NULL where unknown */
};

static token_t tokens[TOKENS];
static atomic_int token_count; /* jobs look at it on their threads */

/* NULL when all are used: the case then does less. */
static token_t *token_new(int kind, int serial)
{
    if (token_count == TOKENS)
        return NULL;
    token_t *token = &tokens[token_count];
    memset(token, 0, sizeof *token);
    token->magic = TOKEN_MAGIC;
    token->kind = kind;
    token->serial = serial;
    token->number = token_count++;
    token->final = 1;
    return token;
}

static token_t *token_of(void *arg)
{
    token_t *token = arg;
    CHECK(token >= tokens && token < tokens + TOKENS);
    CHECK(token->magic == TOKEN_MAGIC);
    return token;
}

static void reenter(void);

/* Those of tasks may use the library, from wherever it calls them. */
static void token_drop(void *arg)
{
    token_t *token = token_of(arg);
    CHECK(atomic_fetch_add(&token->drops, 1) == 0);
    if (token->kind == TASK || token->kind == STEP)
        reenter();
}

static void token_result_drop(void *arg)
{
    token_t *token = token_of(arg);
    CHECK(atomic_fetch_add(&token->result_drops, 1) == 0);
    CHECK(!token->taken);
}

/* It runs now: only once, and not after it was dropped. */
static token_t *token_run(void *arg)
{
    token_t *token = token_of(arg);
    CHECK(atomic_load(&token->drops) == 0);
    CHECK(atomic_fetch_add(&token->runs, 1) == 0 || token->kind == STEP);
    return token;
}

/* Somebody received this value as a result of that token. */
static void token_take(token_t *token, void *value)
{
    if (value == NULL)
        return;
    CHECK(value == token);
    CHECK(token->gave && atomic_load(&token->result_drops) == 0);
    token->taken = 1;
}

/* A task or submission is done with this status: always the same one, and one that its body, or
 * the lack of a start, can explain. */
static void token_status(token_t *token, int status)
{
    CHECK(token->final == 1 || token->final == status);
    token->final = status;
    if (status == RUNNER_ECANCELED || status == RUNNER_EABANDONED)
        return;
    CHECK(token->returned);
    CHECK(status == (token->code > 0 ? RUNNER_EBADRESULT : token->code));
}

/* Everything that was given to a runner that is closed now. A generator that never began, or that
 * was in use when it should have been closed, is the program's until it releases it. */
static void tokens_check_closed(int serial)
{
    for (int i = 0; i < token_count; i++) {
        token_t *token = &tokens[i];
        if (token->serial != serial || !token->accepted || token->kind >= JOB)
            continue;
        if (token->kind == GEN && token->held)
            continue;
        if (atomic_load(&token->drops) != 1) {
            note("!! token %d, %s", i, kind_names[token->kind]);
            CHECK(token->drops == 1);
        }
    }
}

/* A job that shutdown has given up while it ran drops what it holds on its own thread, when it ends:
 * it needs processor time, and no more. */
static void wait_for_jobs(void)
{
    uint64_t end_ns = uv_hrtime() + UINT64_C(10000000000);
    for (int i = 0; i < token_count; i++) {
        const token_t *token = &tokens[i];
        while (token->kind == JOB && atomic_load(&token->drops) < token->accepted &&
               uv_hrtime() < end_ns) {
            sched_yield();
        }
    }
}

static void tokens_check_end(void)
{
    wait_for_jobs();
    for (int i = 0; i < token_count; i++) {
        token_t *token = &tokens[i];
        int drops = atomic_load(&token->drops);
        int result_drops = atomic_load(&token->result_drops);
        int owed = token->drops_result && token->gave && !token->taken && token->code == 0;
        if (drops != token->accepted || result_drops != owed)
            note("!! token %d, %s: accepted %d, drops %d, result drops %d", i,
                 kind_names[token->kind], token->accepted, drops, result_drops);
        CHECK(drops == token->accepted);
        CHECK(result_drops == owed);
    }
}

#endif
