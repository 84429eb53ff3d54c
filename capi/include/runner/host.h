/**
 * @file
 * The batch interface for host languages: tasks whose bodies are the host's, by number.
 *
 * A host is a language, or a program with a loop of its own, that cannot be called back. It turns the
 * runner step by step: runner_step() does what is due, and comes back with a batch of events; the
 * host resumes the tasks that they name, each until it waits or ends, and says by commands what they
 * did; then it steps again. Nothing here calls the host, waits, or keeps state in the thread: the
 * steps of one runner may come from different threads, one after the other.
 *
 * ```c
 * runner_begin(runner, 0, &main);
 * for (over = 0; !over;) {
 *     runner_step(runner, cmds, n_cmds, events, 256, &n_events, &wait_ns);
 *     n_cmds = 0;
 *     for (i = 0; i < n_events; i++)
 *         over |= handle(&events[i]);   // resumes a task, which adds to cmds
 *     if (n_events == 0 && wait_ns != 0)
 *         poll(backend_fd, wait_ns);
 * }
 * code = runner_end(runner);
 * ```
 *
 * **Ids.** Everything is named by a 64-bit id: an index in the lower half, a generation in the upper.
 * 0 is nothing. An id is never used twice, so one that is gone is refused (RUNNER_EBADID). The one who
 * made an object releases its id once (RUNNER_HOST_RELEASE). A task's id stays known until the event
 * RUNNER_HOST_DROP says that nothing refers to it any more.
 *
 * **Order.** It is exactly that of tasks in C: the ready queue is worked from its head, and a batch is
 * the longest run of consecutive host tasks there. The host has to resume them in the order of the
 * events, and to give commands in the order in which they were done. A batch can still change while
 * it is worked: a task that cancels another one, which stands behind it in the batch, changes that
 * one's event. So an event is to be read right before its task is resumed, after the commands of the
 * tasks before it that can have such an effect were given to runner_commands() or runner_command().
 * Commands that only park their own task (RUNNER_HOST_YIELD, RUNNER_HOST_SLEEP), spawn or end it may be kept
 * for the next step. An await is none of these: a task with a cancel that it was not told of yet
 * hands it on to what it awaits. The waits of the last task of a batch may all be kept. A wait whose
 * end changes what others see (a lock that is handed over) is the first of its batch.
 */
#ifndef RUNNER_HOST_H
#define RUNNER_HOST_H

#include "export.h"
#include "types.h"

/** An event: what the host has to do next. 24 bytes. */
typedef struct runner_host_event {
    uint64_t task;  /**< Id of the task, or of what the kind says. */
    int32_t kind;   /**< RUNNER_HOST_START, ... */
    int32_t status; /**< 0 or a negative code. */
    uint64_t value; /**< A value of the host; what of is said with the kind. */
} runner_host_event_t;

/** Nothing: a task that was taken back into the queue. */
#define RUNNER_HOST_NONE 0
/** Begin a task. `status` RUNNER_ECANCELED: it was cancelled before its turn, so its body is not run;
 * give RUNNER_HOST_DONE with that status in its place. `value`: for the task that closes a closable,
 * the host's value of that closable; else 0. */
#define RUNNER_HOST_START 1
/** Go on with a task: its wait has ended with `status`. `value`: of what it waited for, the value or
 * the item; of a failure, the value it was ended or rejected with; of RUNNER_ECANCELED, the payload
 * of the cancel. */
#define RUNNER_HOST_RESUME 2
/** Call a callback. `value`: as it was scheduled with. `task`: id of its timer, or 0. Until the next
 * step, what is done on behalf of nobody is done in the context that it was scheduled in. */
#define RUNNER_HOST_CALL 3
/** A task has ended without the host: RUNNER_ECANCELED, it never started; RUNNER_EABANDONED, it was
 * given up at shutdown, and is to be forgotten where it stands. No command may name it as `task`. */
#define RUNNER_HOST_ENDED 4
/** Something is gone. `task`: the id of a task that nothing refers to any more, or 0. `value`: the value
 * that the host gave with a callback that will not be called, an item that nobody gets, a variable or
 * a closable, which is released; else 0. */
#define RUNNER_HOST_DROP 5
/** An error that nobody can be given: runner_host_exception() tells it. `task`: the task it was found
 * in, or 0. `status`: its code. */
#define RUNNER_HOST_EXCEPTION 6
/** The run or the close is over: call runner_end(). `task`: main, or 0. `status`: what runner_end()
 * will return. `value`: of main. */
#define RUNNER_HOST_END 7
/** A task that runs, and that RUNNER_HOST_WATCH was said of, was asked to end. It is told so by its next
 * wait, as every task; the event only says that there is a reason to come to one. */
#define RUNNER_HOST_CANCELED 8

/**
 * A command: what a task did. 40 bytes.
 *
 * `task` is the host task that does it, which then counts as running; 0 where no task does. An
 * operation that makes an object takes in `id` 0 or an id of runner_reserve(), and leaves there the
 * id of what it made. What else is used stands with the operation, as in(...) and out(...). Those
 * marked "waits" leave RUNNER_EPARKED in `status` if the task is parked, and else their outcome: the
 * task goes on at once.
 */
typedef struct runner_host_cmd {
    uint64_t task;  /**< On whose behalf, or 0. */
    uint32_t op;    /**< RUNNER_HOST_SPAWN, ... */
    int32_t status; /**< In: what the operation says. Out: 0, a negative code, RUNNER_EPARKED. */
    uint64_t id;    /**< The object. */
    int64_t a;      /**< Of the operation. */
    uint64_t b;     /**< Of the operation. */
} runner_host_cmd_t;

/** Added to an operation that waits: the host has suspended the task already. An outcome that is
 * there at once comes as the next event instead. */
#define RUNNER_HOST_SUSPENDED UINT32_C(0x80000000)

/** Start a task, a turn later. in(a: group or 0, b: context or 0), makes a task. */
#define RUNNER_HOST_SPAWN 1
/** The task has ended. in(status; b: value, or what identifies the failure; a: RUNNER_HOST_RELEASED,
 * RUNNER_HOST_ABORTS or both). RUNNER_EINVAL: a positive status or another flag; the task goes on. */
#define RUNNER_HOST_DONE 2
/** Let everything run that is ready, once. Waits. */
#define RUNNER_HOST_YIELD 3
/** Wait for a time. in(a: nanoseconds; 0 or less is a yield, INT64_MAX until a cancel). Waits. */
#define RUNNER_HOST_SLEEP 4
/** Wait for a task or future and take its outcome. in(id), out(b: its value). Waits. */
#define RUNNER_HOST_AWAIT 5
/** The same of a task, for at most a time, as runner_await_for(). in(id, a: nanoseconds, rounded up to
 * milliseconds; INT64_MAX for ever), out(b). Waits. */
#define RUNNER_HOST_AWAIT_FOR 6
/** Ask a task or future to end. in(id, b: payload or 0). RUNNER_EDONE: it is done. */
#define RUNNER_HOST_CANCEL 7
/** Take a cancel request of a task back. in(id), out(b: how many are left). */
#define RUNNER_HOST_UNCANCEL 8
/** How many cancel requests a task has. in(id), out(b: how many; a: the reason of the latest). */
#define RUNNER_HOST_CANCELLING 9
/** Look at the outcome of a task or future. in(id), out(status: RUNNER_EPENDING, 0, or its code; b: its
 * value). */
#define RUNNER_HOST_STATUS 10
/** The same, and take it: a failure is not reported any more. */
#define RUNNER_HOST_RESULT 11
/** Release what the host holds of an object of any kind. in(id). */
#define RUNNER_HOST_RELEASE 12
/** Debug mode: the task, or a callback, took a while. in(a: nanoseconds). Reported if it was long. */
#define RUNNER_HOST_TOOK 13
/** The iteration completes, then the run ends, as runner_stop(). */
#define RUNNER_HOST_STOP 14
/** From now on RUNNER_HOST_CANCELED tells that a task was asked to end while it runs: for hosts whose
 * tasks wait for things of their own in the middle of a step. in(id). */
#define RUNNER_HOST_WATCH 15
/** Take back a RUNNER_HOST_AWAIT of a task: it runs on as if it had not waited. in(id). RUNNER_EBUSY: it
 * waits for nothing of that kind, or is to be told of a cancel. */
#define RUNNER_HOST_UNPARK 16
/** The task goes on running, as it waits for something of the host's. in(b: 1: virtual time goes on without it,
 * until it waits; 0: it stands still). */
#define RUNNER_HOST_ASTRAY 17

/** Make a future. makes a future. */
#define RUNNER_HOST_FUTURE_NEW 20
/** Settle it. in(id, b: value). */
#define RUNNER_HOST_RESOLVE 21
/** Let it fail. in(id, status, b: what identifies the failure). */
#define RUNNER_HOST_REJECT 22
/** A future that follows another one and does not hand its cancel on. in(a: task or future), makes a
 * future. */
#define RUNNER_HOST_SHIELD 23

/** Make a task group. makes a group. */
#define RUNNER_HOST_GROUP_NEW 30
/** Its body begins. in(id). */
#define RUNNER_HOST_GROUP_OPEN 31
/** Its body has ended: wait for its children. in(id, status: how). RUNNER_EGROUP: see
 * runner_host_errors(). Waits. */
#define RUNNER_HOST_GROUP_CLOSE 32
/** Cancel what is in it. in(id). */
#define RUNNER_HOST_GROUP_CANCEL 33

/** Make a timeout. makes a timeout. */
#define RUNNER_HOST_TIMEOUT_NEW 40
/** Enter it. in(id, a: nanoseconds from now; INT64_MAX is none). */
#define RUNNER_HOST_TIMEOUT_OPEN 41
/** Enter it. in(id, a: nanoseconds on the clock of runner_time_ns(); INT64_MAX is none). */
#define RUNNER_HOST_TIMEOUT_OPEN_AT 42
/** Leave it. in(id, status: how the body has ended), out(status: RUNNER_ETIMEDOUT or the same). */
#define RUNNER_HOST_TIMEOUT_CLOSE 43
/** Give it another deadline. in(id, a: as RUNNER_HOST_TIMEOUT_OPEN). */
#define RUNNER_HOST_TIMEOUT_RESCHEDULE 44
/** Give it another deadline. in(id, a: as RUNNER_HOST_TIMEOUT_OPEN_AT). */
#define RUNNER_HOST_TIMEOUT_RESCHEDULE_AT 45
/** Look at it. in(id), out(b: 1 if it has expired; a: its deadline, INT64_MAX for none). */
#define RUNNER_HOST_TIMEOUT_STATE 46

/** Make an event. makes an event. */
#define RUNNER_HOST_EVENT_NEW 50
/** Set it. in(id). */
#define RUNNER_HOST_EVENT_SET 51
/** Clear it. in(id). */
#define RUNNER_HOST_EVENT_CLEAR 52
/** Look at it. in(id), out(b: 1 if it is set). */
#define RUNNER_HOST_EVENT_IS_SET 53
/** Wait until it is set. in(id). Waits. */
#define RUNNER_HOST_EVENT_WAIT 54

/** Make a lock. makes a lock. */
#define RUNNER_HOST_LOCK_NEW 60
/** Take it. in(id). Waits. */
#define RUNNER_HOST_LOCK_ACQUIRE 61
/** Give it back. in(id). */
#define RUNNER_HOST_LOCK_RELEASE 62
/** Look at it. in(id), out(b: 1 if it is taken; a: how many wait). */
#define RUNNER_HOST_LOCK_STATE 63

/** Make a condition. in(a: its lock), makes a condition. */
#define RUNNER_HOST_CONDITION_NEW 70
/** Release its lock, wait to be notified, take it again. in(id). Waits. */
#define RUNNER_HOST_CONDITION_WAIT 71
/** Wake some that wait. in(id, a: how many; less than 0 is all). */
#define RUNNER_HOST_CONDITION_NOTIFY 72

/** Make a semaphore. in(a: value, b: 1 for a bounded one), makes a semaphore. */
#define RUNNER_HOST_SEMAPHORE_NEW 80
/** Take one. in(id). Waits. */
#define RUNNER_HOST_SEMAPHORE_ACQUIRE 81
/** Give one back. in(id). */
#define RUNNER_HOST_SEMAPHORE_RELEASE 82
/** Look at it. in(id), out(a: its value; b: 1 if a task would wait). */
#define RUNNER_HOST_SEMAPHORE_STATE 83

/** Make a barrier. in(a: parties), makes a barrier. */
#define RUNNER_HOST_BARRIER_NEW 90
/** Wait for the others. in(id), out(b: place among them, from 0). Waits. */
#define RUNNER_HOST_BARRIER_WAIT 91
/** Break the wait of those who wait, and begin anew. in(id). */
#define RUNNER_HOST_BARRIER_RESET 92
/** Break it for good. in(id). */
#define RUNNER_HOST_BARRIER_ABORT 93
/** Look at it. in(id), out(a: how many wait; b: 1 if it is broken). */
#define RUNNER_HOST_BARRIER_STATE 94

/** Make a queue. in(a: most items, 0 for no limit; b: RUNNER_QUEUE_FIFO, ...), makes a queue. */
#define RUNNER_HOST_QUEUE_NEW 100
/** Put an item. in(id, b: item, a: priority). The item is the queue's if the outcome is 0. Waits. */
#define RUNNER_HOST_QUEUE_PUT 101
/** Put an item, or RUNNER_EFULL. in(id, b: item, a: priority). */
#define RUNNER_HOST_QUEUE_PUT_NOWAIT 102
/** Get an item. in(id), out(b: item). Waits. */
#define RUNNER_HOST_QUEUE_GET 103
/** Get an item, or RUNNER_EEMPTY. in(id), out(b: item). */
#define RUNNER_HOST_QUEUE_GET_NOWAIT 104
/** An item was dealt with. in(id). */
#define RUNNER_HOST_QUEUE_TASK_DONE 105
/** Wait until all items were dealt with. in(id). Waits. */
#define RUNNER_HOST_QUEUE_JOIN 106
/** Shut it down. in(id, a: 1 for immediately: its items are dropped). */
#define RUNNER_HOST_QUEUE_SHUTDOWN 107
/** How many items it has. in(id), out(b). */
#define RUNNER_HOST_QUEUE_COUNT 108

/** Call back in the next iteration, in the context of the task. in(b: value). */
#define RUNNER_HOST_CALL_SOON 110
/** Call back later. in(a: nanoseconds from now; 0 or less is due now, ordered by deadline; b: value),
 * makes a timer. */
#define RUNNER_HOST_CALL_LATER 111
/** Call back at a time. in(a: nanoseconds on the clock of runner_time_ns(), b: value), makes a
 * timer. */
#define RUNNER_HOST_CALL_AT 112
/** Take a timer back. in(id). RUNNER_EDONE: its callback was called or taken back already. */
#define RUNNER_HOST_TIMER_CANCEL 113

/** Make a context variable. makes a variable. */
#define RUNNER_HOST_VAR_NEW 120
/** Set it in the context of the task. in(id, b: value). Released by RUNNER_HOST_DROP. */
#define RUNNER_HOST_VAR_SET 121
/** Read it. in(id), out(b: value). RUNNER_EPENDING: it is not set. */
#define RUNNER_HOST_VAR_GET 122
/** Make an empty context. makes a context. */
#define RUNNER_HOST_CONTEXT_NEW 123
/** Make a copy of the context of the task. makes a context. */
#define RUNNER_HOST_CONTEXT_COPY 124

/** Announce a job that the host runs in a thread of its own, and wait for it. makes a job; the host
 * starts it unless it was refused, and ends it with RUNNER_HOST_JOB_END or runner_host_job_end() even
 * if the task was cancelled meanwhile. Shutdown waits for it. Waits. */
#define RUNNER_HOST_TO_THREAD 130
/** The same without a wait. makes a job, out(b: a future for its outcome, to be released). */
#define RUNNER_HOST_JOB 131
/** A job has ended; its id is released. in(id, status, b: value). */
#define RUNNER_HOST_JOB_END 132

/** Register something that is closed at shutdown, by a task that begins with RUNNER_HOST_START and this
 * value. in(b: value), makes a closable. */
#define RUNNER_HOST_CLOSABLE_REGISTER 140
/** Take it back, unless it is being closed. in(id). */
#define RUNNER_HOST_CLOSABLE_UNREGISTER 141

/** Wait for a descriptor, as runner_poll(). in(a: nanoseconds, 0 or less looks without waiting,
 * INT64_MAX for ever; b: descriptor | events << 32), out(b: the events that are ready, 0 once the time
 * is over). Waits. */
#define RUNNER_HOST_POLL 150

/** `a` of RUNNER_HOST_DONE: the host's reference of the task is released as well. */
#define RUNNER_HOST_RELEASED 1
/** `a` of RUNNER_HOST_DONE: a failure ends the run with its code, wherever it came from, as
 * runner_abort(). It takes the rest of the batch back, so it is not kept but given at once. */
#define RUNNER_HOST_ABORTS 2

/** `wait_ns`: there is nothing to wait for but the descriptor. */
#define RUNNER_HOST_FOREVER INT64_MAX

/** What runner_host_exception() tells. The texts are valid until its next call, or runner_step(). */
typedef struct runner_host_exception {
    size_t size;          /**< sizeof(runner_host_exception_t) of the caller. */
    const char *message;  /**< A sentence. */
    const char *name;     /**< Of the task, callback or closable, or NULL. */
    const char *site;     /**< Where it was spawned, or NULL. */
    uint64_t task;        /**< Id of the task, or 0. */
    uint64_t value;       /**< What identifies the failure, as given with it; or 0. */
    uint64_t duration_ns; /**< Slow steps: how long it took. */
    int32_t code;         /**< The error, or 0. */
    int32_t reserved;     /**< Zero. */
} runner_host_exception_t;

RUNNER_BEGIN_DECLS

/**
 * The version of the ABI that this library has: major << 16 | minor << 8 | patch.
 *
 * A binding compares it with RUNNER_VERSION_... of the headers that it was built with: before 1.0 the
 * minor has to be the same, from then on the major.
 *
 * @return The version.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT uint32_t runner_abi_version(void);

/**
 * Begin a run whose main task is the host's, as runner_run() does.
 *
 * Its RUNNER_HOST_START comes with the first step. The runner takes no signals: whoever drives it
 * handles them, and calls runner_interrupt(). A call that refuses has no effect.
 *
 * @param self     Runner. Borrowed; made ready to use if it is new.
 * @param context  Id of the context that main runs in; 0 is the runner's own.
 * @param main     Receives the id of the main task, to be released.
 *
 * @return 0, or with nothing begun:
 *   - RUNNER_EINVAL  NULL
 *   - RUNNER_EBADID  there is no such context
 *   - RUNNER_ELOOP   called inside a running loop
 *   - RUNNER_ECLOSED, RUNNER_EBUSY, RUNNER_EFORK  as runner_run()
 *   - RUNNER_ENOTSUP a guest that takes its turns by itself
 *   - RUNNER_ENOMEM, or a code of the loop's creation
 *
 * @note Thread: any, while none runs this runner. Blocks: no. Source: R18, R20, R29-R35.
 * @since 0.1
 */
RUNNER_EXPORT int runner_begin(runner_t *self, uint64_t context, uint64_t *main);

/**
 * Begin to close a runner, as runner_close() does: step until RUNNER_HOST_END, then runner_end().
 *
 * Host tasks that are left are cancelled and get their turns; the host's closables are closed.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing begun:
 *   - RUNNER_EINVAL  NULL
 *   - RUNNER_ELOOP   called inside a running loop
 *   - RUNNER_ECLOSED it is closed, or was never used: there is nothing to close
 *   - RUNNER_EBUSY   it runs or is being closed
 *   - RUNNER_ENOTSUP a guest that takes its turns by itself
 *   - RUNNER_EFORK   made in the parent process
 *
 * @note Thread: any, while none runs this runner. Blocks: no. Source: R79-R92.
 * @since 0.1
 */
RUNNER_EXPORT int runner_begin_close(runner_t *self);

/**
 * Take a step: do the commands, then what is due, until the host has to do something or nothing is
 * ready. Looks at the kernel as runner_run() does, and never waits.
 *
 * @param self      Runner. Borrowed.
 * @param cmds      Commands, done in this order; each gets its status. Borrowed. NULL if none.
 * @param n_cmds    How many.
 * @param events    Receives what the host has to do, in this order. Borrowed until the next step, or
 *                  runner_end(): the event of a task that was not resumed yet may change.
 * @param cap       Most events, at least 1.
 * @param n_events  Receives how many there are.
 * @param wait_ns   Receives how long nothing will be due: 0 is to step again at once; else wait on
 *                  runner_backend_fd() for at most this time, or RUNNER_HOST_FOREVER.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL   NULL or a capacity of 0
 *   - RUNNER_ENOLOOP  neither a run nor a close has begun, or the end was told already
 *   - RUNNER_ELOOP    called inside a running loop
 *   - RUNNER_ENOTSUP  a guest: see runner_take()
 *   - RUNNER_EFORK    made in the parent process
 *
 * @note Thread: any, one at a time. Blocks: no. Source: R36, R190-R197.
 * @since 0.1
 */
RUNNER_EXPORT int runner_step(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds,
                              runner_host_event_t *events, size_t cap, size_t *n_events,
                              int64_t *wait_ns);

/**
 * Do commands now, between two steps. Each gets its status.
 *
 * Outside of a run only those are done that need no task and make nothing wait: making, looking at
 * and releasing objects, settling futures, callbacks, closables. Once a close has told its end, and
 * until runner_free(), there are only RUNNER_HOST_RELEASE, _STATUS, _RESULT and _CANCELLING; what goes
 * then is not told any more.
 *
 * @param self    Runner. Borrowed; made ready to use if it is new.
 * @param cmds    Commands, done in this order. Borrowed.
 * @param n_cmds  How many.
 *
 * @return 0; the commands have their own codes: those of the functions that they stand for, and
 *         RUNNER_EBADID (no such object, or of another kind), RUNNER_EINVAL (no such operation),
 *         RUNNER_ENOTASK (`task` is not running), RUNNER_ECLOSED. Or with nothing done: RUNNER_EINVAL
 *         (NULL), RUNNER_ELOOP (called inside a running loop), RUNNER_EFORK, RUNNER_ENOMEM, a code of
 *         the loop's creation.
 *
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_commands(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds);

/**
 * Do one command now, given by its parts: for hosts to whom a call is cheap.
 *
 * @param self    Runner. Borrowed; made ready to use if it is new.
 * @param task    On whose behalf, or 0.
 * @param op      RUNNER_HOST_...
 * @param status  As the operation says, else 0.
 * @param id      The object. Borrowed; NULL is 0. Receives the id of what was made.
 * @param a       As the operation says, else 0. Borrowed; NULL is 0. Receives its out(a).
 * @param b       As the operation says, else 0. Borrowed; NULL is 0. Receives its out(b).
 *
 * @return The status of the command, or why runner_commands() refuses.
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_command(runner_t *self, uint64_t task, uint32_t op, int status,
                                 uint64_t *id, int64_t *a, uint64_t *b);

/**
 * End a run or a close. Before RUNNER_HOST_END it is broken off: a run as by runner_stop(), tasks that
 * were not resumed keep their turn for the next one; a close gives up what is left (RUNNER_ETIMEDOUT).
 *
 * @param self  Runner. Borrowed.
 *
 * @return The outcome: of a run that of runner_run(), of a close that of runner_close(). Or
 *         RUNNER_EINVAL (NULL), RUNNER_ENOLOOP (nothing has begun), RUNNER_ELOOP (called inside a
 *         running loop), RUNNER_EFORK: nothing happened.
 * @note Thread: as runner_step(). Blocks: no. Source: R35, R38.
 * @since 0.1
 */
RUNNER_EXPORT int runner_end(runner_t *self);

/**
 * The descriptor that becomes readable when a step has something to do: for poll, epoll and their
 * like. It is the loop's own: it must not be read or closed, and is gone after the close.
 *
 * @param self  Runner. Borrowed; made ready to use if it is new.
 * @param fd    Receives the descriptor.
 *
 * @return 0, or RUNNER_EINVAL (NULL), RUNNER_ECLOSED, RUNNER_EFORK, RUNNER_ENOTSUP (this platform has
 *         none: use runner_backend_wait()), RUNNER_ENOMEM, a code of the loop's creation.
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_backend_fd(runner_t *self, int *fd);

/**
 * Wait until a step has something to do, where there is nothing better to wait with.
 *
 * @param self        Runner, with a run or close begun. Borrowed.
 * @param timeout_ns  Longest time in nanoseconds; RUNNER_HOST_FOREVER is for ever.
 *
 * @return 0, or RUNNER_EINVAL (NULL), RUNNER_ENOLOOP (nothing has begun), RUNNER_ELOOP (called inside a
 *         running loop), RUNNER_ENOTSUP (a guest), RUNNER_EFORK.
 * @note Thread: as runner_step(). Blocks: yes; ended by runner_wakeup() and whatever wakes the loop.
 * @since 0.1
 */
RUNNER_EXPORT int runner_backend_wait(runner_t *self, int64_t timeout_ns);

/**
 * Reserve ids for objects that commands will make, so that the host knows them before.
 *
 * @param self   Runner. Borrowed; made ready to use if it is new.
 * @param ids    Receives them. Borrowed. One that is never used is released as any other.
 * @param count  How many.
 *
 * @return 0, or with none reserved: RUNNER_EINVAL (NULL), RUNNER_ECLOSED, RUNNER_EFORK, RUNNER_ENOMEM, a
 *         code of the loop's creation.
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_reserve(runner_t *self, uint64_t *ids, size_t count);

/**
 * How many ids are in use: reserved, of objects, and gone without RUNNER_HOST_DROP having been told.
 *
 * @param self  Runner. Borrowed.
 *
 * @return The number; 0 for NULL.
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_host_count(const runner_t *self);

/**
 * A future for the outcomes of several, as runner_gather().
 *
 * @param self           Runner. Borrowed.
 * @param ids            Tasks and futures. Borrowed.
 * @param count          How many.
 * @param return_errors  1: it succeeds whatever the others end with. 0: it fails as the first that
 *                       fails; the value of the outcome is that one's.
 * @param out            Receives the id of the future, to be released.
 *
 * @return As runner_gather(), and RUNNER_EBADID.
 * @note Thread: as runner_step(), during a run or a close. Blocks: no. Source: R184.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_gather(runner_t *self, const uint64_t *ids, size_t count,
                                     int return_errors, uint64_t *out);

/**
 * Wait until some of several are done, as runner_wait(). Which ones, RUNNER_HOST_STATUS tells.
 *
 * @param self         Runner. Borrowed.
 * @param task         The host task that waits.
 * @param ids          Tasks and futures. Borrowed.
 * @param count        How many, at least 1.
 * @param return_when  RUNNER_FIRST_COMPLETED, RUNNER_FIRST_EXCEPTION or RUNNER_ALL_COMPLETED.
 * @param timeout_ns   Longest time in nanoseconds, rounded up to milliseconds; RUNNER_HOST_FOREVER.
 *
 * @return RUNNER_EPARKED: the task is parked. Else as runner_wait(), and RUNNER_EBADID.
 * @note Thread: as runner_step(), during a run or a close. Waits. Source: asyncio.wait().
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_wait(runner_t *self, uint64_t task, const uint64_t *ids, size_t count,
                                   int return_when, int64_t timeout_ns);

/**
 * What went wrong in a group that was closed with RUNNER_EGROUP.
 *
 * @param self   Runner. Borrowed.
 * @param id     The group.
 * @param tasks  Receives the ids of the children that failed, in the order in which they did; 0 for
 *               the body, which is the last. Borrowed.
 * @param codes  Receives their codes. Borrowed.
 * @param cap    Most errors.
 * @param count  Receives how many there are in all. Only `cap` of them are written.
 *
 * @return 0, or RUNNER_EINVAL (NULL), RUNNER_EBADID, RUNNER_EFORK: nothing written.
 * @note Thread: as runner_step(). Blocks: no. Source: R158-R164.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_errors(runner_t *self, uint64_t id, uint64_t *tasks, int32_t *codes,
                                     size_t cap, size_t *count);

/**
 * Name a task or a closable, for reports and for people.
 *
 * @param self  Runner. Borrowed.
 * @param id    The task or closable.
 * @param name  Its name, copied. NULL takes it back.
 *
 * @return 0, or RUNNER_EINVAL (NULL runner), RUNNER_EBADID, RUNNER_EFORK, RUNNER_ENOMEM: nothing changed.
 * @note Thread: as runner_step(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_name(runner_t *self, uint64_t id, const char *name);

/**
 * What the next RUNNER_HOST_EXCEPTION is about, in the order of those events. It may be asked for before
 * that event, which then does not come: right after a command that can cause one. An exception handler
 * of the program, runner_set_exception_handler(), is called instead. What was not asked for by the next
 * runner_step() is forgotten.
 *
 * @param self  Runner. Borrowed.
 * @param out   Receives it; `out->size` is set by the caller. Borrowed.
 *
 * @return 0; RUNNER_EEND if there is no further one; RUNNER_EINVAL (NULL, or a size that is too small),
 *         RUNNER_EFORK: nothing written.
 * @note Thread: as runner_step(). Blocks: no. Source: R93-R96.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_exception(runner_t *self, runner_host_exception_t *out);

/**
 * Have RUNNER_HOST_CALL come with a value, from any thread, as runner_call_soon_threadsafe().
 *
 * @param self   Runner. Borrowed.
 * @param value  The host's. Comes once: with RUNNER_HOST_CALL, or with RUNNER_HOST_DROP at the close.
 *
 * @return As runner_call_soon_threadsafe(); RUNNER_ENOLOOP if the runner was never used by a host.
 * @note Thread: any. Blocks: no. Source: R98, R99, R188.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_post(runner_t *self, uint64_t value);

/**
 * A job has ended, as RUNNER_HOST_JOB_END, said from any thread.
 *
 * @param self    Runner. Borrowed.
 * @param id      The job. Given.
 * @param status  0 or a negative code.
 * @param value   Its value, or what identifies the failure.
 *
 * @return 0; RUNNER_ECLOSED: the runner gave it up and has closed. RUNNER_EINVAL (NULL, or a positive
 *         status), RUNNER_EFORK, RUNNER_ENOMEM: nothing happened.
 * @note Thread: any. Blocks: no. Source: R101-R112.
 * @since 0.1
 */
RUNNER_EXPORT int runner_host_job_end(runner_t *self, uint64_t id, int status, uint64_t value);

RUNNER_END_DECLS

#endif
