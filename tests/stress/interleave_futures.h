/*
 * The kinds of check_interleavings.c that wait for several futures, or for one of somebody else's:
 * gather, shield and plain awaits; wait; as_completed.
 *
 * What is waited for are a few futures that actors and callbacks settle, and the tasks of the
 * actors that were made later than the one that waits, so that there are no cycles.
 */
#ifndef INTERLEAVE_FUTURES_H
#define INTERLEAVE_FUTURES_H

#include "interleave.h"

enum { CALL_GATHER = CALL_KIND, CALL_AWAIT, CALL_AWAIT_FOR, CALL_SHIELD, CALL_SEVERAL, CALL_NEXT };
enum { BARE = 3, MOST_FUTURES = BARE + MOST_ACTORS, MOST_MEMBERS = 4 };

typedef struct future {
    runner_future_t *future;
    uint64_t order; /* in which they were settled, from 1; 0 before that was heard of */
    int reached;    /* somebody may have cancelled it */
} future_t;

/* What one actor waits for. */
typedef struct waiting {
    future_t *members[MOST_MEMBERS];
    size_t count;
    int how; /* return_errors, or return_when */
    uint64_t until_ms;
    future_t *failed;       /* a member that had failed before */
    size_t distinct;        /* members */
    runner_future_t *outer; /* of gather or shield; what came next */
} waiting_t;

static struct {
    future_t futures[MOST_FUTURES]; /* first the bare ones, then those of the actors */
    uint64_t settled;
    waiting_t waiting[MOST_ACTORS];
    runner_as_completed_t *iteration;
    waiting_t shared; /* what it is over */
    unsigned come;    /* members that came, as bits */
    size_t answers;   /* calls of next that were told of one member */
} several;

/* --- futures ----------------------------------------------------------------------------- */

static int on_settled(runner_future_t *future, void *arg)
{
    future_t *self = arg;
    CHECK(self->order == 0 && runner_future_done(future));
    self->order = ++several.settled;
    return 0;
}

static void future_watch(future_t *self, runner_future_t *future)
{
    self->future = future;
    CHECK_CODE(runner_future_on_done(future, on_settled, self, NULL), 0);
}

static void futures_open(void)
{
    memset(&several, 0, sizeof several);
    for (int i = 0; i < BARE; i++) {
        runner_future_t *future = NULL;
        CHECK_CODE(runner_future_new(runner, &future), 0);
        future_watch(&several.futures[i], future);
    }
}

/* Before anybody can wait for it, so that its end is heard of here first. */
static void futures_spawned(actor_t *actor)
{
    future_watch(&several.futures[BARE + actor->index], runner_task_future(actor->task));
}

static void futures_act(void)
{
    future_t *future = &several.futures[draw(BARE)];
    int number = (int)(future - several.futures);
    int done = runner_future_done(future->future);
    int code = 0;
    switch (draw(3)) {
    case 0:
        say(CALLBACK, "resolve future", number);
        code = runner_future_resolve(future->future, future);
        break;
    case 1:
        say(CALLBACK, "reject future", number);
        code = runner_future_reject(future->future, RUNNER_EUSER);
        break;
    default:
        say(CALLBACK, "cancel future", number);
        code = runner_future_cancel(future->future);
        future->reached = 1;
        break;
    }
    CHECK_CODE(code, done ? RUNNER_EDONE : 0);
}

static int has_failed(const future_t *future)
{
    return runner_future_done(future->future) && runner_future_status(future->future) != 0;
}

/* What it was resolved with; NULL if it failed. */
static void *value_in(const future_t *future)
{
    void *value = NULL;
    (void)runner_future_result(future->future, &value);
    return value;
}

/* --- what an actor waits for ------------------------------------------------------------- */

static waiting_t *waiting_of(const actor_t *self)
{
    return &several.waiting[self->index];
}

/* A bare future, or the task of an actor that was made later. */
static future_t *choose(const actor_t *self)
{
    int later = program.count - self->index - 1;
    int choice = draw(BARE + later);
    return &several.futures[choice < BARE ? choice : choice + self->index + 1];
}

static void choose_members(const actor_t *self, waiting_t *waiting, runner_future_t **list)
{
    *waiting = (waiting_t){.count = 1 + (size_t)draw(MOST_MEMBERS), .until_ms = UINT64_MAX};
    for (size_t i = 0; i < waiting->count; i++) {
        size_t same = 0;
        waiting->members[i] = choose(self);
        list[i] = waiting->members[i]->future;
        while (list[same] != list[i])
            same++;
        waiting->distinct += same == i;
        if (waiting->failed == NULL && has_failed(waiting->members[i]))
            waiting->failed = waiting->members[i];
        say(self->index, "  of future", (long)(waiting->members[i] - several.futures));
    }
}

static size_t done_members(const waiting_t *waiting)
{
    size_t count = 0;
    for (size_t i = 0; i < waiting->count; i++)
        count += runner_future_done(waiting->members[i]->future) ? 1 : 0;
    return count;
}

/* The member whose failure came first; NULL if none has failed. */
static const future_t *first_failed(const waiting_t *waiting)
{
    const future_t *first = waiting->failed;
    for (size_t i = 0; i < waiting->count && waiting->failed == NULL; i++) {
        const future_t *member = waiting->members[i];
        if (member->order > 0 && has_failed(member) &&
            (first == NULL || member->order < first->order))
            first = member;
    }
    return first;
}

/* If the call was cancelled, so may its members be. */
static void members_reached(const actor_t *self)
{
    waiting_t *waiting = waiting_of(self);
    for (size_t i = 0; i < waiting->count && self->cancelled; i++)
        waiting->members[i]->reached = 1;
}

/* --- gather, shield, await --------------------------------------------------------------- */

static int begin_gather(actor_t *self)
{
    runner_future_t *list[MOST_MEMBERS];
    waiting_t *waiting = waiting_of(self);
    choose_members(self, waiting, list);
    waiting->how = chance(2);
    calls(self, CALL_GATHER, waiting->how, "gather");
    CHECK_CODE(runner_gather(list, waiting->count, waiting->how, &waiting->outer), 0);
    self->slot = NULL;
    self->passes_cancels = 1;
    self->parked = !runner_future_done(waiting->outer);
    return runner_future_await(waiting->outer, &self->slot);
}

static void end_gather(actor_t *self, int code)
{
    waiting_t *waiting = waiting_of(self);
    void **values = self->slot;
    const future_t *failed = first_failed(waiting);
    members_reached(self);
    if (code == 0 || waiting->how)
        CHECK(done_members(waiting) == waiting->count);
    if (code == 0)
        CHECK(!(self->parked && self->cancelled) && (waiting->how || failed == NULL));
    if (code == 0)
        for (size_t i = 0; i < waiting->count; i++)
            CHECK(values[i] == value_in(waiting->members[i]));
    else
        CHECK(values == NULL);
    if (code != 0 && !(self->cancelled && code == RUNNER_ECANCELED))
        CHECK(!waiting->how && failed != NULL && code == runner_future_status(failed->future));
    runner_future_unref(waiting->outer);
    waiting->outer = NULL;
}

static int begin_await_for(actor_t *self, const actor_t *actor)
{
    uint64_t ms = (uint64_t)draw(MOST_MS + 1);
    waiting_of(self)->until_ms = now_ms(runner) + ms;
    say(self->index, "  for ms", (long)ms);
    return runner_await_for(actor->task, ms, &self->slot);
}

static int begin_one(actor_t *self, int call)
{
    waiting_t *waiting = waiting_of(self);
    *waiting = (waiting_t){.members = {choose(self)}, .count = 1, .until_ms = UINT64_MAX};
    runner_future_t *inner = waiting->members[0]->future;
    int number = (int)(waiting->members[0] - several.futures);
    calls(self, call, number, call == CALL_SHIELD ? "shield future" : "await future");
    self->slot = NULL;
    self->passes_cancels = 1;
    self->parked = !runner_future_done(inner);
    if (call == CALL_AWAIT_FOR && number >= BARE)
        return begin_await_for(self, &program.actors[number - BARE]);
    if (call != CALL_SHIELD)
        return runner_future_await(inner, &self->slot);
    CHECK_CODE(runner_shield(inner, &waiting->outer), 0);
    return runner_future_await(waiting->outer, &self->slot);
}

static void end_one(actor_t *self, int call, int code)
{
    waiting_t *waiting = waiting_of(self);
    const future_t *member = waiting->members[0];
    int swallows = call != CALL_SHIELD && self->object >= BARE; /* a task may do that */
    if (call != CALL_SHIELD)
        members_reached(self);
    if (code == RUNNER_ETIMEDOUT) {
        CHECK(waiting->until_ms <= now_ms(runner));
        CHECK_CODE(runner_future_status(member->future), RUNNER_ECANCELED);
    } else if (!(self->cancelled && code == RUNNER_ECANCELED)) {
        CHECK(runner_future_done(member->future));
        CHECK_CODE(code, runner_future_status(member->future));
        CHECK(self->slot == value_in(member));
    }
    if (self->parked && self->cancelled && !swallows)
        CHECK_CODE(code, RUNNER_ECANCELED);
    runner_future_unref(waiting->outer);
    waiting->outer = NULL;
}

static int gather_begin(actor_t *self)
{
    switch (draw(8)) {
    case 0:
        futures_act();
        return 0;
    case 1:
        if (chance(3)) {
            self->leaving = 1;
            self->code = RUNNER_EUSER;
        }
        return 0;
    case 2:
        return begin_one(self, CALL_SHIELD);
    case 3:
        return begin_one(self, chance(2) ? CALL_AWAIT : CALL_AWAIT_FOR);
    default:
        return begin_gather(self);
    }
}

static void gather_end(actor_t *self, int call, int code)
{
    if (call == CALL_GATHER)
        end_gather(self, code);
    else
        end_one(self, call, code);
}

/* Its task was told to end, or waits for others that were. */
static int was_told(const waiting_t *waiting)
{
    ptrdiff_t number = waiting->members[0] - several.futures;
    const actor_t *actor = &program.actors[number < BARE ? 0 : number - BARE];
    return number < BARE || actor->told > 0 || actor->call >= CALL_KIND;
}

static void gather_quiet(void)
{
    for (int i = 0; i < program.count; i++) {
        const waiting_t *waiting = &several.waiting[i];
        int call = program.actors[i].call;
        if (call < CALL_KIND)
            continue;
        CHECK(done_members(waiting) < waiting->count);
        CHECK(call != CALL_GATHER || waiting->how || first_failed(waiting) == NULL);
        CHECK(call != CALL_AWAIT_FOR || waiting->until_ms == UINT64_MAX || was_told(waiting));
    }
}

/* --- wait -------------------------------------------------------------------------------- */

static int begin_several(actor_t *self)
{
    runner_future_t *list[MOST_MEMBERS];
    waiting_t *waiting = waiting_of(self);
    choose_members(self, waiting, list);
    waiting->how = 1 + draw(3);
    uint64_t ms = chance(2) ? RUNNER_FOREVER : (uint64_t)draw(MOST_MS + 1);
    if (ms != RUNNER_FOREVER)
        waiting->until_ms = now_ms(runner) + ms;
    calls(self, CALL_SEVERAL, waiting->how, "wait");
    self->number = SIZE_MAX;
    return runner_wait(list, waiting->count, waiting->how, ms, &self->number);
}

static int enough_are_done(const waiting_t *waiting)
{
    size_t done = done_members(waiting);
    if (done == waiting->count || (waiting->how == RUNNER_FIRST_COMPLETED && done > 0))
        return 1;
    for (size_t i = 0; i < waiting->count && waiting->how == RUNNER_FIRST_EXCEPTION; i++)
        if (has_failed(waiting->members[i]) &&
            runner_future_status(waiting->members[i]->future) != RUNNER_ECANCELED)
            return 1;
    return 0;
}

static int wait_begin(actor_t *self)
{
    switch (draw(6)) {
    case 0:
        futures_act();
        return 0;
    case 1:
        if (chance(3)) {
            self->leaving = 1;
            self->code = RUNNER_EUSER;
        }
        return 0;
    default:
        return begin_several(self);
    }
}

static void wait_end(actor_t *self, int call, int code)
{
    const waiting_t *waiting = waiting_of(self);
    (void)call;
    if (code != 0) {
        CHECK_CODE(code, RUNNER_ECANCELED);
        CHECK(self->number == SIZE_MAX);
        return;
    }
    CHECK(self->number == done_members(waiting));
    CHECK(enough_are_done(waiting) || waiting->until_ms <= now_ms(runner));
}

static void wait_quiet(void)
{
    for (int i = 0; i < program.count; i++)
        if (program.actors[i].call == CALL_SEVERAL) {
            CHECK(!enough_are_done(&several.waiting[i]));
            CHECK(several.waiting[i].until_ms == UINT64_MAX);
        }
}

/* --- as_completed ------------------------------------------------------------------------ */

/* All actors share one iteration, which may be over their own tasks as well. */
static void iteration_open(const actor_t *self)
{
    runner_future_t *list[MOST_MEMBERS];
    uint64_t ms = chance(2) ? RUNNER_FOREVER : (uint64_t)draw(MOST_MS + 1);
    choose_members(self, &several.shared, list);
    if (ms != RUNNER_FOREVER)
        several.shared.until_ms = now_ms(runner) + ms;
    say(self->index, "as_completed", 0);
    CHECK_CODE(runner_as_completed_new(list, several.shared.count, ms, &several.iteration), 0);
}

static int as_completed_begin(actor_t *self)
{
    if (several.iteration == NULL)
        iteration_open(self);
    if (chance(4)) {
        futures_act();
        return 0;
    }
    if (chance(16)) {
        self->leaving = 1;
        self->code = RUNNER_EUSER;
        return 0;
    }
    calls(self, CALL_NEXT, 0, "next");
    waiting_of(self)->outer = NULL;
    return runner_as_completed_next(several.iteration, &waiting_of(self)->outer);
}

/* Which member a future is, the first if it is there twice. */
static size_t member_of(const waiting_t *waiting, const runner_future_t *future)
{
    size_t index = 0;
    while (index < waiting->count && waiting->members[index]->future != future)
        index++;
    return index;
}

static void as_completed_end(actor_t *self, int call, int code)
{
    waiting_t *shared = &several.shared;
    const runner_future_t *future = waiting_of(self)->outer;
    (void)call;
    CHECK((code == 0) == (future != NULL));
    if (code == 0) {
        size_t index = member_of(shared, future);
        CHECK(index < shared->count && (several.come & (1u << index)) == 0);
        CHECK(runner_future_done(future));
        several.come |= 1u << index;
        several.answers++;
    } else if (code == RUNNER_ETIMEDOUT) {
        CHECK(shared->until_ms <= now_ms(runner));
        several.answers++;
    } else if (code == RUNNER_EEND) {
        /* The others will be told of what has not come. */
        CHECK(several.answers + count_waiting(CALL_NEXT, 0) == shared->distinct);
    } else {
        CHECK_CODE(code, RUNNER_ECANCELED);
    }
    CHECK(several.answers <= shared->distinct);
}

static void as_completed_quiet(void)
{
    const waiting_t *shared = &several.shared;
    if (count_waiting(CALL_NEXT, 0) == 0)
        return;
    CHECK(shared->until_ms == UINT64_MAX);
    for (size_t i = 0; i < shared->count; i++) {
        size_t index = member_of(shared, shared->members[i]->future);
        CHECK((several.come & (1u << index)) != 0 ||
              !runner_future_done(shared->members[i]->future));
    }
}

/* --- the whole --------------------------------------------------------------------------- */

static void futures_check(void)
{
}

/* Only those were cancelled that somebody wanted to be. */
static void futures_close(void)
{
    for (int i = 0; i < BARE; i++) {
        future_t *future = &several.futures[i];
        int code = runner_future_result(future->future, NULL);
        CHECK((code == RUNNER_EPENDING) == (future->order == 0));
        CHECK(code != RUNNER_ECANCELED || future->reached);
        runner_future_unref(future->future);
    }
    runner_as_completed_unref(several.iteration);
}

#define FUTURES_KIND(variable, title, begin_fn, end_fn, quiet_fn)                                  \
    static const kind_t variable = {.name = title,                                                 \
                                    .open = futures_open,                                          \
                                    .spawned = futures_spawned,                                    \
                                    .begin = begin_fn,                                             \
                                    .end = end_fn,                                                 \
                                    .act = futures_act,                                            \
                                    .check = futures_check,                                        \
                                    .quiet = quiet_fn,                                             \
                                    .close = futures_close,                                        \
                                    .most_actors = 6,                                              \
                                    .cancels = 1}

FUTURES_KIND(gather_kind, "gather", gather_begin, gather_end, gather_quiet);
FUTURES_KIND(wait_kind, "wait", wait_begin, wait_end, wait_quiet);
FUTURES_KIND(as_completed_kind, "as_completed", as_completed_begin, as_completed_end,
             as_completed_quiet);

#endif
