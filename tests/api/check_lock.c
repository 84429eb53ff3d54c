/* Locks: one task at a time, in the order of their coming. */
#include "waiting.h"

/* --- taking and giving ------------------------------------------------------------------- */

static int take_free_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    check_not_held(scene->lock, 0);
    call_soon("soon");
    take(scene->lock);
    log_add("main");
    give(scene->lock);
    check_not_held(scene->lock, 0);
    actor_t *a = start(scene, "a", TAKE YIELD GIVE TAKE YIELD YIELD GIVE);
    turn("t1");
    check_held(scene->lock, a, 0);
    turn("t2");
    check_held(scene->lock, a, 0);
    turn("t3");
    turn("t4");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_free_lock_is_taken_at_once)
{
    run(take_free_lock, _i);
    log_expect("main,soon,a took,t1,a took,t2,t3,t4");
}
END_TEST

static int hand_over_to_three(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    give(scene->lock);
    turn("t2");
    check_held(scene->lock, a, 1);
    turn("t3");
    actor_t *c = start(scene, "c", TAKE); /* its first step comes before the next turn of "b" */
    give(scene->lock);
    turn("t4");
    check_held(scene->lock, b, 1);
    give(scene->lock);
    turn("t5");
    check_held(scene->lock, c, 0); /* it has ended, and nobody has released the lock */
    give(scene->lock);
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_lock_is_handed_over_in_the_order_of_coming_and_a_turn_later)
{
    run(hand_over_to_three, _i);
    log_expect("t1,a took,t2,t3,b took,t4,c took,t5");
}
END_TEST

static int come_after_hand_over(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "a", TAKE GIVE);
    turn("t1");
    give(scene->lock);
    check_not_held(scene->lock, 1);
    ck_assert_code(runner_lock_release(scene->lock), RUNNER_ENOTLOCKED);
    start(scene, "late", TAKE GIVE);
    take(scene->lock);
    log_add("main");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t2");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_lock_that_was_handed_over_is_not_locked_and_nobody_comes_in_between)
{
    run(come_after_hand_over, _i);
    log_expect("t1,a took,main,late took,t2");
}
END_TEST

static int hand_over_in_a_chain(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "a", TAKE GIVE TAKE GIVE);
    start(scene, "b", TAKE YIELD GIVE TAKE GIVE);
    start(scene, "c", TAKE GIVE TAKE GIVE);
    turn("t1");
    give(scene->lock);
    for (const char *entry = "2345678"; *entry != '\0'; entry++) {
        ck_assert_code(runner_yield(), 0);
        log_add("t%c", *entry);
    }
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_gives_the_lock_away_and_takes_it_again_goes_to_the_end_of_the_line)
{
    run(hand_over_in_a_chain, _i);
    log_expect("t1,a took,t2,b took,t3,t4,c took,t5,a took,t6,b took,t7,c took,t8");
}
END_TEST

/* --- who releases it --------------------------------------------------------------------- */

static int release_callback(void *arg)
{
    return runner_lock_release(arg);
}

static int release_by_others(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", TAKE YIELD YIELD YIELD);
    turn("t1");
    check_held(scene->lock, a, 0);
    ck_assert_code(runner_call_soon(runner_current(), release_callback, scene->lock, NULL), 0);
    take(scene->lock);
    log_add("main");
    start(scene, "b", GIVE);
    take(scene->lock);
    log_add("main");
    give(scene->lock);
    turn("t2");
    return 0;
}

START_TEST(any_task_or_callback_may_release_it)
{
    run(release_by_others, _i);
    log_expect("a took,t1,main,main,t2");
}
END_TEST

static int leave_two(void *arg, void **result)
{
    (void)result;
    start(arg, "a", TAKE);
    start(arg, "b", TAKE);
    return runner_yield();
}

START_TEST(it_can_be_released_between_runs)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, leave_two, &scene, NULL, NULL), 0);
    check_held(scene.lock, &scene.actors[0], 1);
    give(scene.lock);
    log_expect("a took");
    ck_assert_code(runner_run(runner, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("b took,main");
    check_held(scene.lock, &scene.actors[1], 0);
    give(scene.lock);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- many -------------------------------------------------------------------------------- */

enum { CROWD = 40, ROUNDS = 10 };

typedef struct crowd {
    runner_lock_t *lock;
    int inside;
    int turns; /* how often somebody was inside */
    int rounds[CROWD];
    int next[CROWD]; /* of a stackless member: 0 begins, 1 has the lock, 2 has yielded */
} crowd_t;

typedef struct member {
    crowd_t *crowd;
    int number;
} member_t;

static void go_in(const member_t *member)
{
    crowd_t *crowd = member->crowd;
    ck_assert_int_eq(crowd->inside++, 0);
    ck_assert_int_eq(crowd->turns++ % CROWD, member->number);
}

static void go_out(const member_t *member)
{
    member->crowd->inside--;
    member->crowd->rounds[member->number]++;
    ck_assert_code(runner_lock_release(member->crowd->lock), 0);
}

static int go_round(void *arg, void **result)
{
    const member_t *member = arg;
    (void)result;
    while (member->crowd->rounds[member->number] < ROUNDS) {
        ck_assert_code(runner_lock_acquire(member->crowd->lock), 0);
        go_in(member);
        ck_assert_code(runner_yield(), 0);
        go_out(member);
    }
    return 0;
}

static int go_round_in_steps(void *arg, int status, void **result)
{
    const member_t *member = arg;
    int *next = &member->crowd->next[member->number];
    (void)result;
    ck_assert_code(status, 0);
    for (;;) {
        switch ((*next)++) {
        case 0:
            status = runner_lock_acquire(member->crowd->lock);
            if (status == RUNNER_EPARKED) {
                return status;
            }
            ck_assert_code(status, 0);
            break;
        case 1:
            go_in(member);
            return runner_yield();
        default:
            go_out(member);
            if (member->crowd->rounds[member->number] == ROUNDS) {
                return 0;
            }
            *next = 0;
            break;
        }
    }
}

static int let_crowd_go_round(void *arg, void **result)
{
    crowd_t *crowd = arg;
    member_t members[CROWD];
    runner_task_t *tasks[CROWD];
    (void)result;
    for (int i = 0; i < CROWD; i++) {
        members[i] = (member_t){crowd, i};
        ck_assert_code(i % 2 ? runner_spawn_step(go_round_in_steps, &members[i], NULL, &tasks[i])
                             : runner_spawn(go_round, &members[i], NULL, &tasks[i]),
                       0);
    }
    for (int i = 0; i < CROWD; i++) {
        ck_assert_code(runner_await(tasks[i], NULL), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(a_crowd_goes_round_one_at_a_time_and_in_order)
{
    runner_t *runner = test_runner();
    crowd_t crowd = {.lock = new_lock()};
    ck_assert_code(runner_run(runner, let_crowd_go_round, &crowd, NULL, NULL), 0);
    ck_assert_int_eq(crowd.turns, (intmax_t)CROWD * ROUNDS);
    check_not_held(crowd.lock, 0);
    runner_free(runner);
    runner_lock_unref(crowd.lock);
}
END_TEST

/* --- stackless tasks --------------------------------------------------------------------- */

static int wait_and_leave(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    ck_assert_code(runner_lock_acquire(arg), RUNNER_EPARKED);
    log_add("left");
    return 0;
}

static int leave_the_line(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    take(scene->lock);
    ck_assert_code(runner_spawn_step(wait_and_leave, scene->lock, NULL, &task), 0);
    start(scene, "a", TAKE GIVE);
    ck_assert_code(runner_await(task, result), 0);
    runner_task_unref(task);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t1");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_step_that_returns_while_it_waits_leaves_the_line)
{
    run(leave_the_line, STACKLESS);
    log_expect("left,a took,t1");
}
END_TEST

/* Parks in line for a lock that it holds itself, releases it and returns. */
static int leave_with_the_lock(void *arg, int status, void **result)
{
    scene_t *scene = arg;
    (void)status;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_lock_acquire(scene->lock), RUNNER_EPARKED);
    start_now(scene, "b", TAKE);
    give(scene->lock); /* to itself */
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    return 0;
}

/* The same, but it is told by a cancel that it will not get the lock. */
static int leave_cancelled(void *arg, int status, void **result)
{
    scene_t *scene = arg;
    (void)status;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    ck_assert_code(runner_lock_acquire(scene->lock), RUNNER_EPARKED);
    start_now(scene, "b", TAKE);
    give(scene->lock); /* to nobody: it stands at the head of the line still */
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    return 0;
}

static void leave_to_next(scene_t *scene, runner_step_fn step)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(step, scene, NULL, &task), 0);
    turn("t1");
    ck_assert_int_eq(runner_task_done(task), 1);
    runner_task_unref(task);
    check_not_held(scene->lock, 1);
    turn("t2");
    check_held(scene->lock, &scene->actors[0], 0);
}

static int hand_on_by_leaving(void *arg, void **result)
{
    (void)result;
    leave_to_next(arg, leave_with_the_lock);
    return 0;
}

static int let_cancelled_leave(void *arg, void **result)
{
    (void)result;
    leave_to_next(arg, leave_cancelled);
    return 0;
}

START_TEST(a_step_that_returns_when_it_was_given_the_lock_hands_it_on)
{
    run(hand_on_by_leaving, _i);
    log_expect("t1,b took,t2");
}
END_TEST

START_TEST(a_cancelled_step_that_returns_while_it_waits_lets_the_next_in)
{
    run(let_cancelled_leave, _i);
    log_expect("t1,b took,t2");
}
END_TEST

typedef struct busy {
    runner_lock_t *lock;
    int called;
} busy_t;

static int take_while_parked(void *arg, int status, void **result)
{
    busy_t *busy = arg;
    (void)result;
    if (busy->called++ > 0) {
        log_add("%s", code_name(status));
        return 0;
    }
    int code = runner_sleep(5);
    ck_assert_code(runner_lock_acquire(busy->lock), RUNNER_EBUSY);
    return code;
}

static int await_busy_steps(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    for (int held = 0; held < 2; held++) {
        busy_t busy = {scene->lock, 0};
        runner_task_t *task = NULL;
        ck_assert_code(runner_spawn_step(take_while_parked, &busy, NULL, &task), 0);
        ck_assert_code(runner_await(task, NULL), 0);
        runner_task_unref(task);
        ck_assert_int_eq(runner_lock_locked(scene->lock), held);
        ck_assert_uint_eq(runner_lock_waiters(scene->lock), 0);
        if (!held) {
            take(scene->lock);
        }
    }
    give(scene->lock);
    return 0;
}

START_TEST(a_step_that_is_parked_already_can_not_take_it)
{
    run(await_busy_steps, STACKLESS);
    log_expect("0,0");
}
END_TEST

/* --- the list of tasks ------------------------------------------------------------------- */

static int look_at_waiters(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE YIELD GIVE);
    actor_t *c = start(scene, "c", TAKE GIVE);
    turn("t1");
    const actor_t *const waiting[] = {b, c};
    for (int i = 0; i < 2; i++) {
        runner_task_info_t info = info_of(waiting[i]);
        ck_assert_int_eq(info.state, RUNNER_STATE_WAITING);
        ck_assert_pstr_eq(info.waits, "lock");
        ck_assert_uint_eq(info.awaits, runner_task_id(a->task));
    }
    give(scene->lock);
    runner_task_info_t info = info_of(b);
    ck_assert_int_eq(info.state, RUNNER_STATE_READY);
    ck_assert_pstr_eq(info.waits, NULL);
    ck_assert_uint_eq(info.awaits, 0);
    info = info_of(c);
    ck_assert_pstr_eq(info.waits, "lock");
    ck_assert_uint_eq(info.awaits, 0); /* nobody holds it at this moment */
    turn("t2");
    ck_assert_uint_eq(info_of(c).awaits, runner_task_id(b->task));
    turn("t3");
    turn("t4");
    return 0;
}

START_TEST(the_list_of_tasks_shows_who_waits_for_a_lock_and_who_holds_it)
{
    run(look_at_waiters, _i);
    log_expect("a took,t1,b took,t2,t3,c took,t4");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *tcase = test_case(suite, "taking and giving");
    add_for_each_kind(tcase, a_free_lock_is_taken_at_once);
    add_for_each_kind(tcase, a_lock_is_handed_over_in_the_order_of_coming_and_a_turn_later);
    add_for_each_kind(tcase, a_lock_that_was_handed_over_is_not_locked_and_nobody_comes_in_between);
    add_for_each_kind(tcase,
                      who_gives_the_lock_away_and_takes_it_again_goes_to_the_end_of_the_line);
    tcase = test_case(suite, "who releases it");
    add_for_each_kind(tcase, any_task_or_callback_may_release_it);
    add_for_two_kinds(tcase, it_can_be_released_between_runs);
    tcase = test_case(suite, "many");
    tcase_add_test(tcase, a_crowd_goes_round_one_at_a_time_and_in_order);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, a_step_that_returns_while_it_waits_leaves_the_line);
    add_for_two_kinds(tcase, a_step_that_returns_when_it_was_given_the_lock_hands_it_on);
    add_for_two_kinds(tcase, a_cancelled_step_that_returns_while_it_waits_lets_the_next_in);
    tcase_add_test(tcase, a_step_that_is_parked_already_can_not_take_it);
    tcase = test_case(suite, "list of tasks");
    add_for_two_kinds(tcase, the_list_of_tasks_shows_who_waits_for_a_lock_and_who_holds_it);
    return test_main(suite);
}
