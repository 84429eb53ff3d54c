/*
 * The kind of check_interleavings.c that makes task groups: every task may open one, whose children
 * may do so, too. They fail, cancel each other and their group, and are added at any moment.
 */
#ifndef INTERLEAVE_GROUPS_H
#define INTERLEAVE_GROUPS_H

#include "interleave.h"

enum { CALL_CLOSE = CALL_KIND };

/* The group that an actor has open, and what must come of it. */
typedef struct scope {
    runner_group_t *group;
    int closing;
    int code;                /* what its body has ended with */
    int cancelled;           /* runner_group_cancel() was called */
    int failed[MOST_ACTORS]; /* children that failed, in that order */
    size_t fails;
    int overtaken; /* one failed inside its spawn, and may have come before those of this turn */
} scope_t;

static struct {
    scope_t scopes[MOST_ACTORS];
    int owner[MOST_ACTORS]; /* of the group that an actor is a child of, or NOBODY */
    int drops[MOST_ACTORS];
} groups;

static scope_t *scope_of(const actor_t *actor)
{
    return &groups.scopes[actor->index];
}

/* --- children ---------------------------------------------------------------------------- */

static void child_drop(void *arg)
{
    const actor_t *child = arg;
    groups.drops[child->index]++;
}

static int is_aborting(const scope_t *scope)
{
    return scope->cancelled || scope->code != 0 || scope->fails > 0;
}

static size_t count_living(const actor_t *owner)
{
    size_t count = 0;
    for (int i = 0; i < program.count; i++) {
        const actor_t *child = &program.actors[i];
        if (groups.owner[i] == owner->index && child->task != NULL) /* not in its eager start */
            count += is_done(child) ? 0 : 1;
    }
    return count;
}

/* Adds a child to the group of `owner`: refused when that is over, or soon will be. */
static void child_spawn(int who, const actor_t *owner)
{
    scope_t *scope = scope_of(owner);
    if (program.count == MOST_ACTORS || program.over)
        return;
    actor_t *child = actor_new();
    int index = child->index;
    groups.owner[index] = owner->index;
    size_t living = runner_group_count(scope->group);
    say(who, "spawn child", index);
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = child_drop, .eager = chance(8)};
    int code = child->stackless
                   ? runner_group_spawn_step(scope->group, actor_step, child, &opts, &child->task)
                   : runner_group_spawn(scope->group, actor_coroutine, child, &opts, &child->task);
    say(who, "  which is", code);
    if (code != 0) {
        CHECK(child->task == NULL && !child->started && groups.drops[index] == 1);
        CHECK(code == RUNNER_EABORTING || code == RUNNER_EFINISHED);
        CHECK(code != RUNNER_EFINISHED || (scope->closing && living == 0));
        CHECK(code != RUNNER_EABORTING || is_aborting(scope) || was_cancelled(owner) ||
              owner->told > 0);
        child->ended = 1; /* nobody meets it */
    }
}

/* --- calls ------------------------------------------------------------------------------- */

static void group_cancel(int who, const actor_t *owner)
{
    say(who, "cancel group of", owner->index);
    CHECK_CODE(runner_group_cancel(scope_of(owner)->group), 0);
    scope_of(owner)->cancelled = 1;
}

/* Somebody who has a group open; NULL if nobody does. */
static const actor_t *some_owner(void)
{
    const actor_t *actor = &program.actors[draw(program.count)];
    return scope_of(actor)->group != NULL ? actor : NULL;
}

static void group_act(void)
{
    const actor_t *owner = some_owner();
    if (owner == NULL)
        return;
    if (chance(6))
        group_cancel(CALLBACK, owner);
    else
        child_spawn(CALLBACK, owner);
}

static void group_enter(actor_t *self)
{
    scope_t *scope = scope_of(self);
    *scope = (scope_t){.code = 0};
    say(self->index, "open a group", 0);
    CHECK_CODE(runner_group_new(&scope->group), 0);
    CHECK_CODE(runner_group_open(scope->group), 0);
}

static int group_close(actor_t *self, int code)
{
    scope_t *scope = scope_of(self);
    calls(self, CALL_CLOSE, 0, "close the group");
    self->passes_cancels = 1;
    self->parked = runner_group_count(scope->group) > 0;
    scope->closing = 1;
    scope->code = code;
    return runner_group_close(scope->group, code);
}

static int group_begin(actor_t *self)
{
    if (scope_of(self)->group == NULL) {
        if (chance(2)) {
            group_enter(self);
        } else if (chance(4)) {
            self->leaving = 1;
            self->code = RUNNER_EUSER;
        }
        return 0;
    }
    if (self->leaving)
        return group_close(self, self->code);
    switch (draw(8)) {
    case 0:
        return group_close(self, 0);
    case 1:
        if (chance(4))
            group_cancel(self->index, self);
        return 0;
    case 2:
        if (chance(3)) {
            self->leaving = 1;
            self->code = RUNNER_EUSER;
        }
        return 0;
    default:
        child_spawn(self->index, self);
        return 0;
    }
}

static void group_ended(const actor_t *child)
{
    int owner = groups.owner[child->index];
    if (owner == NOBODY || child->status == 0 || child->status == RUNNER_ECANCELED)
        return;
    scope_t *scope = &groups.scopes[owner];
    scope->overtaken |= child->task == NULL;
    scope->failed[scope->fails++] = child->index;
}

/* Whether this error is the one that a child has failed with. */
static int is_error_of(const runner_group_error_t *error, const actor_t *child)
{
    return error->task == child->task && error->code == child->status &&
           (error->nested != NULL) == (error->code == RUNNER_EGROUP);
}

/* What went wrong is what the children have failed with, in that order, and the body at last. */
static void check_errors(const actor_t *self)
{
    const scope_t *scope = scope_of(self);
    runner_error_group_t *errors = runner_group_errors(scope->group);
    size_t body = scope->code != 0 && scope->code != RUNNER_ECANCELED;
    say(self->index, "  errors", (long)runner_error_group_count(errors));
    CHECK(runner_error_group_count(errors) == scope->fails + body);
    for (size_t i = 0; i < scope->fails; i++) {
        runner_group_error_t error = {.size = sizeof error};
        CHECK_CODE(runner_error_group_get(errors, i, &error), 0);
        size_t match = scope->overtaken ? 0 : i;
        while (scope->overtaken && match + 1 < scope->fails &&
               !is_error_of(&error, &program.actors[scope->failed[match]]))
            match++;
        CHECK(is_error_of(&error, &program.actors[scope->failed[match]]));
    }
    if (body) {
        runner_group_error_t error = {.size = sizeof error};
        CHECK_CODE(runner_error_group_get(errors, scope->fails, &error), 0);
        CHECK(error.task == NULL);
        CHECK_CODE(error.code, scope->code);
    }
}

static void group_end(actor_t *self, int call, int code)
{
    scope_t *scope = scope_of(self);
    (void)call;
    CHECK(count_living(self) == 0 && runner_group_count(scope->group) == 0);
    check_errors(self);
    if (runner_group_errors(scope->group) != NULL) {
        CHECK_CODE(code, RUNNER_EGROUP);
        /* A cancel from outside is told once more, since the errors have hidden it (R161). */
        self->asked = runner_task_cancelling(runner_current_task()) > 0;
    } else if (scope->cancelled) {
        /* By itself, and perhaps from outside as well: the group has taken back only its own. */
        CHECK(code == 0 || self->cancelling_after > 0);
        CHECK(code == 0 || code == RUNNER_ECANCELED);
    } else {
        int told = (self->parked && self->cancelled) || scope->code == RUNNER_ECANCELED;
        CHECK_CODE(code, told ? RUNNER_ECANCELED : 0);
    }
    self->code = self->leaving && code == RUNNER_EGROUP && chance(2) ? code : 0;
    CHECK_CODE(runner_group_spawn(scope->group, actor_coroutine, self, NULL, NULL),
               RUNNER_EFINISHED);
    runner_group_unref(scope->group);
    *scope = (scope_t){.code = 0};
}

static int group_holds(const actor_t *self)
{
    return scope_of(self)->group != NULL;
}

/* --- the whole --------------------------------------------------------------------------- */

static void groups_open(void)
{
    memset(&groups, 0, sizeof groups);
    for (int i = 0; i < MOST_ACTORS; i++)
        groups.owner[i] = NOBODY;
}

static void group_check(void)
{
    for (int i = 0; i < program.count; i++) {
        const actor_t *actor = &program.actors[i];
        const runner_group_t *group = scope_of(actor)->group;
        if (group != NULL)
            CHECK(runner_group_count(group) >= count_living(actor));
        else if (groups.owner[i] == NOBODY && actor->deadline_ms == UINT64_MAX)
            /* No group, time limit or parent has cancelled it, or has taken that back (R164). */
            CHECK(actor->task == NULL || runner_task_cancelling(actor->task) == actor->cancelling);
    }
}

static void group_quiet(void)
{
    for (int i = 0; i < program.count; i++) {
        const actor_t *actor = &program.actors[i];
        const scope_t *scope = scope_of(actor);
        CHECK(actor->call != CALL_CLOSE || count_living(actor) > 0);
        CHECK(scope->group == NULL || runner_group_count(scope->group) == count_living(actor));
        /* Where something went wrong everybody has heard of it, unless it waits for others that
         * have. */
        if (is_done(actor) || actor->told > 0 || actor->call == CALL_CLOSE)
            continue;
        CHECK(scope->fails == 0);
        CHECK(groups.owner[i] == NOBODY || !is_aborting(&groups.scopes[groups.owner[i]]));
    }
}

static void groups_close(void)
{
    for (int i = 0; i < program.count; i++) {
        CHECK(groups.scopes[i].group == NULL);
        CHECK(groups.drops[i] == (groups.owner[i] != NOBODY));
    }
}

static const kind_t group_kind = {
    .name = "group",
    .open = groups_open,
    .ended = group_ended,
    .begin = group_begin,
    .end = group_end,
    .holds = group_holds,
    .act = group_act,
    .check = group_check,
    .quiet = group_quiet,
    .close = groups_close,
    .most_actors = 3,
    .cancels = 1,
};

#endif
