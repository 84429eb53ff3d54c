/*
 * The kinds of check_interleavings.c that let some tasks through and make others wait: lock,
 * condition, semaphore, event, barrier.
 */
#ifndef INTERLEAVE_LOCKS_H
#define INTERLEAVE_LOCKS_H

#include "interleave.h"

/* --- lock -------------------------------------------------------------------------------- */

enum { CALL_ACQUIRE = CALL_KIND, CALL_WAIT };

static struct {
    runner_lock_t *lock;
    int holder;
} locks;

/* Also on behalf of the holder, who then has it no more. */
static void lock_release(int who)
{
    say(who, "release", 0);
    CHECK_CODE(runner_lock_release(locks.lock), locks.holder == NOBODY ? RUNNER_ENOTLOCKED : 0);
    locks.holder = NOBODY;
}

static int lock_acquire(actor_t *self)
{
    int free = locks.holder == NOBODY && runner_lock_waiters(locks.lock) == 0;
    calls(self, CALL_ACQUIRE, 0, "acquire");
    int code = runner_lock_acquire(locks.lock);
    CHECK(!free || (code == 0 && program.moment == self->moment));
    return code;
}

static void lock_end(actor_t *self, int call, int code)
{
    (void)call;
    if (code != 0) {
        CHECK_CODE(code, RUNNER_ECANCELED);
        return;
    }
    CHECK(locks.holder == NOBODY);
    CHECK(was_next(self, CALL_ACQUIRE));
    locks.holder = self->index;
}

static void lock_check(void)
{
    size_t most = count_waiting(CALL_ACQUIRE, 0);
    for (int box = 0; box < 2; box++)
        most += count_waiting(CALL_WAIT, box); /* a condition takes the lock again */
    CHECK(runner_lock_waiters(locks.lock) <= most);
    CHECK(first_waiting(CALL_ACQUIRE, 0) == NULL || runner_lock_waiters(locks.lock) > 0);
    CHECK(runner_lock_locked(locks.lock) == (locks.holder != NOBODY));
    runner_task_t *holder = locks.holder == NOBODY ? NULL : program.actors[locks.holder].task;
    if (locks.holder == NOBODY || holder != NULL) /* not one in its eager start */
        CHECK(runner_lock_holder(locks.lock) == runner_task_id(holder));
}

static void lock_quiet(void)
{
    CHECK(locks.holder != NOBODY || count_waiting(CALL_ACQUIRE, 0) == 0);
}

static void lock_open(void)
{
    CHECK_CODE(runner_lock_new(&locks.lock), 0);
    locks.holder = NOBODY;
}

static int lock_begin(actor_t *self)
{
    if (locks.holder != self->index)
        return lock_acquire(self);
    if (!self->leaving && chance(12))
        return lock_acquire(self); /* waits for itself */
    lock_release(self->index);
    return 0;
}

static int lock_holds(const actor_t *self)
{
    return locks.holder == self->index;
}

static void lock_act(void)
{
    if (chance(2))
        lock_release(CALLBACK);
}

static void lock_close(void)
{
    CHECK(locks.holder == NOBODY && runner_lock_waiters(locks.lock) == 0);
    runner_lock_unref(locks.lock);
}

static const kind_t lock_kind = {
    .name = "lock",
    .open = lock_open,
    .begin = lock_begin,
    .end = lock_end,
    .holds = lock_holds,
    .act = lock_act,
    .check = lock_check,
    .quiet = lock_quiet,
    .close = lock_close,
    .most_actors = 6,
};

/* --- condition --------------------------------------------------------------------------- */

/* Two conditions share a lock. Each stands for items in a box: who adds some notifies, who finds
 * none waits, who was woken takes one if there is one. So nobody waits at a box with items in it,
 * also if the one that was notified was cancelled: then the next has to be. */
enum { BOXES = 2 };

static struct {
    runner_condition_t *condition[BOXES];
    size_t items[BOXES];
    size_t wakes[BOXES]; /* how many waits may end with 0 at most */
} boxes;

static void condition_open(void)
{
    lock_open();
    for (int box = 0; box < BOXES; box++) {
        CHECK_CODE(runner_condition_new(&boxes.condition[box], locks.lock), 0);
        boxes.items[box] = boxes.wakes[box] = 0;
    }
}

/* Whoever holds the lock. */
static void condition_add(int who, int box)
{
    size_t waiting = count_waiting(CALL_WAIT, box);
    size_t count = 1 + (size_t)draw(2);
    size_t woken = count < waiting ? count : waiting;
    int code = 0;
    if (chance(6)) {
        say(who, "add, and notify all of box", box);
        code = runner_condition_notify_all(boxes.condition[box]);
        woken = waiting;
    } else {
        say(who, count == 1 ? "add one, and notify at box" : "add two, and notify at box", box);
        code = runner_condition_notify(boxes.condition[box], count);
    }
    CHECK_CODE(code, locks.holder == NOBODY ? RUNNER_ENOTLOCKED : 0);
    if (code == 0) {
        boxes.items[box] += count;
        boxes.wakes[box] += woken;
        if (chance(4))
            cancel_somebody(who);
    }
}

static void condition_take(actor_t *self, int box)
{
    say(self->index, "take one from box", box);
    boxes.items[box]--;
}

static int condition_wait(actor_t *self, int box)
{
    calls(self, CALL_WAIT, box, "wait at box");
    if (locks.holder == NOBODY) {
        self->call = CALL_NONE;
        CHECK_CODE(runner_condition_wait(boxes.condition[box]), RUNNER_ENOTLOCKED);
        return 0;
    }
    locks.holder = NOBODY;
    self->keeps_cancels = 1;
    return runner_condition_wait(boxes.condition[box]);
}

static int condition_begin(actor_t *self)
{
    int box = draw(BOXES);
    if (locks.holder != self->index)
        return locks.holder == NOBODY && chance(8) ? condition_wait(self, box) : lock_acquire(self);
    if (self->leaving || chance(4))
        lock_release(self->index);
    else if (chance(3))
        condition_add(self->index, box);
    else if (boxes.items[box] > 0)
        condition_take(self, box);
    else
        return condition_wait(self, box);
    return 0;
}

static void condition_end(actor_t *self, int call, int code)
{
    int box = self->object;
    if (call == CALL_ACQUIRE) {
        lock_end(self, call, code);
        return;
    }
    CHECK(locks.holder == NOBODY);
    locks.holder = self->index;
    if (code != 0) {
        CHECK_CODE(code, RUNNER_ECANCELED);
        boxes.wakes[box]++; /* it may have been woken, and wakes another */
        return;
    }
    CHECK(was_next(self, CALL_WAIT));
    CHECK(boxes.wakes[box]-- > 0);
    if (boxes.items[box] > 0)
        condition_take(self, box);
}

static void condition_act(void)
{
    if (chance(3))
        lock_release(CALLBACK);
    else
        condition_add(CALLBACK, draw(BOXES));
}

static void condition_quiet(void)
{
    lock_quiet();
    for (int i = 0; i < program.count && locks.holder == NOBODY; i++) {
        const actor_t *actor = &program.actors[i];
        if (actor->call != CALL_WAIT)
            continue;
        CHECK(boxes.items[actor->object] == 0);
        CHECK(actor->deadline_ms == UINT64_MAX && !was_cancelled(actor));
    }
}

static void condition_close(void)
{
    for (int box = 0; box < BOXES; box++)
        runner_condition_unref(boxes.condition[box]);
    lock_close();
}

static const kind_t condition_kind = {
    .name = "condition",
    .open = condition_open,
    .begin = condition_begin,
    .end = condition_end,
    .holds = lock_holds,
    .act = condition_act,
    .check = lock_check,
    .quiet = condition_quiet,
    .close = condition_close,
    .most_actors = 6,
};

/* --- semaphore --------------------------------------------------------------------------- */

static struct {
    runner_semaphore_t *semaphore;
    size_t total; /* what the value is when nobody has it */
    size_t held;
} sems;

static void semaphore_make(int bounded)
{
    sems.total = (size_t)draw(4);
    sems.held = 0;
    CHECK_CODE(bounded ? runner_semaphore_new_bounded(&sems.semaphore, sems.total)
                       : runner_semaphore_new(&sems.semaphore, sems.total),
               0);
}

static void semaphore_open(void)
{
    semaphore_make(0);
}

static void bounded_open(void)
{
    semaphore_make(1);
}

static void semaphore_release(actor_t *self)
{
    say(self->index, "release", 0);
    CHECK_CODE(runner_semaphore_release(sems.semaphore), 0);
    self->held--;
    sems.held--;
}

static int semaphore_begin(actor_t *self)
{
    if (self->held > 0 && (self->leaving || !chance(3))) {
        semaphore_release(self);
        return 0;
    }
    int free = !runner_semaphore_locked(sems.semaphore);
    calls(self, CALL_ACQUIRE, 0, "acquire");
    int code = runner_semaphore_acquire(sems.semaphore);
    /* It waits if and only if it has to. */
    CHECK(!free || (code == 0 && program.moment == self->moment));
    CHECK(free || code != 0 || program.moment != self->moment);
    return code;
}

static void semaphore_end(actor_t *self, int call, int code)
{
    (void)call;
    if (code != 0) {
        CHECK_CODE(code, RUNNER_ECANCELED);
        return;
    }
    CHECK(was_next(self, CALL_ACQUIRE));
    self->held++;
    sems.held++;
}

static int semaphore_holds(const actor_t *self)
{
    return self->held > 0;
}

/* A release by somebody who has not acquired it: of one that somebody has, or of one more. */
static void semaphore_act(void)
{
    actor_t *actor = &program.actors[draw(program.count)];
    if (actor->held > 0) {
        semaphore_release(actor);
    } else if (chance(4)) {
        say(CALLBACK, "release one more", 0);
        CHECK_CODE(runner_semaphore_release(sems.semaphore), 0);
        sems.total++;
    }
}

static void bounded_act(void)
{
    actor_t *actor = &program.actors[draw(program.count)];
    if (runner_semaphore_value(sems.semaphore) == sems.total)
        CHECK_CODE(runner_semaphore_release(sems.semaphore), RUNNER_ERELEASED);
    else if (actor->held > 0)
        semaphore_release(actor);
}

static void semaphore_check(void)
{
    size_t value = runner_semaphore_value(sems.semaphore);
    CHECK(value + sems.held <= sems.total);
    CHECK(sems.total - value - sems.held <= count_waiting(CALL_ACQUIRE, 0)); /* on their way */
    CHECK(runner_semaphore_locked(sems.semaphore) || value > 0);
    CHECK(runner_semaphore_locked(sems.semaphore) || first_waiting(CALL_ACQUIRE, 0) == NULL);
}

static void semaphore_quiet(void)
{
    size_t value = runner_semaphore_value(sems.semaphore);
    CHECK(value + sems.held == sems.total);
    CHECK(value == 0 || count_waiting(CALL_ACQUIRE, 0) == 0);
    CHECK(runner_semaphore_locked(sems.semaphore) == (value == 0));
}

static void semaphore_close(void)
{
    CHECK(sems.held == 0 && runner_semaphore_value(sems.semaphore) == sems.total);
    runner_semaphore_unref(sems.semaphore);
}

static const kind_t semaphore_kind = {
    .name = "semaphore",
    .open = semaphore_open,
    .begin = semaphore_begin,
    .end = semaphore_end,
    .holds = semaphore_holds,
    .act = semaphore_act,
    .check = semaphore_check,
    .quiet = semaphore_quiet,
    .close = semaphore_close,
    .most_actors = 6,
};

static const kind_t bounded_kind = {
    .name = "bounded semaphore",
    .open = bounded_open,
    .begin = semaphore_begin,
    .end = semaphore_end,
    .holds = semaphore_holds,
    .act = bounded_act,
    .check = semaphore_check,
    .quiet = semaphore_quiet,
    .close = semaphore_close,
    .most_actors = 6,
};

/* --- event ------------------------------------------------------------------------------- */

static struct {
    runner_event_t *event;
    int set;
    uint64_t sets; /* how often it became set */
} events;

static void event_open(void)
{
    CHECK_CODE(runner_event_new(&events.event), 0);
    events.set = 0;
    events.sets = 0;
}

static void event_act(void)
{
    if (chance(2)) {
        say(CALLBACK, "set", 0);
        CHECK_CODE(runner_event_set(events.event), 0);
        events.sets += !events.set;
        events.set = 1;
    } else {
        say(CALLBACK, "clear", 0);
        CHECK_CODE(runner_event_clear(events.event), 0);
        events.set = 0;
    }
}

static int event_begin(actor_t *self)
{
    if (chance(3)) {
        event_act();
        return 0;
    }
    int set = events.set;
    calls(self, CALL_WAIT, 0, "wait");
    self->mark = events.sets;
    int code = runner_event_wait(events.event);
    CHECK(!set || (code == 0 && program.moment == self->moment));
    return code;
}

static void event_end(actor_t *self, int call, int code)
{
    (void)call;
    if (code != 0) {
        CHECK_CODE(code, RUNNER_ECANCELED);
        return;
    }
    if (!self->parked) {
        CHECK(events.set);
        return;
    }
    /* It was set meanwhile, though it may be clear again. Who came earlier was woken as well. */
    CHECK(events.sets > self->mark);
    CHECK(was_next(self, CALL_WAIT));
}

static void event_check(void)
{
    CHECK(runner_event_is_set(events.event) == events.set);
}

static void event_quiet(void)
{
    for (int i = 0; i < program.count; i++)
        CHECK(!waits(&program.actors[i], CALL_WAIT, 0) ||
              (!events.set && events.sets == program.actors[i].mark));
}

static void event_close(void)
{
    runner_event_unref(events.event);
}

static const kind_t event_kind = {
    .name = "event",
    .open = event_open,
    .begin = event_begin,
    .end = event_end,
    .act = event_act,
    .check = event_check,
    .quiet = event_quiet,
    .close = event_close,
    .most_actors = 6,
};

/* --- barrier ----------------------------------------------------------------------------- */

static struct {
    runner_barrier_t *barrier;
    size_t parties;
    size_t left;     /* of the tasks that are passing, at most */
    unsigned gone;   /* the numbers that they were given, as bits */
    int broken;      /* abort() was the last of abort() and reset() */
    uint64_t breaks; /* how often one of them was called */
} barriers;

/* Who waits now has to be told that the barrier was broken. Not who came while others were passing:
 * it does not take part yet. */
static void barrier_break(void)
{
    barriers.breaks++;
    if (runner_barrier_waiting(barriers.barrier) != count_waiting(CALL_WAIT, 0))
        return;
    for (int i = 0; i < program.count; i++)
        if (waits(&program.actors[i], CALL_WAIT, 0))
            program.actors[i].held = 1;
}

static void barrier_open(void)
{
    memset(&barriers, 0, sizeof barriers);
    barriers.parties = 1 + (size_t)draw(4);
    CHECK_CODE(runner_barrier_new(&barriers.barrier, barriers.parties), 0);
}

static void barrier_reset(int who)
{
    say(who, "reset", 0);
    barrier_break();
    CHECK_CODE(runner_barrier_reset(barriers.barrier), 0);
    barriers.broken = 0;
}

static void barrier_abort(int who)
{
    say(who, "abort", 0);
    barrier_break();
    CHECK_CODE(runner_barrier_abort(barriers.barrier), 0);
    barriers.broken = 1;
}

static void barrier_act(void)
{
    if (barriers.broken ? chance(2) : chance(8))
        barrier_reset(CALLBACK);
    else if (chance(12))
        barrier_abort(CALLBACK);
}

static int barrier_begin(actor_t *self)
{
    if (chance(4)) {
        barrier_act();
        return 0;
    }
    calls(self, CALL_WAIT, 0, "wait");
    self->held = 0;
    self->mark = barriers.breaks;
    self->number = SIZE_MAX;
    return runner_barrier_wait(barriers.barrier, &self->number);
}

static void barrier_end(actor_t *self, int call, int code)
{
    (void)call;
    if (code != 0)
        CHECK(self->number == SIZE_MAX);
    if (code == RUNNER_EBROKEN)
        CHECK(barriers.broken || barriers.breaks > self->mark);
    else if (code != 0)
        CHECK_CODE(code, RUNNER_ECANCELED);
    if (code != 0)
        return;
    say(self->index, "passes as", (long)self->number);
    CHECK(!self->held && self->number < barriers.parties);
    /* The last to come passes first, while the others still wait. */
    if (self->number == barriers.parties - 1) {
        CHECK(count_waiting(CALL_WAIT, 0) + 1 >= barriers.parties);
        barriers.left = barriers.parties;
        barriers.gone = 0;
    }
    CHECK(barriers.left-- > 0);
    CHECK((barriers.gone & (1u << self->number)) == 0);
    barriers.gone |= 1u << self->number;
}

static void barrier_check(void)
{
    CHECK(runner_barrier_parties(barriers.barrier) == barriers.parties);
    CHECK(runner_barrier_broken(barriers.barrier) == barriers.broken);
    CHECK(runner_barrier_waiting(barriers.barrier) < barriers.parties);
    CHECK(runner_barrier_waiting(barriers.barrier) <= count_waiting(CALL_WAIT, 0));
}

static void barrier_quiet(void)
{
    size_t waiting = count_waiting(CALL_WAIT, 0);
    CHECK(runner_barrier_waiting(barriers.barrier) == waiting);
    CHECK(waiting < barriers.parties);
    CHECK(!barriers.broken || waiting == 0);
    for (int i = 0; i < program.count; i++)
        CHECK(!waits(&program.actors[i], CALL_WAIT, 0) || !program.actors[i].held);
}

static void barrier_close(void)
{
    CHECK(runner_barrier_waiting(barriers.barrier) == 0);
    runner_barrier_unref(barriers.barrier);
}

static const kind_t barrier_kind = {
    .name = "barrier",
    .open = barrier_open,
    .begin = barrier_begin,
    .end = barrier_end,
    .act = barrier_act,
    .check = barrier_check,
    .quiet = barrier_quiet,
    .close = barrier_close,
    .most_actors = 6,
};

#endif
