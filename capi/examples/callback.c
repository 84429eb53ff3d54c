/* Plain callbacks, soon and later, each with a `drop` that releases its argument exactly once:
 * after the callback, when the timer is cancelled, or when the runner closes. */
#include <runner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct note {
    char text[32];
};

static struct note *note_new(const char *text)
{
    struct note *note = calloc(1, sizeof *note);
    if (note != NULL) {
        strncpy(note->text, text, sizeof note->text - 1);
    }
    return note;
}

static int say(void *arg)
{
    const struct note *note = arg;
    printf("%s\n", note->text);
    return 0;
}

static void note_drop(void *arg)
{
    struct note *note = arg;
    printf("drop: %s\n", note->text);
    free(note);
}

static int say_soon(const char *text)
{
    struct note *note = note_new(text);
    int code = note ? runner_call_soon(runner_current(), say, note, note_drop) : RUNNER_ENOMEM;
    if (code < 0) {
        free(note); /* a call that refuses consumes nothing */
    }
    return code;
}

static int say_later(int64_t timeout_ms, const char *text, runner_timer_t **timer)
{
    struct note *note = note_new(text);
    int code = note ? runner_call_later(runner_current(), timeout_ms, say, note, note_drop, timer)
                    : RUNNER_ENOMEM;
    if (code < 0) {
        free(note);
    }
    return code;
}

static int program(void *arg, void **result)
{
    runner_timer_t *timer = NULL;
    (void)arg;
    (void)result;

    int code = say_soon("soon");
    if (code == 0) {
        code = say_soon("soon, but second");
    }
    if (code == 0) {
        code = say_later(40, "in 40 ms", NULL);
    }
    if (code == 0) {
        code = say_later(20, "in 20 ms", NULL);
    }
    if (code == 0) {
        code = say_later(30, "cancelled", &timer);
    }
    if (code == 0) {
        code = say_later(3600000, "in an hour", NULL);
    }
    if (timer != NULL) {
        runner_timer_cancel(timer);
        runner_timer_unref(timer);
    }
    if (code == 0) {
        code = runner_sleep(100);
    }
    puts("end of main");
    return code;
}

int main(void)
{
    int code = runner_main(program, NULL, NULL, NULL);
    runner_die_by_signal(code);
    if (code < 0) {
        fprintf(stderr, "callback: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
