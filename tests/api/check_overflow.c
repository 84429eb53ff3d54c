/*
 * A task that runs out of stack ends the process with a message that names it.
 */
#include "check_support.h"

#include <signal.h>

/* Larger than any stack; each call keeps a frame that the compiler can not fold away. */
static int dig(volatile char *above, int depth)
{
    volatile char frame[512];
    frame[0] = above != NULL ? above[0] : 'x';
    return depth == 0 ? frame[0] : dig(frame, depth - 1) + frame[0];
}

static int dig_too_deep(void *arg, void **result)
{
    (void)result;
    return dig(NULL, *(int *)arg) == 0 ? 0 : RUNNER_EUSER;
}

typedef struct digging {
    const char *name;
    size_t stack_bytes;
    int depth;
} digging_t;

static int spawn_digger(void *arg, void **result)
{
    digging_t *digging = arg;
    runner_task_t *task = NULL;
    runner_spawn_options_t opts = {
        .size = sizeof opts, .name = digging->name, .stack_bytes = digging->stack_bytes};
    child_assert_code(runner_spawn(dig_too_deep, &digging->depth, &opts, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

static int run_digger(void *arg)
{
    return runner_main(spawn_digger, arg, NULL, NULL) == RUNNER_EUSER ? 0 : 1;
}

START_TEST(the_message_names_the_task_and_its_stack)
{
    digging_t digging = {"digger", 0, 1000};
    child_t child;
    child_run(&child, run_digger, &digging, 10000);
    ck_assert_child_signaled(&child, SIGSEGV);
    ck_assert_ptr_nonnull(strstr(child.err, "stack overflow in task 'digger' (64 KiB stack)"));
}
END_TEST

START_TEST(a_task_without_a_name_is_called_by_its_number)
{
    digging_t digging = {NULL, 0, 1000};
    child_t child;
    child_run(&child, run_digger, &digging, 10000);
    ck_assert_child_signaled(&child, SIGSEGV);
    ck_assert_ptr_nonnull(strstr(child.err, "stack overflow in task 'Task-2'"));
}
END_TEST

START_TEST(a_larger_stack_holds_what_overflows_a_small_one)
{
    digging_t digging = {"digger", (size_t)4 << 20, 1000};
    child_t child;
    child_run(&child, run_digger, &digging, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("overflow");
    TCase *tcase = test_case(suite, "overflow");
    tcase_add_test(tcase, the_message_names_the_task_and_its_stack);
    tcase_add_test(tcase, a_task_without_a_name_is_called_by_its_number);
    tcase_add_test(tcase, a_larger_stack_holds_what_overflows_a_small_one);
    return test_main(suite);
}
