/* An asynchronous generator: a coroutine that hands out values and may wait between them. */
#include <runner.h>
#include <stdio.h>

/* The numbers 1, 2, 3, ... up to *arg, one every few milliseconds. */
static int count(void *arg, void **result)
{
    const int *last = arg;
    int code = 0;
    (void)result;
    puts("generator: opened");
    for (int number = 1; code == 0 && number <= *last; number++) {
        code = runner_sleep(5);
        if (code == 0) {
            code = runner_gen_yield(&number); /* valid until the next value is asked for */
        }
    }
    /* Here after the last value, after runner_gen_close() (RUNNER_ECLOSED), and after a cancel. */
    puts("generator: closed");
    return code;
}

/* Adds values up until the sum reaches `enough`. */
static int add(runner_gen_t *numbers, int enough, int *sum)
{
    int code = 0;
    *sum = 0;
    while (*sum < enough) {
        void *value;
        code = runner_gen_next(numbers, &value);
        if (code < 0) {
            break;
        }
        *sum += *(int *)value;
    }
    return code == RUNNER_EEND ? 0 : code; /* the end is no error */
}

static int show(int last, int enough)
{
    runner_gen_t *numbers;
    int code = runner_gen_new(count, &last, NULL, 0, &numbers);
    if (code < 0) {
        return code;
    }
    int sum;
    code = add(numbers, enough, &sum);
    if (code == 0) {
        printf("sum: %d\n", sum);
    }
    /* The generator may be in the middle of its work. Let it clean up now; the close at shutdown
     * would come too late for `last`, which lives on this stack. */
    int closed = runner_gen_close(numbers);
    runner_gen_unref(numbers);
    return code < 0 ? code : closed;
}

static int program(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = show(4, 100); /* all of them */
    if (code == 0) {
        code = show(1000, 20); /* the first few */
    }
    return code;
}

int main(void)
{
    int code = runner_main(program, NULL, NULL, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "generator: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
