#include "loop.h"

#include <string.h>

#include "runner/error.h"

#define NS_PER_MS UINT64_C(1000000)
#define POLL_AFTER_NS ((int64_t)NS_PER_MS)
#define DEFAULT_POLL_INTERVAL 61
/* The clock is read often enough to notice a millisecond of work, and no more often: with short
 * entries every 64th, with long ones every one. */
#define MOST_STRIDE 64
/* Of one step, so that the host gets its turn. */
#define MOST_ITERATIONS 64
#define AIM_NS (POLL_AFTER_NS / 4)

RUNNER__THREAD_LOCAL runner__loop_t *runner__loop_current;

/* In a forked child no loop runs: the parent's goes on in the parent. */
static void forget_after_fork(void)
{
    runner__loop_t *loop = runner__loop_current;
    if (loop != NULL) {
        loop->forked = true;
        atomic_store_explicit(&loop->attention, 1, memory_order_relaxed);
        runner__loop_current = NULL;
    }
}

int runner__loop_init(runner__loop_t *loop, const runner__loop_hooks_t *hooks)
{
    memset(loop, 0, sizeof *loop);
    runner__list_init(&loop->ready);
    runner__list_init(&loop->current);
    atomic_init(&loop->attention, 0);
    atomic_init(&loop->jobs, 0);
    atomic_init(&loop->submitters, 0);
    loop->hooks = hooks;
    loop->poll_interval = DEFAULT_POLL_INTERVAL;
    loop->detect_deadlock = true;
    loop->clock_stride = 1;
    loop->until_clock = 1;
    runner__timers_init(&loop->timers);
    runner__at_fork_child(forget_after_fork);
    return runner__inbox_init(&loop->inbox);
}

void runner__loop_fini(runner__loop_t *loop)
{
    runner__timers_fini(&loop->timers);
    runner__inbox_fini(&loop->inbox);
}

/* Returning to the loop is what it was woken for. */
static void on_woken(uv_async_t *async)
{
    runner__loop_t *loop = async->data;
    if (loop->guest) {
        loop->hooks->ready(loop);
    }
}

/* libuv runs the timers that are due before it polls, and would then wait without this one. */
static void on_wake_timer(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_closed(uv_handle_t *handle)
{
    runner__loop_t *loop = handle->data;
    loop->open_handles--;
}

int runner__loop_open(runner__loop_t *loop, uv_loop_t *uv)
{
    int code = runner__inbox_attach(&loop->inbox, uv, on_woken);
    if (code != 0) {
        return code;
    }
    loop->uv = uv;
    loop->inbox.async.data = loop;
    (void)uv_timer_init(uv, &loop->wake_timer); /* cannot fail */
    uv_unref((uv_handle_t *)&loop->wake_timer);
    loop->wake_timer.data = loop;
    loop->open_handles = 2;
    return 0;
}

void runner__loop_close(runner__loop_t *loop)
{
    runner__inbox_detach(&loop->inbox, on_closed);
    uv_close((uv_handle_t *)&loop->wake_timer, on_closed);
    while (loop->open_handles > 0) {
        (void)uv_run(loop->uv, UV_RUN_NOWAIT);
    }
    loop->uv = NULL;
}

int64_t runner__loop_time(runner__loop_t *loop)
{
    if (!loop->is_virtual) {
        loop->now_ns = (int64_t)uv_hrtime();
    }
    return loop->now_ns;
}

int64_t runner__loop_deadline(runner__loop_t *loop, uint64_t timeout_ns)
{
    int64_t now_ns = runner__loop_time(loop);
    if (timeout_ns > (uint64_t)(INT64_MAX - now_ns)) {
        return INT64_MAX;
    }
    return now_ns + (int64_t)timeout_ns;
}

void runner__loop_attend(runner__loop_t *loop)
{
    atomic_fetch_or(&loop->attention, 1);
    runner__inbox_wake(&loop->inbox);
}

/* Reads the clock and sets how many entries may pass before the next look, from how long the last
 * ones took. */
static void look_at_clock(runner__loop_t *loop)
{
    int64_t before_ns = loop->now_ns;
    int64_t spent_ns = runner__loop_time(loop) - before_ns;
    uint32_t stride = loop->clock_stride;
    if (spent_ns > AIM_NS) {
        int64_t each_ns = spent_ns / stride + 1;
        stride = each_ns >= AIM_NS ? 1 : (uint32_t)(AIM_NS / each_ns);
    } else if (stride < MOST_STRIDE) {
        stride *= 2;
    }
    loop->clock_stride = stride;
    loop->until_clock = stride;
}

static void attend(runner__loop_t *loop)
{
    if (RUNNER__UNLIKELY(loop->forked)) {
        return;
    }
    atomic_store(&loop->attention, 0);
    loop->hooks->attention(loop);
}

/* Whether the run ends now. */
static inline bool interrupted(runner__loop_t *loop)
{
    if (RUNNER__LIKELY(atomic_load_explicit(&loop->attention, memory_order_relaxed) == 0)) {
        return false;
    }
    attend(loop);
    return loop->escaping || loop->forked;
}

static void run_entry_timed(runner__loop_t *loop, runner__entry_t *entry)
{
    loop->label[0] = '\0';
    uint64_t start_ns = uv_hrtime();
    entry->run(loop, entry);
    uint64_t duration_ns = uv_hrtime() - start_ns;
    if (duration_ns >= loop->slow_ns && !loop->forked) {
        loop->hooks->slow(loop, loop->label, duration_ns);
    }
}

/* One iteration; true if it was cut short. */
static inline bool run_ready(runner__loop_t *loop)
{
    runner__list_append(&loop->current, &loop->ready);
    while (!runner__list_empty(&loop->current)) {
        runner__node_t *node = runner__list_pop(&loop->current);
        runner__entry_t *entry = RUNNER__CONTAINER(node, runner__entry_t, node);
        if (RUNNER__LIKELY(!loop->debug)) {
            entry->run(loop, entry);
        } else {
            run_entry_timed(loop, entry);
        }
        if (RUNNER__UNLIKELY(interrupted(loop))) {
            runner__list_prepend(&loop->ready, &loop->current);
            return true;
        }
        if (RUNNER__UNLIKELY(--loop->until_clock == 0)) {
            look_at_clock(loop);
        }
    }
    return false;
}

static void queue_due_timers(runner__loop_t *loop)
{
    runner__timer_t *timer;
    while ((timer = runner__timers_pop_due(&loop->timers, loop->now_ns)) != NULL) {
        runner__loop_push(loop, &timer->entry);
    }
}

void runner__loop_set_limit(runner__loop_t *loop, uint64_t timeout_ns)
{
    uint64_t now_ns = uv_hrtime();
    loop->limit_ns = timeout_ns > (uint64_t)INT64_MAX - now_ns ? 0 : now_ns + timeout_ns;
}

bool runner__loop_limit_reached(const runner__loop_t *loop)
{
    return loop->limit_ns != 0 && uv_hrtime() >= loop->limit_ns;
}

void runner__loop_cut_poll(runner__loop_t *loop)
{
    if (loop->guest) {
        loop->hooks->ready(loop);
    } else {
        uv_stop(loop->uv);
    }
}

static void poll_kernel(runner__loop_t *loop, uv_run_mode mode)
{
    loop->iterations = 0;
    if (RUNNER__LIKELY(!loop->guest)) {
        loop->polling = true;
        (void)uv_run(loop->uv, mode);
        loop->polling = false;
    }
    loop->polled_ns = runner__loop_time(loop);
    if (RUNNER__UNLIKELY(loop->limit_ns != 0) && runner__loop_limit_reached(loop)) {
        loop->stopping = true;
    }
}

int runner__loop_flush(uv_loop_t *uv)
{
    return uv_run(uv, UV_RUN_NOWAIT);
}

/* The real time at which the kernel has to wake the loop; 0 for no such time. */
static uint64_t wake_time(const runner__loop_t *loop)
{
    if (loop->is_virtual || runner__timers_empty(&loop->timers)) {
        return loop->limit_ns;
    }
    int64_t next_ns = runner__timers_next(&loop->timers);
    uint64_t due_ns = next_ns > 0 ? (uint64_t)next_ns : 1;
    return loop->limit_ns != 0 && loop->limit_ns < due_ns ? loop->limit_ns : due_ns;
}

/* libuv counts in whole milliseconds of its own cached time: rounded up on that scale, it never wakes
 * early. */
static void start_wake_timer(runner__loop_t *loop, uint64_t due_ns, uv_timer_cb fired)
{
    uint64_t due_ms = due_ns / NS_PER_MS + (due_ns % NS_PER_MS != 0);
    uv_update_time(loop->uv);
    uint64_t now_ms = uv_now(loop->uv);
    (void)uv_timer_start(&loop->wake_timer, fired, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/* Waits in the kernel until this time or something else. */
static void wait_until(runner__loop_t *loop, uint64_t due_ns)
{
    uv_handle_t *async = (uv_handle_t *)&loop->inbox.async;
    if (due_ns != 0) {
        start_wake_timer(loop, due_ns, on_wake_timer);
    }
    uv_ref(async);
    poll_kernel(loop, UV_RUN_ONCE);
    uv_unref(async);
    if (due_ns != 0) {
        (void)uv_timer_stop(&loop->wake_timer);
    }
}

/* Nothing is ready: waits, or in a step looks once. Nobody looks at the kernel for a guest. */
static void wait_in_kernel(runner__loop_t *loop)
{
    loop->hooks->idle(loop);
    if (!loop->stepped) {
        wait_until(loop, wake_time(loop));
    } else if (loop->guest) {
        loop->iterations = 0;
        loop->polled_ns = runner__loop_time(loop);
        loop->stopping = loop->stopping || runner__loop_limit_reached(loop);
    } else {
        uv_handle_t *async = (uv_handle_t *)&loop->inbox.async;
        uv_ref(async); /* else libuv finds nothing to look at */
        poll_kernel(loop, UV_RUN_NOWAIT);
        uv_unref(async);
    }
}

/* Something can come from elsewhere: a job, a task of the host. */
static bool is_working(const runner__loop_t *loop)
{
    return atomic_load_explicit(&loop->jobs, memory_order_acquire) != 0 || loop->outside != 0;
}

/* Nothing is ready, and nothing can ever come. Whoever posts does so before it says that it will not any
 * more, so the inbox is looked at last. */
static bool is_stuck(const runner__loop_t *loop)
{
    return runner__timers_empty(&loop->timers) && loop->detect_deadlock && !loop->guest &&
           uv_loop_alive(loop->uv) == 0 && !is_working(loop) &&
           atomic_load_explicit(&loop->submitters, memory_order_acquire) == 0 &&
           !runner__inbox_filled(&loop->inbox);
}

/* Nothing is ready: finds something. False if nothing can ever come. Time that is virtual jumps to
 * the next deadline, but not past a job: how long that takes would decide what happens first. */
static bool find_work(runner__loop_t *loop)
{
    bool alive = uv_loop_alive(loop->uv) != 0;
    bool working = is_working(loop);
    if (is_stuck(loop)) {
        return false;
    }
    if (runner__inbox_filled(&loop->inbox)) {
        return true;
    }
    if (runner__timers_empty(&loop->timers) || !loop->is_virtual || working) {
        wait_in_kernel(loop);
    } else {
        if (alive) {
            poll_kernel(loop, UV_RUN_NOWAIT);
        }
        if (runner__list_empty(&loop->ready) && !runner__inbox_filled(&loop->inbox)) {
            loop->now_ns = runner__timers_next(&loop->timers);
        }
    }
    return true;
}

/* Counts an iteration. */
static inline bool poll_is_due(runner__loop_t *loop)
{
    loop->iterations++;
    return loop->iterations >= loop->poll_interval ||
           loop->now_ns - loop->polled_ns >= POLL_AFTER_NS;
}

/* Whether the next iteration can begin as it is, which is nearly always so: something is ready, and
 * it is not time yet to look for more. Counts the iteration. */
static inline bool goes_on(runner__loop_t *loop)
{
    return !runner__list_empty(&loop->ready) && !loop->is_virtual &&
           !runner__inbox_filled(&loop->inbox) && !poll_is_due(loop);
}

/* Fills the ready queue for the next iteration. False on a deadlock. */
static bool gather(runner__loop_t *loop)
{
    if (runner__inbox_filled(&loop->inbox)) {
        runner__inbox_drain(&loop->inbox, &loop->ready);
    }
    if (loop->is_virtual) {
        queue_due_timers(loop);
    }
    if (!runner__list_empty(&loop->ready)) {
        if (!poll_is_due(loop)) {
            return true;
        }
        poll_kernel(loop, UV_RUN_NOWAIT);
    } else if (!loop->is_virtual && !runner__timers_empty(&loop->timers) &&
               runner__timers_next(&loop->timers) <= runner__loop_time(loop) &&
               RUNNER__LIKELY(!poll_is_due(loop))) {
        /* Due already: no reason to ask the kernel first. */
    } else if (!find_work(loop)) {
        return false;
    }
    if (RUNNER__UNLIKELY(interrupted(loop))) {
        return true;
    }
    if (runner__inbox_filled(&loop->inbox)) {
        runner__inbox_drain(&loop->inbox, &loop->ready);
    }
    queue_due_timers(loop);
    return true;
}

static runner__loop_end_t turn(runner__loop_t *loop)
{
    while (!loop->stopping && !interrupted(loop)) {
        if (RUNNER__UNLIKELY(!goes_on(loop)) && !gather(loop)) {
            return RUNNER__LOOP_DEADLOCK;
        }
        if (loop->escaping || loop->forked || run_ready(loop)) {
            break;
        }
    }
    if (loop->forked) {
        return RUNNER__LOOP_FORKED;
    }
    return loop->escaping ? RUNNER__LOOP_ESCAPED : RUNNER__LOOP_STOPPED;
}

void runner__loop_begin(runner__loop_t *loop)
{
    atomic_store_explicit(&loop->running, true, memory_order_relaxed);
    loop->stopping = false;
    loop->escaping = false;
    loop->polled_ns = runner__loop_time(loop);
}

/* What a broken-off iteration has left comes first in the next one. */
void runner__loop_finish(runner__loop_t *loop)
{
    runner__list_prepend(&loop->ready, &loop->current);
    atomic_store_explicit(&loop->running, false, memory_order_relaxed);
}

runner__loop_end_t runner__loop_run(runner__loop_t *loop)
{
    runner__loop_current = loop;
    loop->stepped = false;
    runner__loop_begin(loop);
    runner__loop_end_t end = turn(loop);
    atomic_store_explicit(&loop->running, false, memory_order_relaxed);
    if (end != RUNNER__LOOP_FORKED) {
        runner__loop_current = NULL;
    }
    return end;
}

/* --- in steps --- */

/* Goes on with the iteration. True if the step ends here. */
static bool step_ready(runner__loop_t *loop)
{
    while (!runner__list_empty(&loop->current)) {
        runner__entry_t *entry = RUNNER__CONTAINER(loop->current.next, runner__entry_t, node);
        if (loop->hooks->take(loop, entry)) {
            continue;
        }
        if (loop->pausing) {
            return true; /* a later one might be changed by what the host is about to do */
        }
        (void)runner__list_pop(&loop->current);
        if (RUNNER__LIKELY(!loop->debug)) {
            entry->run(loop, entry);
        } else {
            run_entry_timed(loop, entry);
        }
        if (RUNNER__UNLIKELY(interrupted(loop)) || loop->pausing) {
            return true;
        }
        if (RUNNER__UNLIKELY(--loop->until_clock == 0)) {
            look_at_clock(loop);
        }
    }
    return loop->pausing;
}

static runner__loop_end_t step_end(const runner__loop_t *loop)
{
    if (loop->forked) {
        return RUNNER__LOOP_FORKED;
    }
    return loop->escaping ? RUNNER__LOOP_ESCAPED : RUNNER__LOOP_PAUSED;
}

static runner__loop_end_t take_steps(runner__loop_t *loop)
{
    for (int i = 0; i < MOST_ITERATIONS; i++) {
        if (runner__list_empty(&loop->current)) {
            if (loop->stopping) {
                return RUNNER__LOOP_STOPPED;
            }
            if (!goes_on(loop) && !gather(loop)) {
                return RUNNER__LOOP_DEADLOCK;
            }
            if (loop->escaping || loop->forked) {
                return step_end(loop);
            }
            if (runner__list_empty(&loop->ready) && !loop->stopping &&
                runner__loop_wait_ns(loop) > 0) {
                if (is_stuck(loop)) {
                    continue; /* the last handle has closed: nobody would wake a host that waits */
                }
                return RUNNER__LOOP_IDLE;
            }
            runner__list_append(&loop->current, &loop->ready);
        }
        if (step_ready(loop)) {
            return step_end(loop);
        }
    }
    return RUNNER__LOOP_PAUSED;
}

runner__loop_end_t runner__loop_step(runner__loop_t *loop)
{
    runner__loop_current = loop;
    loop->stepped = true;
    loop->polling = false;
    loop->pausing = false;
    bool ends = interrupted(loop) || loop->escaping || loop->forked;
    runner__loop_end_t end = ends ? step_end(loop) : take_steps(loop);
    loop->polling = loop->guest;
    if (end != RUNNER__LOOP_FORKED) {
        runner__loop_current = NULL;
    }
    return end;
}

bool runner__loop_check(runner__loop_t *loop)
{
    return interrupted(loop);
}

int64_t runner__loop_wait_ns(const runner__loop_t *loop)
{
    bool work = !runner__list_empty(&loop->current) || !runner__list_empty(&loop->ready) ||
                runner__inbox_filled(&loop->inbox) || loop->stopping ||
                atomic_load_explicit(&loop->attention, memory_order_relaxed) != 0;
    if (work) {
        return 0;
    }
    if (loop->is_virtual && !runner__timers_empty(&loop->timers) &&
        atomic_load_explicit(&loop->jobs, memory_order_acquire) == 0 && loop->outside == 0) {
        return 0; /* time jumps */
    }
    uint64_t due_ns = wake_time(loop);
    if (due_ns == 0) {
        return INT64_MAX;
    }
    uint64_t now_ns = uv_hrtime();
    return due_ns > now_ns ? (int64_t)(due_ns - now_ns) : 0;
}

void runner__loop_arm(runner__loop_t *loop, uv_timer_cb fired)
{
    uint64_t due_ns = wake_time(loop);
    if (due_ns != 0) {
        start_wake_timer(loop, due_ns, fired);
    }
}

void runner__loop_wait(runner__loop_t *loop, int64_t timeout_ns)
{
    int64_t most_ns = runner__loop_wait_ns(loop);
    most_ns = most_ns < timeout_ns ? most_ns : timeout_ns;
    if (most_ns > 0) {
        wait_until(loop, most_ns < INT64_MAX ? uv_hrtime() + (uint64_t)most_ns : 0);
    }
}
