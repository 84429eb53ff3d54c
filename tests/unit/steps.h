/*
 * A loop without a runner, and entries for it that log their name.
 *
 *     step_t step = STEP("a", stop);
 *     push(&step);
 *     run_until(STOPPED);
 *     log_expect("a");
 */
#ifndef UNIT_STEPS_H
#define UNIT_STEPS_H

#include "check_support.h"

#include "loop.h"

static runner__loop_t loop;
static uv_loop_t uv;

/* --- hooks: what they do is up to the test ------------------------------------------------ */

static void (*on_attention)(void);
static int attentions;
static int idles;

static inline void attend(runner__loop_t *of)
{
    ck_assert_ptr_eq(of, &loop);
    attentions++;
    if (on_attention != NULL) {
        on_attention();
    }
}

static inline void exception(runner__loop_t *of, const void *info)
{
    (void)of;
    (void)info;
    ck_abort_msg("an exception in a loop without futures");
}

static inline void idle(runner__loop_t *of)
{
    ck_assert_ptr_eq(of, &loop);
    idles++;
}

static inline void slow(runner__loop_t *of, const char *label, uint64_t duration_ns)
{
    ck_assert_ptr_eq(of, &loop);
    ck_assert_uint_ge(duration_ns, loop.slow_ns);
    log_add("slow:%s", label);
}

static const runner__loop_hooks_t hooks = {
    .attention = attend, .exception = exception, .idle = idle, .slow = slow};

static inline void setup(void)
{
    on_attention = NULL;
    attentions = 0;
    idles = 0;
    ck_assert_code(runner__loop_init(&loop, &hooks), 0);
    ck_assert_code(uv_loop_init(&uv), 0);
    ck_assert_code(runner__loop_open(&loop, &uv), 0);
}

static inline void teardown(void)
{
    runner__loop_close(&loop);
    ck_assert_code(uv_loop_close(&uv), 0);
    runner__loop_fini(&loop);
}

#define run_until(end) ck_assert_int_eq((int)runner__loop_run(&loop), (int)RUNNER__LOOP_##end)

/* --- steps: entries that log their name and may do something ------------------------------ */

typedef struct step {
    runner__timer_t timer; /* whose entry it is */
    const char *name;
    void (*act)(void);
} step_t;

static inline void take_step(runner__loop_t *of, runner__entry_t *entry)
{
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    const step_t *step = RUNNER__CONTAINER(timer, step_t, timer);
    ck_assert_ptr_eq(of, &loop);
    log_add("%s", step->name);
    if (step->act != NULL) {
        step->act();
    }
}

#define STEP(text, action)                                                                         \
    {                                                                                              \
        .timer = {.entry = {.run = take_step}, .slot = RUNNER__TIMER_IDLE}, .name = (text),        \
        .act = (action)                                                                            \
    }

static inline void push(step_t *step)
{
    runner__loop_push(&loop, &step->timer.entry);
}

static inline void start(step_t *step, int64_t deadline_ns)
{
    ck_assert_code(runner__timer_start(&loop.timers, &step->timer, deadline_ns), 0);
}

static inline void stop(void)
{
    runner__loop_stop(&loop);
}

static inline void escape(void)
{
    runner__loop_escape(&loop);
}

static step_t extra = STEP("extra", NULL);
static step_t last = STEP("last", stop);

static inline void push_extra(void)
{
    push(&extra);
}

static inline void push_last(void)
{
    push(&last);
}

#endif
