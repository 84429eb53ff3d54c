/**
 * @file
 * librunner: asyncio.Runner for C. The one header to include.
 *
 * @mainpage librunner
 *
 * A runner owns an event loop (libuv), runs a main task on it, hands its result back, cancels it
 * cleanly on Ctrl-C, and shuts everything down in a fixed order with nothing lost.
 *
 * ```c
 * #include <runner.h>
 * #include <stdio.h>
 *
 * static int hello(void *arg, void **result)
 * {
 *     (void)result;
 *     int code = runner_sleep(1000);
 *     if (code == 0)
 *         printf("hello %s\n", (const char *)arg);
 *     return code;
 * }
 *
 * int main(void)
 * {
 *     int code = runner_main(hello, "world", NULL, NULL);
 *     runner_die_by_signal(code);
 *     return runner_exit_status(code);
 * }
 * ```
 *
 * Rules that hold everywhere:
 *   1. A fallible call returns an `int`: 0, or one negative code (error.h). Outputs are written
 *      only on success. A call that refuses has no effect and consumes nothing.
 *   2. Parameters come as object, inputs, callback with its `arg` and `drop`, options, outputs. A
 *      constructor's output comes first.
 *   3. *Borrowed* stays the caller's, *Given* becomes the library's, *Shared* is counted: every
 *      `ref` and every handle received wants one `unref`. Releasing NULL is fine.
 *   4. Everything that belongs to a runner is used on the thread that runs its loop, or on any one
 *      thread while none does. What is safe from any thread says so.
 *   5. Option structs start with their size; zero means default.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include "runner/alloc.h"      /* the allocator */
#include "runner/error.h"      /* codes and their texts */
#include "runner/export.h"     /* visibility */
#include "runner/types.h"      /* handles and callbacks */
#include "runner/version.h"    /* the version */
#include "runner/lifecycle.h"  /* new, run, get_loop, close, free, main */
#include "runner/task.h"       /* spawn, await, sleep, cancel */
#include "runner/future.h"     /* one result, many waiters */
#include "runner/group.h"      /* children that end before their group does */
#include "runner/timeout.h"    /* a deadline for what a task does */
#include "runner/gather.h"     /* several futures at once; shield */
#include "runner/event.h"      /* a flag that tasks wait for */
#include "runner/lock.h"       /* one task at a time */
#include "runner/condition.h"  /* something has changed */
#include "runner/semaphore.h"  /* so many tasks at a time */
#include "runner/barrier.h"    /* a number of tasks wait for each other */
#include "runner/queue.h"      /* items that tasks hand to tasks */
#include "runner/poll.h"       /* descriptors that are ready */
#include "runner/callback.h"   /* call_soon, call_later, from other threads */
#include "runner/submission.h" /* tasks from other threads */
#include "runner/context.h"    /* context variables */
#include "runner/executor.h"   /* blocking jobs */
#include "runner/closable.h"   /* what closes with awaits at shutdown */
#include "runner/gen.h"        /* asynchronous generators */
#include "runner/signal.h"     /* interrupts and exit statuses */
#include "runner/handler.h"    /* the exception handler */
#include "runner/report.h"     /* the shutdown report */
#include "runner/inspect.h"    /* which tasks there are */
#include "runner/host.h"       /* for host languages: tasks by number, step by step */
#include "runner/guest.h"      /* on a libuv loop that somebody else turns */

#endif
