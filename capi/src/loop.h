/*
 * The loop: a ready queue, a clock, timers and an inbox around one uv_loop_t. The only caller of
 * uv_run().
 *
 * It runs entries and knows nothing of what they are. An iteration is a snapshot of the queue;
 * between iterations the kernel is polled, at least every poll_interval iterations or millisecond
 * of work, so that ready work costs no system call and nothing starves.
 */
#ifndef RUNNER__LOOP_H
#define RUNNER__LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/platform.h"
#include "inbox.h"
#include "timer.h"

typedef struct runner__loop runner__loop_t;

/* What the layers above do when the loop calls up. */
typedef struct runner__loop_hooks {
    /* attention was set: signals or an abort wait to be acted on. */
    void (*attention)(runner__loop_t *loop);
    /* An error that no caller can be given; `info` is a runner_exception_t. */
    void (*exception)(runner__loop_t *loop, const void *info);
    /* Nothing is ready and the loop is about to wait. */
    void (*idle)(runner__loop_t *loop);
    /* Debug mode: an entry took long. */
    void (*slow)(runner__loop_t *loop, const char *label, uint64_t duration_ns);
    /* Steps: takes the entry at the head of the iteration for the host, if only that one can run it,
     * and has the step pause; false leaves it. */
    bool (*take)(runner__loop_t *loop, runner__entry_t *entry);
    /* A guest's loop: something has become ready outside of a turn. */
    void (*ready)(runner__loop_t *loop);
} runner__loop_hooks_t;

/* Why runner__loop_run() or runner__loop_step() returned. */
typedef enum runner__loop_end {
    RUNNER__LOOP_STOPPED,  /* runner__loop_stop(), at the end of its iteration */
    RUNNER__LOOP_ESCAPED,  /* runner__loop_escape(), right after the entry */
    RUNNER__LOOP_DEADLOCK, /* nothing is ready and nothing can become ready */
    RUNNER__LOOP_FORKED,   /* this is a forked child: the loop belongs to the parent */
    RUNNER__LOOP_PAUSED,   /* a step: it is the host's turn, or it took long enough */
    RUNNER__LOOP_IDLE      /* a step: nothing is ready */
} runner__loop_end_t;

struct runner__loop {
    runner__node_t ready;   /* entries of the next iteration */
    runner__node_t current; /* what is left of this iteration */
    atomic_uint attention;  /* looked at between two entries */
    uint32_t until_clock;   /* entries until the clock is read */
    uint32_t clock_stride;  /* what until_clock restarts from */
    bool stopping;
    bool escaping;
    bool debug;
    bool is_virtual;
    bool detect_deadlock;
    bool forked;
    bool polling; /* inside uv_run(): the running code is a callback of the program's own handle */
    bool stepped; /* is turned by steps, which never wait */
    bool guest;   /* the uv loop is turned by somebody else */
    bool pausing; /* the step ends after this entry */
    atomic_bool running; /* looked at by other threads in debug mode */
    int64_t now_ns;      /* as last read; the virtual time under the virtual clock */
    int64_t polled_ns;   /* when the kernel was last polled */
    uint64_t limit_ns;   /* real time at which the run ends, or 0 */
    uint32_t iterations; /* since then */
    uint32_t poll_interval;
    runner__timers_t timers;
    runner__inbox_t inbox;
    atomic_uint jobs;       /* that have not ended */
    uint32_t outside;       /* tasks that run somewhere else */
    atomic_uint submitters; /* other threads that said they will still post */
    uv_loop_t *uv;          /* NULL until opened */
    uv_timer_t wake_timer;
    const runner__loop_hooks_t *hooks;
    void *scope; /* whose context the running entry sees; see context.h */
    uint64_t slow_ns;
    char label[64];        /* debug: what the running entry is */
    unsigned open_handles; /* of ours, until their close callbacks */
};

/* The loop that runs in this thread, or NULL. */
extern RUNNER__THREAD_LOCAL runner__loop_t *runner__loop_current;

int runner__loop_init(runner__loop_t *loop, const runner__loop_hooks_t *hooks);
void runner__loop_fini(runner__loop_t *loop);

/* Puts our handles on an initialised uv loop. On failure they are gone again. */
int runner__loop_open(runner__loop_t *loop, uv_loop_t *uv);

/* Closes our handles and turns the uv loop until they and whatever else was closing are closed. */
void runner__loop_close(runner__loop_t *loop);

/* Turns until something ends it. Whoever calls has made sure that no loop runs in this thread. */
runner__loop_end_t runner__loop_run(runner__loop_t *loop);

/* The same in steps: begin, then steps until one ends as a run does, or finish to break it off. A
 * step works what is ready until something is taken for the host or nothing is left, and looks at
 * the kernel without waiting. */
void runner__loop_begin(runner__loop_t *loop);
runner__loop_end_t runner__loop_step(runner__loop_t *loop);
void runner__loop_finish(runner__loop_t *loop);

/* Between two steps: acts on signals as between two entries. True if the run has ended by that. */
bool runner__loop_check(runner__loop_t *loop);

/* How long a step has nothing to do; 0 if it has, INT64_MAX if no timer runs. */
int64_t runner__loop_wait_ns(const runner__loop_t *loop);

/* A guest: `fired` is called when its next timer is due, if there is one. */
void runner__loop_arm(runner__loop_t *loop, uv_timer_cb fired);

/* Waits in the kernel for a step to have something to do, at most so long. */
void runner__loop_wait(runner__loop_t *loop, int64_t timeout_ns);

/* The time now, read from the clock; the virtual time under the virtual clock. */
int64_t runner__loop_time(runner__loop_t *loop);

/* A deadline that far from now, without overflow. */
int64_t runner__loop_deadline(runner__loop_t *loop, uint64_t timeout_ns);

/* A run ends, as stopped, when so much real time has passed and the kernel is looked at. UINT64_MAX
 * takes it back. */
void runner__loop_set_limit(runner__loop_t *loop, uint64_t timeout_ns);
bool runner__loop_limit_reached(const runner__loop_t *loop);

/* Delivers what is ready on a uv loop that is being closed. */
int runner__loop_flush(uv_loop_t *uv);

/* Has the attention hook called after the running entry, and wakes the loop if it waits. From
 * any thread; async-signal-safe. */
void runner__loop_attend(runner__loop_t *loop);

/* libuv calls back before it waits as well as after: what such a callback makes ready must not wait
 * for something else to happen. */
void runner__loop_cut_poll(runner__loop_t *loop);

static inline void runner__loop_touched(runner__loop_t *loop)
{
    if (RUNNER__UNLIKELY(loop->polling)) {
        runner__loop_cut_poll(loop);
    }
}

static inline void runner__loop_push(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__list_push(&loop->ready, &entry->node);
    runner__loop_touched(loop);
}

/* All of a list, as a future's waiters. */
static inline void runner__loop_push_all(runner__loop_t *loop, runner__node_t *entries)
{
    runner__list_append(&loop->ready, entries);
    runner__loop_touched(loop);
}

/* As runner__timer_start(). */
static inline int runner__loop_start_timer(runner__loop_t *loop, runner__timer_t *timer,
                                           int64_t deadline_ns)
{
    runner__loop_touched(loop);
    return runner__timer_start(&loop->timers, timer, deadline_ns);
}

/* The iteration completes, then the run ends. */
static inline void runner__loop_stop(runner__loop_t *loop)
{
    loop->stopping = true;
    runner__loop_touched(loop);
}

/* The run ends after the running entry; the rest of the iteration stays queued. */
static inline void runner__loop_escape(runner__loop_t *loop)
{
    loop->escaping = true;
    runner__loop_touched(loop);
    atomic_fetch_or_explicit(&loop->attention, 1, memory_order_relaxed);
}

#endif
