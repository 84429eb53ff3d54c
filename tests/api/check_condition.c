/* Conditions: tasks that share a lock wait until another one says that something has changed. */
#include "waiting.h"

/* --- waiting and notifying --------------------------------------------------------------- */

static int notify_three(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT);
    start(scene, "b", ENTER WAIT);
    start(scene, "c", ENTER WAIT);
    turn("t1");
    check_not_held(scene->lock, 0); /* waiting has released it each time */
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    turn("t2");
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t3");
    check_held(scene->lock, &scene->actors[0], 0);
    ck_assert_code(runner_condition_notify(scene->condition, 2), 0);
    turn("t4");
    check_held(scene->lock, &scene->actors[0], 2);
    give(scene->lock);
    turn("t5");
    check_held(scene->lock, &scene->actors[1], 1);
    give(scene->lock);
    turn("t6");
    check_held(scene->lock, &scene->actors[2], 0);
    return 0;
}

START_TEST(who_is_notified_goes_on_once_it_has_the_lock)
{
    run(notify_three, _i);
    log_expect("t1,t2,a woke,t3,t4,b woke,t5,c woke,t6");
}
END_TEST

static int notify_counts(void *arg, void **result)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    scene_t *scene = arg;
    (void)result;
    for (int i = 0; i < 6; i++) {
        start(scene, names[i], ENTER WAIT GIVE);
    }
    turn("t1");
    notify(scene, 0);
    turn("t2");
    notify(scene, 1);
    turn("t3");
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0); /* means the next one */
    give(scene->lock);
    turn("t4");
    notify(scene, 2048);
    turn("t5");
    notify(scene, 1); /* there is nobody left */
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(so_many_are_woken_as_were_notified_in_the_order_of_their_coming)
{
    run(notify_counts, _i);
    log_expect("t1,t2,a woke,t3,b woke,c woke,t4,d woke,e woke,f woke,t5");
}
END_TEST

static int notify_all_free(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT);
    start(scene, "b", ENTER WAIT);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify_all(scene->condition), 0);
    give(scene->lock);
    start(scene, "late", ENTER WAIT GIVE); /* a notification that came before is not for it */
    turn("t2");
    check_held(scene->lock, &scene->actors[0], 2);
    give(scene->lock);
    turn("t3");
    check_held(scene->lock, &scene->actors[1], 1);
    give(scene->lock);
    turn("t4");
    notify(scene, 1);
    turn("t5");
    return 0;
}

START_TEST(all_that_wait_are_woken_and_get_the_lock_one_after_the_other)
{
    run(notify_all_free, _i);
    log_expect("t1,a woke,t2,b woke,t3,t4,late woke,t5");
}
END_TEST

static int notify_all_while_held(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    turn("t1");
    start(scene, "x", TAKE GIVE);
    take(scene->lock);
    turn("t2");
    ck_assert_code(runner_condition_notify_all(scene->condition), 0);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1); /* they join the line when they run */
    turn("t3");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 3);
    give(scene->lock);
    turn("t4");
    turn("t5");
    turn("t6");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_notified_stands_in_line_for_the_lock_behind_those_who_came_before)
{
    run(notify_all_while_held, _i);
    log_expect("t1,t2,t3,x took,t4,a woke,t5,b woke,t6");
}
END_TEST

static int race_for_the_line(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    start(scene, "x", TAKE GIVE); /* runs after "a", before "b" */
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    turn("t2");
    give(scene->lock);
    turn("t3");
    turn("t4");
    turn("t5");
    return 0;
}

START_TEST(who_is_notified_has_no_advantage_over_who_asks_for_the_lock)
{
    run(race_for_the_line, _i);
    log_expect("t1,t2,a woke,t3,x took,t4,b woke,t5");
}
END_TEST

static int take_before_the_woken(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    notify(scene, 1);
    take(scene->lock); /* free: "a" does not stand in line yet */
    turn("t2");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t3");
    return 0;
}

START_TEST(the_lock_may_be_taken_before_who_is_notified_has_run)
{
    run(take_before_the_woken, _i);
    log_expect("t1,t2,a woke,t3");
}
END_TEST

static int wait_with_a_line(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "x", TAKE YIELD NOTIFY GIVE);
    start(scene, "y", TAKE GIVE);
    turn("t1");
    call_soon("soon");
    ck_assert_code(runner_condition_wait(scene->condition), 0);
    log_add("main");
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 0);
    return 0;
}

START_TEST(waiting_hands_the_lock_to_the_next_in_line)
{
    run(wait_with_a_line, _i);
    log_expect("t1,soon,x took,y took,main");
}
END_TEST

/* --- who does what ----------------------------------------------------------------------- */

static int wait_for_another(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", WAIT); /* gives away what main holds */
    turn("t1");
    check_not_held(scene->lock, 0);
    notify(scene, 1);
    turn("t2");
    check_held(scene->lock, a, 0);
    return 0;
}

START_TEST(it_does_not_matter_who_holds_the_lock)
{
    run(wait_for_another, _i);
    log_expect("t1,a woke,t2");
}
END_TEST

static int notify_callback(void *arg)
{
    const scene_t *scene = arg;
    log_add("callback %s", code_name(runner_condition_notify(scene->condition, 1)));
    return 0;
}

static int notify_by_callback(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    ck_assert_code(runner_call_soon(runner_current(), notify_callback, scene, NULL), 0);
    turn("t2");
    take(scene->lock);
    ck_assert_code(runner_call_soon(runner_current(), notify_callback, scene, NULL), 0);
    turn("t3");
    give(scene->lock);
    turn("t4");
    turn("t5");
    return 0;
}

START_TEST(a_callback_may_notify_while_somebody_holds_the_lock)
{
    run(notify_by_callback, _i);
    log_expect("t1,callback RUNNER_ENOTLOCKED,t2,callback 0,t3,a woke,t4,t5");
}
END_TEST

static int leave_waiter_and_take(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    return 0;
}

START_TEST(it_can_be_notified_between_runs)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, leave_waiter_and_take, &scene, NULL, NULL), 0);
    ck_assert_code(runner_condition_notify(scene.condition, 1), 0);
    give(scene.lock);
    log_expect("t1");
    ck_assert_code(runner_run(runner, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("a woke,main");
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- the lock of a condition ------------------------------------------------------------- */

static int take_both_ways(void *arg, void **result)
{
    const runner_condition_t *condition = arg;
    runner_lock_t *lock = runner_condition_lock(condition);
    (void)result;
    check_not_held(lock, 0);
    take(lock);
    ck_assert_int_eq(runner_lock_locked(runner_condition_lock(condition)), 1);
    give(runner_condition_lock(condition));
    check_not_held(lock, 0);
    return 0;
}

START_TEST(a_condition_has_a_lock_of_its_own_or_the_one_that_it_was_given)
{
    runner_t *runner = test_runner();
    runner_condition_t *own = NULL;
    runner_condition_t *given = NULL;
    runner_lock_t *lock = new_lock();
    ck_assert_code(runner_condition_new(&own, NULL), 0);
    ck_assert_code(runner_condition_new(&given, lock), 0);
    ck_assert_ptr_nonnull(runner_condition_lock(own));
    ck_assert_ptr_ne(runner_condition_lock(own), lock);
    ck_assert_ptr_eq(runner_condition_lock(given), lock);
    ck_assert_code(runner_run(runner, take_both_ways, own, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, take_both_ways, given, NULL, NULL), 0);
    runner_lock_unref(lock); /* the condition keeps it */
    ck_assert_code(runner_run(runner, take_both_ways, given, NULL, NULL), 0);
    runner_condition_unref(own);
    runner_condition_unref(given);
    runner_free(runner);
}
END_TEST

static int notify_one_of_two_conditions(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT_OTHER GIVE);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify_all(scene->other), 0);
    give(scene->lock);
    turn("t2");
    notify(scene, 1);
    turn("t3");
    return 0;
}

START_TEST(conditions_that_share_a_lock_are_notified_each_by_itself)
{
    run(notify_one_of_two_conditions, _i);
    log_expect("t1,b woke,t2,a woke,t3");
}
END_TEST

/* --- waiting for something --------------------------------------------------------------- */

typedef struct door {
    runner_condition_t *condition;
    int open;
    int asked; /* stackless: has asked for the lock */
} door_t;

/* Holds the lock. What other languages call wait_for(predicate). */
static int wait_until_open(const door_t *door)
{
    int code = 0;
    while (code == 0 && !door->open) {
        code = runner_condition_wait(door->condition);
    }
    return code;
}

static int go_through(void *arg, void **result)
{
    door_t *door = arg;
    (void)result;
    take(runner_condition_lock(door->condition));
    ck_assert_code(wait_until_open(door), 0);
    log_add("through");
    give(runner_condition_lock(door->condition));
    return 0;
}

static int go_through_in_steps(void *arg, int status, void **result)
{
    door_t *door = arg;
    (void)result;
    ck_assert_code(status, 0);
    if (!door->asked) {
        door->asked = 1;
        take(runner_condition_lock(door->condition));
    }
    int code = wait_until_open(door);
    if (code != RUNNER_EPARKED) {
        ck_assert_code(code, 0);
        log_add("through");
        give(runner_condition_lock(door->condition));
    }
    return code;
}

static int open_the_door(void *arg, void **result)
{
    scene_t *scene = arg;
    door_t door = {scene->condition, 0, 0};
    runner_task_t *task = NULL;
    ck_assert_code(scene->kind == STACKLESS
                       ? runner_spawn_step(go_through_in_steps, &door, NULL, &task)
                       : runner_spawn(go_through, &door, NULL, &task),
                   0);
    turn("t1");
    notify(scene, 1);
    turn("t2"); /* notified for nothing: it waits again */
    ck_assert_int_eq(runner_task_done(task), 0);
    check_not_held(scene->lock, 0);
    door.open = 1;
    notify(scene, 1);
    turn("t3");
    ck_assert_int_eq(runner_task_done(task), 1);
    runner_task_unref(task);
    /* What is so already needs no wait, and no lock. */
    ck_assert_code(wait_until_open(&door), 0);
    door.open = 0;
    ck_assert_code(wait_until_open(&door), RUNNER_ENOTLOCKED);
    *result = NULL;
    return 0;
}

START_TEST(a_loop_waits_until_something_is_so)
{
    run(open_the_door, _i);
    log_expect("t1,t2,through,t3");
}
END_TEST

/* --- a buffer ---------------------------------------------------------------------------- */

enum { PRODUCERS = 4, CONSUMERS = 3, ROOM = 2, ITEMS = 60 };

typedef struct buffer {
    runner_lock_t *lock;
    runner_condition_t *not_full;
    runner_condition_t *not_empty;
    int items[ROOM];
    int count;
    int put; /* how many were put in, taken out */
    int got;
} buffer_t;

typedef struct role {
    buffer_t *buffer;
    int produces;
    int left;     /* items that it has to move */
    int has_lock; /* stackless */
} role_t;

/* Under the lock: moves one item, or returns the code of a wait. */
static int move_item(role_t *role)
{
    buffer_t *buffer = role->buffer;
    while (buffer->count == (role->produces ? ROOM : 0)) {
        int code = runner_condition_wait(role->produces ? buffer->not_full : buffer->not_empty);
        if (code != 0) {
            return code;
        }
    }
    role->left--;
    if (role->produces) {
        buffer->items[buffer->count++] = buffer->put++;
        return runner_condition_notify(buffer->not_empty, 1);
    }
    ck_assert_int_eq(buffer->items[0], buffer->got++);
    buffer->items[0] = buffer->items[1];
    buffer->count--;
    return runner_condition_notify(buffer->not_full, 1);
}

static int move_items(void *arg, void **result)
{
    role_t *role = arg;
    (void)result;
    while (role->left > 0) {
        take(role->buffer->lock);
        ck_assert_code(move_item(role), 0);
        ck_assert_code(runner_lock_release(role->buffer->lock), 0);
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static int move_items_in_steps(void *arg, int status, void **result)
{
    role_t *role = arg;
    (void)result;
    ck_assert_code(status, 0);
    while (role->left > 0) {
        int code = role->has_lock ? 0 : runner_lock_acquire(role->buffer->lock);
        role->has_lock = 1;
        code = code == 0 ? move_item(role) : code;
        if (code == RUNNER_EPARKED) {
            return code;
        }
        ck_assert_code(code, 0);
        role->has_lock = 0;
        ck_assert_code(runner_lock_release(role->buffer->lock), 0);
    }
    return 0;
}

static int fill_and_empty(void *arg, void **result)
{
    role_t roles[PRODUCERS + CONSUMERS];
    runner_task_t *tasks[PRODUCERS + CONSUMERS];
    (void)result;
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        int produces = i < PRODUCERS;
        roles[i] = (role_t){arg, produces, ITEMS / (produces ? PRODUCERS : CONSUMERS), 0};
        ck_assert_code(i % 2 ? runner_spawn_step(move_items_in_steps, &roles[i], NULL, &tasks[i])
                             : runner_spawn(move_items, &roles[i], NULL, &tasks[i]),
                       0);
    }
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        ck_assert_code(runner_await(tasks[i], NULL), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(two_conditions_make_a_buffer)
{
    runner_t *runner = test_runner();
    buffer_t buffer = {.lock = new_lock()};
    ck_assert_code(runner_condition_new(&buffer.not_full, buffer.lock), 0);
    ck_assert_code(runner_condition_new(&buffer.not_empty, buffer.lock), 0);
    ck_assert_code(runner_run(runner, fill_and_empty, &buffer, NULL, NULL), 0);
    ck_assert_int_eq(buffer.got, ITEMS);
    ck_assert_int_eq(buffer.put, ITEMS);
    check_not_held(buffer.lock, 0);
    runner_condition_unref(buffer.not_full);
    runner_condition_unref(buffer.not_empty);
    runner_lock_unref(buffer.lock);
    runner_free(runner);
}
END_TEST

/* --- stackless tasks --------------------------------------------------------------------- */

static int wait_and_leave(void *arg, int status, void **result)
{
    const scene_t *scene = arg;
    (void)status;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_condition_wait(scene->condition), RUNNER_EPARKED);
    check_not_held(scene->lock, 0);
    log_add("left");
    return 0;
}

static int leave_waiting(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(wait_and_leave, scene, NULL, &task), 0);
    start(scene, "a", ENTER WAIT GIVE);
    ck_assert_code(runner_await(task, result), 0);
    runner_task_unref(task);
    check_not_held(scene->lock, 0);
    notify(scene, 1);
    turn("t1");
    return 0;
}

START_TEST(a_step_that_returns_while_it_waits_is_forgotten)
{
    run(leave_waiting, STACKLESS);
    log_expect("left,a woke,t1");
}
END_TEST

/* Waits, is notified, and returns in one step. */
static int leave_notified(void *arg, int status, void **result)
{
    scene_t *scene = arg;
    (void)status;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_condition_wait(scene->condition), RUNNER_EPARKED);
    start_now(scene, "b", ENTER WAIT GIVE);
    start_now(scene, "n", TAKE NOTIFY GIVE); /* means the step */
    log_add("left");
    return 0;
}

static int hand_on_by_leaving(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(leave_notified, scene, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    check_not_held(scene->lock, 0);
    turn("t1");
    return code;
}

START_TEST(a_step_that_returns_when_it_is_notified_hands_that_on)
{
    run(hand_on_by_leaving, _i);
    log_expect("n took,left,b woke,t1");
}
END_TEST

typedef struct busy {
    const scene_t *scene;
    int called;
} busy_t;

static int wait_while_parked(void *arg, int status, void **result)
{
    busy_t *busy = arg;
    (void)result;
    if (busy->called++ > 0) {
        log_add("%s", code_name(status));
        give(busy->scene->lock);
        return 0;
    }
    take(busy->scene->lock);
    int code = runner_sleep(5);
    ck_assert_code(runner_condition_wait(busy->scene->condition), RUNNER_EBUSY);
    ck_assert_int_eq(runner_lock_locked(busy->scene->lock), 1);
    return code;
}

static int await_busy_step(void *arg, void **result)
{
    busy_t busy = {arg, 0};
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(wait_while_parked, &busy, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    return code;
}

START_TEST(a_step_that_is_parked_already_can_not_wait)
{
    run(await_busy_step, STACKLESS);
    log_expect("0");
}
END_TEST

/* --- the list of tasks ------------------------------------------------------------------- */

static int look_at_waiters(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    runner_task_info_t info = info_of(a);
    ck_assert_int_eq(info.state, RUNNER_STATE_WAITING);
    ck_assert_pstr_eq(info.waits, "condition");
    take(scene->lock);
    ck_assert_uint_eq(info_of(a).awaits, 0); /* nobody knows who will notify */
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    info = info_of(a);
    ck_assert_int_eq(info.state, RUNNER_STATE_READY);
    ck_assert_pstr_eq(info.waits, NULL);
    turn("t2");
    info = info_of(a);
    ck_assert_int_eq(info.state, RUNNER_STATE_WAITING);
    ck_assert_pstr_eq(info.waits, "lock");
    ck_assert_uint_eq(info.awaits, runner_task_id(runner_current_task()));
    give(scene->lock);
    turn("t3");
    return 0;
}

START_TEST(the_list_of_tasks_shows_both_parts_of_a_wait)
{
    run(look_at_waiters, _i);
    log_expect("t1,t2,a woke,t3");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("condition");
    TCase *tcase = test_case(suite, "waiting and notifying");
    add_for_each_kind(tcase, who_is_notified_goes_on_once_it_has_the_lock);
    add_for_each_kind(tcase, so_many_are_woken_as_were_notified_in_the_order_of_their_coming);
    add_for_each_kind(tcase, all_that_wait_are_woken_and_get_the_lock_one_after_the_other);
    add_for_each_kind(tcase,
                      who_is_notified_stands_in_line_for_the_lock_behind_those_who_came_before);
    add_for_each_kind(tcase, who_is_notified_has_no_advantage_over_who_asks_for_the_lock);
    add_for_each_kind(tcase, the_lock_may_be_taken_before_who_is_notified_has_run);
    add_for_each_kind(tcase, waiting_hands_the_lock_to_the_next_in_line);
    tcase = test_case(suite, "who does what");
    add_for_two_kinds(tcase, it_does_not_matter_who_holds_the_lock);
    add_for_two_kinds(tcase, a_callback_may_notify_while_somebody_holds_the_lock);
    add_for_two_kinds(tcase, it_can_be_notified_between_runs);
    tcase = test_case(suite, "its lock");
    tcase_add_test(tcase, a_condition_has_a_lock_of_its_own_or_the_one_that_it_was_given);
    add_for_each_kind(tcase, conditions_that_share_a_lock_are_notified_each_by_itself);
    tcase = test_case(suite, "waiting for something");
    add_for_two_kinds(tcase, a_loop_waits_until_something_is_so);
    tcase_add_test(tcase, two_conditions_make_a_buffer);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, a_step_that_returns_while_it_waits_is_forgotten);
    add_for_two_kinds(tcase, a_step_that_returns_when_it_is_notified_hands_that_on);
    tcase_add_test(tcase, a_step_that_is_parked_already_can_not_wait);
    tcase = test_case(suite, "list of tasks");
    add_for_two_kinds(tcase, the_list_of_tasks_shows_both_parts_of_a_wait);
    return test_main(suite);
}
