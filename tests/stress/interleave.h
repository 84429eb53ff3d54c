/*
 * Random interleavings. A program is a handful of tasks, some with a stack and some without, that
 * make random calls on the objects of one kind, and of callbacks that do so, too. Tasks are
 * cancelled at random moments, themselves included, and any call may have a time limit. Included
 * once, by check_interleavings.c.
 *
 * Time is virtual, so that it passes only while nothing is ready. The driver therefore sleeps for
 * longer than everything else could: when it wakes the program is *quiet*, nothing is ready and no
 * timer is pending. Who waits then waits for ever, and must have a reason to. Then the tasks that
 * are left are cancelled, and what they had is given back.
 *
 * Nothing is drawn in advance: a task draws its next call when it has come that far. Since the loop
 * is deterministic, a program is known by its seed and its number. One that fails says how to run
 * it again, alone.
 */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include "check_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MOST_ACTORS = 12,
    MOST_CALLS = 6,
    MOST_STEPS = 512,  /* of the trace */
    MOST_MS = 3,       /* of a sleep or a time limit */
    QUIET_MS = 1000,   /* longer than all of a program's sleeps together */
    MOST_SECONDS = 20, /* real ones, for a program that takes microseconds */
    NOBODY = -1,
};

/* --- the state of a program -------------------------------------------------------------- */

/* What an actor is doing. A kind continues the list from CALL_KIND. */
enum { CALL_NONE, CALL_PAUSE, CALL_KIND };

/* A task, and what is known of it without asking the library. */
typedef struct actor {
    runner_task_t *task;
    int index;
    int stackless;
    int started;
    int ended;
    int leaving; /* gives back what it has, and ends */
    int calls;   /* still to make */
    int code;    /* what it ends with */
    int status;  /* what its task has to end with */

    int call; /* what it is doing, CALL_... */
    int object;
    int parked;      /* the call made it wait */
    uint64_t moment; /* when the call began, see program */
    uint64_t ticket; /* order in which the calls began */

    int asked;             /* cancelled, and no call has told it yet */
    int cancelling;        /* cancels that count */
    int cancelling_before; /* the same when the call began, and when it ended */
    int cancelling_after;
    int cancelled;      /* while it made the call, or before and was not told */
    int told;           /* cancels that it was told */
    int passes_cancels; /* the call hands a cancel down, and ends as what it waits for does */
    int keeps_cancels;  /* the call first takes a lock, and tells a cancel then */

    runner_timeout_t *timeout; /* around the call */
    runner_timeout_t *closed;  /* around the one before: it must have no effect any more */
    int within;                /* around the call, by runner_with_timeout() */
    uint64_t deadline_ms;
    int body; /* what the call within ended with */

    int held; /* the rest is for the kinds */
    uint64_t mark;
    void *slot;
    size_t number;
} actor_t;

typedef struct kind {
    const char *name;
    void (*open)(void);                             /* makes the objects */
    void (*spawned)(actor_t *actor);                /* has a new task; NULL is nothing */
    void (*ended)(const actor_t *actor);            /* ends with its status; NULL is nothing */
    int (*begin)(actor_t *self);                    /* makes one call, which may wait */
    void (*end)(actor_t *self, int call, int code); /* is told how it ended */
    int (*holds)(const actor_t *self);              /* it must not end yet; NULL is never */
    void (*act)(void);                              /* makes one call that does not wait */
    void (*check)(void);                            /* what is always so */
    void (*quiet)(void);                            /* what is so when the program is quiet */
    void (*close)(void);                            /* releases the objects; all tasks have ended */
    int most_actors;                                /* at the beginning */
    int cancels; /* the library cancels tasks by itself, so not every cancel is known */
} kind_t;

typedef struct step {
    uint64_t ms;
    int who;
    const char *what;
    long number;
} step_t;

typedef struct program {
    uint64_t seed;
    int number;
    uint64_t random;
    uint64_t moment;  /* one more whenever somebody else runs */
    uint64_t tickets; /* one more for every call */
    int over;         /* everybody leaves */
    int callbacks;    /* scheduled and not run */
    int reports;      /* calls of the exception handler */
    int limit_odds;   /* one call in so many has a time limit */
    int count;
    actor_t actors[MOST_ACTORS];
    step_t steps[MOST_STEPS];
    size_t step_count;
} program_t;

static program_t program;
static const kind_t *kind;
static runner_t *runner;

/* --- failing, and how to see it again ---------------------------------------------------- */

#define CALLBACK (-2)
#define DRIVER (-3)

static void say(int who, const char *what, long number)
{
    step_t *step = &program.steps[program.step_count++ % MOST_STEPS];
    *step = (step_t){now_ms(runner), who, what, number};
}

static void print_step(const step_t *step)
{
    char who[32] = "driver";
    if (step->who == CALLBACK)
        snprintf(who, sizeof who, "callback");
    else if (step->who != DRIVER)
        snprintf(who, sizeof who, "%s %d", program.actors[step->who].stackless ? "step" : "task",
                 step->who);
    fprintf(stderr, "%6llu ms  %-8s  %s ", (unsigned long long)step->ms, who, step->what);
    if (step->number < 0)
        fprintf(stderr, "%s\n", code_name((int)step->number));
    else
        fprintf(stderr, "%ld\n", step->number);
}

static void print_steps(void)
{
    size_t first = program.step_count > MOST_STEPS ? program.step_count - MOST_STEPS : 0;
    for (size_t i = first; i < program.step_count; i++)
        print_step(&program.steps[i % MOST_STEPS]);
}

/* How to run the program again. */
static const char *again(void)
{
    static char text[128];
    snprintf(text, sizeof text,
             "again: CK_RUN_CASE='%s' INTERLEAVE_SEED=%llu INTERLEAVE_PROGRAM=%d\n", kind->name,
             (unsigned long long)program.seed, program.number);
    return text;
}

static void program_fail(const char *file, int line, const char *what, int code)
    __attribute__((noreturn));
static void program_fail(const char *file, int line, const char *what, int code)
{
    print_steps();
    ck_abort_msg("%s:%d: %s: %s (%d)\n%s", file, line, what, code_name(code), code, again());
}

/* A crash, or a program without an end. */
static void on_fatal_signal(int signal_number)
{
    const char *text = again();
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void on_sanitizer_death(void)
{
    fputs(again(), stderr);
}

/* Sanitizers end the process in their own way. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void catch_crashes(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
    static char stack[65536];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(on_sanitizer_death);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (__sanitizer_set_death_callback == NULL || fatal[i] == SIGALRM)
            sigaction(fatal[i],
                      &(struct sigaction){.sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK},
                      NULL);
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            program_fail(__FILE__, __LINE__, "not so: " #cond, 0);                                 \
    } while (0)

#define CHECK_CODE(expr, expected)                                                                 \
    do {                                                                                           \
        const int code_is_ = (expr);                                                               \
        if (code_is_ != (expected))                                                                \
            program_fail(__FILE__, __LINE__, #expr " is not " #expected, code_is_);                \
    } while (0)

/* --- chance ------------------------------------------------------------------------------ */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A number below `limit`. */
static int draw(int limit)
{
    return (int)((next_random(&program.random) >> 33) % (unsigned)limit);
}

/* Once in `odds` times. */
static int chance(int odds)
{
    return draw(odds) == 0;
}

/* --- who waits for what ------------------------------------------------------------------ */

static int is_done(const actor_t *actor)
{
    return actor->ended || (actor->task != NULL && runner_task_done(actor->task));
}

static int waits(const actor_t *actor, int call, int object)
{
    return actor->call == call && actor->object == object;
}

static size_t count_waiting(int call, int object)
{
    size_t count = 0;
    for (int i = 0; i < program.count; i++)
        count += waits(&program.actors[i], call, object) ? 1 : 0;
    return count;
}

/* Whether it was told to end since its call began, or before and does not know. */
static int was_cancelled(const actor_t *actor)
{
    return actor->asked || runner_task_cancelling(actor->task) > actor->cancelling_before;
}

/* The first of those that made this call and that were not cancelled; NULL is none. */
static const actor_t *first_waiting(int call, int object)
{
    const actor_t *first = NULL;
    for (int i = 0; i < program.count; i++) {
        const actor_t *actor = &program.actors[i];
        if (waits(actor, call, object) && !was_cancelled(actor) &&
            (first == NULL || actor->ticket < first->ticket))
            first = actor;
    }
    return first;
}

/* First come, first served: nobody who made the same call earlier waits on. */
static int was_next(const actor_t *self, int call)
{
    const actor_t *first = first_waiting(call, self->object);
    return first == NULL || first->ticket > self->ticket;
}

/* --- calls ------------------------------------------------------------------------------- */

/* Says what `self` is about to do. */
static void calls(actor_t *self, int call, int object, const char *what)
{
    self->call = call;
    self->object = object;
    self->ticket = ++program.tickets;
    say(self->index, what, object);
}

static void cancel_actor(int who, actor_t *actor)
{
    if (actor->task == NULL)
        return; /* in its eager start */
    int done = is_done(actor);
    say(who, "cancel", actor->index);
    CHECK_CODE(runner_task_cancel(actor->task), done ? RUNNER_EDONE : 0);
    if (!done) {
        actor->asked = 1;
        actor->cancelling++;
    }
}

static void cancel_somebody(int who)
{
    actor_t *actor = &program.actors[draw(program.count)];
    cancel_actor(who, actor);
    if (chance(3))
        cancel_actor(who, actor);
}

static int on_callback(void *arg)
{
    (void)arg;
    program.callbacks--;
    program.moment++;
    if (program.over)
        return 0;
    if (!chance(3))
        kind->act();
    if (chance(3))
        cancel_somebody(CALLBACK); /* perhaps one that was woken just now */
    kind->check();
    return 0;
}

static void schedule_callback(void)
{
    program.callbacks++;
    if (chance(2))
        CHECK_CODE(runner_call_soon(runner, on_callback, NULL, NULL), 0);
    else
        CHECK_CODE(runner_call_later(runner, draw(MOST_MS + 1), on_callback, NULL, NULL, NULL), 0);
}

/* A call that has nothing to do with the kind. */
static int begin_anything(actor_t *self)
{
    switch (draw(12)) {
    case 0:
    case 1:
    case 2:
        calls(self, CALL_PAUSE, 0, "yield");
        return runner_yield();
    case 3:
    case 4:
    case 5:
    case 6:
        calls(self, CALL_PAUSE, draw(MOST_MS + 1), "sleep ms");
        return runner_sleep((uint64_t)self->object);
    case 7:
        if (chance(2))
            break;
        calls(self, CALL_PAUSE, 0, "sleep for ever");
        return runner_sleep(RUNNER_FOREVER);
    case 8:
        schedule_callback();
        break;
    case 9:
    case 10:
        cancel_somebody(self->index);
        break;
    default:
        kind->act();
        break;
    }
    return 0;
}

/* --- one call of an actor, and its end --------------------------------------------------- */

static int begin_call(actor_t *self)
{
    if (!self->leaving && chance(3))
        return begin_anything(self);
    return kind->begin(self);
}

static int body_with_timeout(void *arg, void **result)
{
    actor_t *self = arg;
    (void)result;
    self->body = begin_call(self);
    self->cancelling_after = runner_task_cancelling(runner_current_task());
    return self->body;
}

/* The same call with a time limit around it, written in one of two ways. */
static int begin_with_timeout(actor_t *self)
{
    uint64_t ms = (uint64_t)draw(MOST_MS + 1);
    say(self->index, "with time limit of ms", (long)ms);
    self->deadline_ms = now_ms(runner) + ms;
    if (!self->stackless && chance(2)) {
        self->within = 1;
        return runner_with_timeout(ms, body_with_timeout, self, NULL);
    }
    CHECK_CODE(runner_timeout_new(&self->timeout), 0);
    CHECK_CODE(runner_timeout_open(self->timeout, ms), 0);
    return begin_call(self);
}

static int begin(actor_t *self)
{
    self->call = CALL_NONE;
    self->parked = 0;
    self->passes_cancels = 0;
    self->keeps_cancels = 0;
    self->cancelling_before = runner_task_cancelling(runner_current_task());
    self->moment = program.moment;
    self->deadline_ms = UINT64_MAX;
    int code =
        !self->leaving && chance(program.limit_odds) ? begin_with_timeout(self) : begin_call(self);
    self->parked = self->parked || code == RUNNER_EPARKED;
    CHECK(code != RUNNER_EPARKED || self->stackless);
    return code;
}

/* Closes the time limit. `code` is what the call ended with; *outcome what the scope did: a cancel of
 * the limit's own becomes RUNNER_ETIMEDOUT, one of somebody else's passes (R170, R176, R177). */
static void end_timeout(actor_t *self, int code, int *outcome)
{
    int passed = self->deadline_ms <= now_ms(runner);
    if (self->timeout != NULL) {
        int expired = runner_timeout_expired(self->timeout);
        int others = runner_task_cancelling(runner_current_task()) - expired;
        int own = expired && others <= self->cancelling_before;
        CHECK(!expired || passed);
        *outcome = runner_timeout_close(self->timeout, code);
        CHECK_CODE(*outcome, code == RUNNER_ECANCELED && own ? RUNNER_ETIMEDOUT : code);
        runner_timeout_unref(self->closed);
        self->closed = self->timeout;
    } else if (self->within && *outcome != code) {
        CHECK_CODE(*outcome, RUNNER_ETIMEDOUT);
        CHECK_CODE(code, RUNNER_ECANCELED);
        CHECK(passed);
    }
    self->timeout = NULL;
    self->within = 0;
    self->deadline_ms = UINT64_MAX;
}

static int has_to_stay(const actor_t *self)
{
    return kind->holds != NULL && kind->holds(self);
}

/* What a task does that was told to end: it ends, or goes on, with the cancels that count or without.
 * In a group they may be the group's own. */
static void obey_or_not(actor_t *self)
{
    if (program.over || chance(2)) {
        self->leaving = 1;
        self->code = RUNNER_ECANCELED;
    } else if (chance(2) && !(kind->cancels && has_to_stay(self))) {
        while (runner_task_uncancel(runner_current_task()) > 0)
            continue;
        self->cancelling = 0;
        self->asked = 0;
    }
}

static void end(actor_t *self, int outcome)
{
    int code = self->within ? self->body : outcome;
    int call = self->call;
    if (!self->within)
        self->cancelling_after = runner_task_cancelling(runner_current_task());
    int cancels = self->cancelling_after - self->cancelling_before;
    say(self->index, "has", code);
    self->call = CALL_NONE;
    /* With a stack it can only be seen by what has happened meanwhile. */
    self->parked =
        call != CALL_NONE && (self->parked || self->moment != program.moment || cancels > 0);
    self->cancelled = self->asked || cancels > 0;
    program.moment++;
    /* A cancel that comes while a task waits is told by that wait; and no other is. */
    if (self->parked && self->cancelled && !self->passes_cancels)
        CHECK_CODE(code, RUNNER_ECANCELED);
    CHECK(code != RUNNER_ECANCELED || self->cancelled || self->passes_cancels);
    if (self->parked || (code == RUNNER_ECANCELED && !self->passes_cancels)) {
        self->told += self->cancelled;
        self->asked = 0;
    } else {
        self->asked = self->cancelled;
    }
    if (call >= CALL_KIND)
        kind->end(self, call, code);
    else
        CHECK(code == 0 || code == RUNNER_ECANCELED);
    end_timeout(self, code, &outcome);
    if (runner_task_cancelling(runner_current_task()) == 0)
        self->asked = 0; /* taken back (R151) */
    CHECK(runner_task_cancelling(runner_current_task()) == self->cancelling || kind->cancels);
    if (outcome == RUNNER_ECANCELED)
        obey_or_not(self);
    kind->check();
}

/* --- the bodies of actors ---------------------------------------------------------------- */

static int go_on(actor_t *self, int status)
{
    program.moment++;
    for (;; status = begin(self)) {
        if (status == RUNNER_EPARKED)
            return status;
        if (self->started)
            end(self, status);
        self->started = 1;
        self->leaving = self->leaving || self->calls-- <= 0 || program.over;
        if (self->leaving && !has_to_stay(self))
            break;
    }
    say(self->index, "ends with", self->code);
    self->ended = 1;
    /* A cancel that was not told becomes the outcome (R122). */
    self->status = self->asked && self->code == 0 ? RUNNER_ECANCELED : self->code;
    if (kind->ended != NULL)
        kind->ended(self);
    return self->code;
}

static int actor_coroutine(void *arg, void **result)
{
    *result = arg;
    return go_on(arg, 0);
}

static int actor_step(void *arg, int status, void **result)
{
    *result = arg;
    return go_on(arg, status);
}

/* Makes one more actor, that runs nowhere yet. */
static actor_t *actor_new(void)
{
    actor_t *self = &program.actors[program.count];
    *self = (actor_t){.index = program.count++,
                      .stackless = chance(2),
                      .calls = 1 + draw(MOST_CALLS),
                      .status = RUNNER_ECANCELED, /* of one that never starts */
                      .deadline_ms = UINT64_MAX};
    return self;
}

static void actor_start(void)
{
    actor_t *self = actor_new();
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = chance(8)};
    int code = self->stackless ? runner_spawn_step(actor_step, self, &opts, &self->task)
                               : runner_spawn(actor_coroutine, self, &opts, &self->task);
    CHECK_CODE(code, 0);
    if (kind->spawned != NULL)
        kind->spawned(self);
}

/* --- the driver -------------------------------------------------------------------------- */

static void check_quiet(void)
{
    say(DRIVER, "all is quiet", 0);
    CHECK(program.callbacks == 0);
    for (int i = 0; i < program.count; i++) {
        const actor_t *actor = &program.actors[i];
        CHECK(actor->started || is_done(actor));
        /* Nobody has a cancel to come, be it its time limit's. */
        if (!kind->cancels && !is_done(actor) && !actor->keeps_cancels)
            CHECK(actor->deadline_ms == UINT64_MAX && !was_cancelled(actor));
    }
    kind->check();
    kind->quiet();
}

/* Every task is told to end, and does. */
static void end_actors(void)
{
    program.over = 1;
    program.moment++;
    for (int i = 0; i < program.count; i++)
        if (!is_done(&program.actors[i]))
            cancel_actor(DRIVER, &program.actors[i]);
    CHECK_CODE(runner_sleep(QUIET_MS), 0);
    say(DRIVER, "all have left", 0);
    for (int i = 0; i < program.count; i++) {
        actor_t *actor = &program.actors[i];
        if (actor->task == NULL)
            continue; /* refused */
        say(DRIVER, "looks at the end of", i);
        CHECK(runner_task_done(actor->task));
        CHECK(actor->started == actor->ended);
        CHECK(actor->started || actor->asked || kind->cancels);
        void *result = NULL;
        CHECK_CODE(runner_task_result(actor->task, &result), actor->status);
        CHECK(result == (actor->status == 0 ? actor : NULL));
    }
}

static void run_program(int number)
{
    uint64_t seed = program.seed;
    uint64_t first = seed + (uint64_t)number;
    memset(&program, 0, offsetof(program_t, steps));
    program.step_count = 0;
    program.seed = seed;
    program.number = number;
    program.random = next_random(&first);
    program.limit_odds = 1 + draw(8);
    kind->open();
    int count = 2 + draw(kind->most_actors - 1);
    while (program.count < count)
        actor_start();
    for (int i = draw(3); i > 0; i--)
        schedule_callback();
    CHECK_CODE(runner_sleep(QUIET_MS), 0);
    check_quiet();
    end_actors();
    kind->check();
    kind->close();
    for (int i = 0; i < program.count; i++) {
        runner_timeout_unref(program.actors[i].closed);
        runner_task_unref(program.actors[i].task);
    }
    CHECK(program.reports == 0 || kind->cancels);
}

static int count_report(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)arg;
    say(DRIVER, exception->message, exception->code);
    program.reports++;
    return 0;
}

typedef struct range {
    int first;
    int count;
} range_t;

static int run_range(void *arg, void **result)
{
    const range_t *range = arg;
    (void)result;
    for (int i = 0; i < range->count; i++) {
        alarm((unsigned)(scaled_ms(MOST_SECONDS * 1000) / 1000));
        run_program(range->first + i);
    }
    alarm(0);
    return 0;
}

#endif
