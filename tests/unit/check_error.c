/* Codes, their names and their texts. */
#include "check_support.h"

#include <limits.h>
#include <stdlib.h>
#include <uv.h>

#include "model.h"

typedef struct row {
    int code;
    const char *name;
    const char *text;
} row_t;

#define OWN_ROW(name, value, text) {RUNNER_##name, "RUNNER_" #name, text},
static const row_t own[] = {RUNNER_ERROR_MAP(OWN_ROW)};
enum { OWN = sizeof own / sizeof own[0] };

#define UV_ROW(name, text) {UV_##name, "UV_" #name, text},
static const row_t uv[] = {UV_ERRNO_MAP(UV_ROW)};
enum { UV = sizeof uv / sizeof uv[0] };

/* The row of a code in a table, or NULL. */
static const row_t *row_of(const row_t *rows, int count, int code)
{
    for (int i = 0; i < count; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

START_TEST(test_error__every_own_code_has_its_name_and_text)
{
    for (int i = 0; i < OWN; i++) {
        ck_assert_str_eq(runner_error_name(own[i].code), own[i].name);
        ck_assert_str_eq(runner_strerror(own[i].code), own[i].text);
        ck_assert_uint_gt(strlen(own[i].text), 0);
    }
    ck_assert_int_eq(OWN, 47);
}
END_TEST

START_TEST(test_error__success_has_a_name_too)
{
    ck_assert_int_eq(RUNNER_OK, 0);
    ck_assert_str_eq(runner_error_name(0), "RUNNER_OK");
    ck_assert_str_eq(runner_strerror(0), "success");
}
END_TEST

/* Programs are compiled with these numbers. */
START_TEST(test_error__numbers_stay_what_they_are)
{
    ck_assert_int_eq(RUNNER_EINVAL, -20001);
    ck_assert_int_eq(RUNNER_ECANCELED, -20010);
    ck_assert_int_eq(RUNNER_EUSER, -20020);
    ck_assert_int_eq(RUNNER_EIGNORED, -20030);
    ck_assert_int_eq(RUNNER_ETASKDONE, -20045);
}
END_TEST

START_TEST(test_error__own_codes_lie_in_their_range)
{
    for (int i = 0; i < OWN; i++) {
        ck_assert_int_le(own[i].code, -20001);
        ck_assert_int_ge(own[i].code, -20099);
    }
}
END_TEST

START_TEST(test_error__no_two_are_the_same)
{
    for (int i = 0; i < OWN; i++) {
        for (int j = 0; j < i; j++) {
            ck_assert_int_ne(own[i].code, own[j].code);
            ck_assert_str_ne(own[i].name, own[j].name);
            ck_assert_str_ne(own[i].text, own[j].text);
        }
    }
}
END_TEST

START_TEST(test_error__every_code_of_libuv_passes_through)
{
    for (int i = 0; i < UV; i++) {
        char name[64];
        snprintf(name, sizeof name, "UV_%s", uv_err_name(uv[i].code));
        ck_assert_str_eq(runner_error_name(uv[i].code), name);
        ck_assert_str_eq(runner_strerror(uv[i].code), uv_strerror(uv[i].code));
        ck_assert_int_lt(uv[i].code, 0);
        ck_assert_int_gt(uv[i].code, -10000);
    }
}
END_TEST

static int uv_allocations;

static void *counting_malloc(size_t size)
{
    uv_allocations++;
    return malloc(size);
}

static void *counting_calloc(size_t count, size_t size)
{
    uv_allocations++;
    return calloc(count, size);
}

static void *counting_realloc(void *ptr, size_t size)
{
    uv_allocations++;
    return realloc(ptr, size);
}

/* libuv would make a text, and nobody would free it. */
START_TEST(test_error__all_other_numbers_are_unknown_and_allocate_nothing)
{
    static const int far[] = {INT_MIN, INT_MIN + 1, -1000000, 1, 20001, INT_MAX};
    ck_assert_int_eq(uv_replace_allocator(counting_malloc, counting_realloc, counting_calloc, free),
                     0);
    for (int i = 0; i < 6; i++) {
        ck_assert_str_eq(runner_error_name(far[i]), "RUNNER_UNKNOWN");
        ck_assert_str_eq(runner_strerror(far[i]), "unknown error");
    }
    int known = 0;
    for (int code = -21000; code < 100; code++) {
        const row_t *row = row_of(own, OWN, code);
        row = row != NULL ? row : row_of(uv, UV, code);
        const char *name = code == 0 ? "RUNNER_OK" : row != NULL ? row->name : "RUNNER_UNKNOWN";
        const char *text = code == 0 ? "success" : row != NULL ? row->text : "unknown error";
        model_assert(strcmp(runner_error_name(code), name) == 0, "code %d", code);
        model_assert(strcmp(runner_strerror(code), text) == 0, "code %d", code);
        known += row != NULL;
    }
    ck_assert_int_eq(known, OWN + UV);
    ck_assert_int_eq(uv_allocations, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = test_case(suite, "codes");
    tcase_add_test(tcase, test_error__every_own_code_has_its_name_and_text);
    tcase_add_test(tcase, test_error__success_has_a_name_too);
    tcase_add_test(tcase, test_error__numbers_stay_what_they_are);
    tcase_add_test(tcase, test_error__own_codes_lie_in_their_range);
    tcase_add_test(tcase, test_error__no_two_are_the_same);
    tcase_add_test(tcase, test_error__every_code_of_libuv_passes_through);
    tcase_add_test(tcase, test_error__all_other_numbers_are_unknown_and_allocate_nothing);
    return test_main(suite);
}
