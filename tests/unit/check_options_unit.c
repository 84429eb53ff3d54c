/* Structs that start with their size, of callers that are older or newer than the library. */
#include "check_support.h"

#include <stdlib.h>

#include "base/options.h"

/* Every struct of the public headers that has a size. */
typedef struct kind {
    const char *name;
    size_t size;
} kind_t;

static const kind_t kinds[] = {
    {"runner_options_t", sizeof(runner_options_t)},
    {"runner_run_options_t", sizeof(runner_run_options_t)},
    {"runner_spawn_options_t", sizeof(runner_spawn_options_t)},
    {"runner_job_options_t", sizeof(runner_job_options_t)},
    {"runner_executor_t", sizeof(runner_executor_t)},
    {"runner_exception_t", sizeof(runner_exception_t)},
    {"runner_report_item_t", sizeof(runner_report_item_t)},
    {"runner_task_info_t", sizeof(runner_task_info_t)},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

#define MOST_BYTES ((size_t)4096)
#define PATTERN 0x5a
#define UNTOUCHED 0xc3

/* A block of exactly so many bytes, so that a tool finds what goes beyond; the first are a size. */
static unsigned char *make_struct(size_t bytes, int fill, size_t size_field)
{
    unsigned char *block = malloc(bytes);
    ck_assert_ptr_nonnull(block);
    memset(block, fill, bytes);
    memcpy(block, &size_field, sizeof size_field);
    return block;
}

static size_t size_field(const unsigned char *block)
{
    size_t size;
    memcpy(&size, block, sizeof size);
    return size;
}

/* All bytes from `from` to `to` have this value. */
static int all_are(const unsigned char *block, size_t from, size_t to, int value)
{
    for (size_t i = from; i < to; i++) {
        if (block[i] != value) {
            return 0;
        }
    }
    return 1;
}

/* --- read --------------------------------------------------------------------------------- */

START_TEST(test_options__read_of_null_gives_defaults)
{
    size_t size = kinds[_i].size;
    unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
    ck_assert_code(runner__options_read(into, size, NULL), 0);
    ck_assert(all_are(into, 0, size, 0));
    free(into);
}
END_TEST

START_TEST(test_options__read_fills_up_every_older_struct_with_zeros)
{
    size_t size = kinds[_i].size;
    for (size_t theirs = sizeof(size_t); theirs <= size; theirs++) {
        unsigned char *opts = make_struct(theirs, PATTERN, theirs);
        unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
        ck_assert_code(runner__options_read(into, size, opts), 0);
        ck_assert_uint_eq(size_field(into), theirs);
        ck_assert_msg(all_are(into, sizeof(size_t), theirs, PATTERN) &&
                          all_are(into, theirs, size, 0),
                      "%s of %zu bytes", kinds[_i].name, theirs);
        free(into);
        free(opts);
    }
}
END_TEST

START_TEST(test_options__read_accepts_a_newer_struct_only_with_a_zero_tail)
{
    size_t size = kinds[_i].size;
    unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
    for (size_t theirs = size + 1; theirs <= size + 40; theirs++) {
        unsigned char *opts = make_struct(theirs, PATTERN, theirs);
        memset(opts + size, 0, theirs - size);
        ck_assert_code(runner__options_read(into, size, opts), 0);
        ck_assert(all_are(into, sizeof(size_t), size, PATTERN));
        for (size_t i = size; i < theirs; i++) {
            opts[i] = 1;
            ck_assert_code(runner__options_read(into, size, opts), RUNNER_EINVAL);
            opts[i] = 0;
        }
        free(opts);
    }
    free(into);
}
END_TEST

/* Only the size field is there: nothing else may be looked at. */
START_TEST(test_options__read_refuses_absurd_sizes)
{
    static const size_t absurd[] = {
        0, 1, sizeof(size_t) - 1, MOST_BYTES + 1, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
    size_t size = kinds[_i].size;
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        unsigned char *opts = make_struct(sizeof(size_t), 0, absurd[i]);
        unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
        ck_assert_code(runner__options_read(into, size, opts), RUNNER_EINVAL);
        free(into);
        free(opts);
    }
}
END_TEST

START_TEST(test_options__read_accepts_the_largest_size)
{
    size_t size = kinds[_i].size;
    unsigned char *opts = make_struct(MOST_BYTES, 0, MOST_BYTES);
    unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
    ck_assert_code(runner__options_read(into, size, opts), 0);
    ck_assert(all_are(into, sizeof(size_t), size, 0));
    opts[MOST_BYTES - 1] = 0x80;
    ck_assert_code(runner__options_read(into, size, opts), RUNNER_EINVAL);
    free(into);
    free(opts);
}
END_TEST

/* --- write -------------------------------------------------------------------------------- */

START_TEST(test_options__write_fills_as_much_as_both_know)
{
    size_t size = kinds[_i].size;
    unsigned char *from = make_struct(size, PATTERN, size);
    for (size_t theirs = sizeof(size_t); theirs <= size + 40; theirs++) {
        unsigned char *out = make_struct(theirs, UNTOUCHED, theirs);
        size_t shared = theirs < size ? theirs : size;
        ck_assert_code(runner__options_write(out, from, size), 0);
        ck_assert_uint_eq(size_field(out), theirs);
        ck_assert_msg(all_are(out, sizeof(size_t), shared, PATTERN) &&
                          all_are(out, shared, theirs, UNTOUCHED),
                      "%s of %zu bytes", kinds[_i].name, theirs);
        free(out);
    }
    free(from);
}
END_TEST

START_TEST(test_options__write_refuses_absurd_sizes)
{
    static const size_t absurd[] = {0, 1, sizeof(size_t) - 1, MOST_BYTES + 1, SIZE_MAX};
    size_t size = kinds[_i].size;
    unsigned char *from = make_struct(size, PATTERN, size);
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        unsigned char *out = make_struct(size, UNTOUCHED, absurd[i]);
        ck_assert_code(runner__options_write(out, from, size), RUNNER_EINVAL);
        ck_assert_uint_eq(size_field(out), absurd[i]);
        ck_assert(all_are(out, sizeof(size_t), size, UNTOUCHED));
        free(out);
    }
    free(from);
}
END_TEST

/* --- init --------------------------------------------------------------------------------- */

static int init_runner(void *opts, size_t size)
{
    return runner_options_init(opts, size);
}

static int init_run(void *opts, size_t size)
{
    return runner_run_options_init(opts, size);
}

static int init_spawn(void *opts, size_t size)
{
    return runner_spawn_options_init(opts, size);
}

static int init_job(void *opts, size_t size)
{
    return runner_job_options_init(opts, size);
}

static int (*const inits[])(void *opts, size_t size) = {init_runner, init_run, init_spawn, init_job,
                                                        runner__options_fill};
enum { INITS = sizeof inits / sizeof inits[0] };

START_TEST(test_options__init_zeroes_exactly_the_callers_struct)
{
    for (size_t theirs = sizeof(size_t); theirs <= 300; theirs++) {
        unsigned char *opts = make_struct(theirs, UNTOUCHED, SIZE_MAX);
        ck_assert_code(inits[_i](opts, theirs), 0);
        ck_assert_uint_eq(size_field(opts), theirs);
        ck_assert(all_are(opts, sizeof(size_t), theirs, 0));
        free(opts);
    }
}
END_TEST

START_TEST(test_options__init_refuses_what_is_no_struct)
{
    static const size_t absurd[] = {0, 1, sizeof(size_t) - 1, MOST_BYTES + 1, SIZE_MAX};
    unsigned char *opts = make_struct(sizeof(size_t), UNTOUCHED, 77);
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        ck_assert_code(inits[_i](opts, absurd[i]), RUNNER_EINVAL);
        ck_assert_uint_eq(size_field(opts), 77);
    }
    ck_assert_code(inits[_i](NULL, 64), RUNNER_EINVAL);
    free(opts);
}
END_TEST

START_TEST(test_options__what_was_initialised_can_be_read)
{
    size_t size = kinds[_i].size;
    unsigned char *into = make_struct(size, UNTOUCHED, SIZE_MAX);
    for (size_t theirs = sizeof(size_t); theirs <= size + 40; theirs++) {
        unsigned char *opts = make_struct(theirs, UNTOUCHED, SIZE_MAX);
        ck_assert_code(runner__options_fill(opts, theirs), 0);
        ck_assert_code(runner__options_read(into, size, opts), 0);
        ck_assert(all_are(into, sizeof(size_t), size, 0));
        free(opts);
    }
    free(into);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = test_case(suite, "read");
    tcase_add_loop_test(tcase, test_options__read_of_null_gives_defaults, 0, KINDS);
    tcase_add_loop_test(tcase, test_options__read_fills_up_every_older_struct_with_zeros, 0, KINDS);
    tcase_add_loop_test(tcase, test_options__read_accepts_a_newer_struct_only_with_a_zero_tail, 0,
                        KINDS);
    tcase_add_loop_test(tcase, test_options__read_refuses_absurd_sizes, 0, KINDS);
    tcase_add_loop_test(tcase, test_options__read_accepts_the_largest_size, 0, KINDS);

    tcase = test_case(suite, "write");
    tcase_add_loop_test(tcase, test_options__write_fills_as_much_as_both_know, 0, KINDS);
    tcase_add_loop_test(tcase, test_options__write_refuses_absurd_sizes, 0, KINDS);

    tcase = test_case(suite, "init");
    tcase_add_loop_test(tcase, test_options__init_zeroes_exactly_the_callers_struct, 0, INITS);
    tcase_add_loop_test(tcase, test_options__init_refuses_what_is_no_struct, 0, INITS);
    tcase_add_loop_test(tcase, test_options__what_was_initialised_can_be_read, 0, KINDS);
    return test_main(suite);
}
