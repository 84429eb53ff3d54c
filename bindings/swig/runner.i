/* The one SWIG interface of librunner: a private, low layer for Go, Ruby and Node, on top of which
 * each language has a layer written by hand.
 *
 * It reads the public headers as they are. Every function there is either wrapped or ignored below
 * with a reason; check_wrapped.py holds both against runner.map. How a parameter crosses the border
 * is said by the name and type that it has in the headers, in go.i, ruby.i and napi.i.
 *
 * What is wrapped names everything by id, is never called back, and needs no C stack of its own. */
%module core

%header %{
#include <runner.h>
%}

/* ---- ignored in every language --------------------------------------------------------------- */

/* The process's: a host brings its own memory, exit and signals. */
%ignore runner_replace_allocator;
%ignore runner_die_by_signal;

/* Turns the loop itself and calls C functions; a host begins, steps and ends (host.h). */
%ignore runner_run;
%ignore runner_run_options_init;
%ignore runner_main;
%ignore runner_close;
%ignore runner_run_errors;

/* Filled by whoever makes a runner: an option is a keyword in Ruby and Node, a field in Go. */
%ignore runner_options_init;

/* libuv's loop: its functions are not the host's. */
%ignore runner_get_loop;

/* Guest mode begins with a loop of libuv and a C function that is woken up: code by hand. */
%ignore runner_attach;
%ignore runner_start;
%ignore runner_start_close;

/* Of the C task or callback that runs in this thread: host tasks have none. */
%ignore runner_stop;
%ignore runner_abort;
%ignore runner_current;
%ignore runner_current_task;

/* Takes C functions: bodies of tasks, callbacks, jobs. A host has commands for these. */
%ignore runner_spawn_options_init;
%ignore runner_spawn;
%ignore runner_spawn_step;
%ignore runner_spawn_threadsafe;
%ignore runner_group_spawn;
%ignore runner_group_spawn_step;
%ignore runner_with_group;
%ignore runner_with_timeout;
%ignore runner_future_on_done;
%ignore runner_call_soon;
%ignore runner_call_later;
%ignore runner_call_at_ns;
%ignore runner_call_soon_threadsafe;
%ignore runner_job_options_init;
%ignore runner_to_thread;
%ignore runner_run_in_executor;
%ignore runner_job_run;
%ignore runner_closable_register;
%ignore runner_gen_new;
%ignore runner_set_exception_handler;
%ignore runner_call_exception_handler;
%ignore runner_default_exception_handler;

/* Waits on the stack of a coroutine, or parks a stackless task. A host waits by commands. */
%ignore runner_await;
%ignore runner_await_for;
%ignore runner_yield;
%ignore runner_sleep;
%ignore runner_sleep_ns;
%ignore runner_future_await;
%ignore runner_group_close;
%ignore runner_wait;
%ignore runner_as_completed_next;
%ignore runner_event_wait;
%ignore runner_lock_acquire;
%ignore runner_condition_wait;
%ignore runner_semaphore_acquire;
%ignore runner_barrier_wait;
%ignore runner_queue_put;
%ignore runner_queue_put_priority;
%ignore runner_queue_get;
%ignore runner_queue_join;
%ignore runner_poll;
%ignore runner_submission_wait;
%ignore runner_gen_next;
%ignore runner_gen_yield;
%ignore runner_gen_close;

/* Tasks and futures by handle. A host has ids: RUNNER_HOST_CANCEL, _STATUS, _RESULT, _RELEASE ... */
%ignore runner_task_cancel;
%ignore runner_task_cancel_with;
%ignore runner_task_uncancel;
%ignore runner_task_cancelling;
%ignore runner_task_cancel_reason;
%ignore runner_task_cancel_message;
%ignore runner_task_cancel_payload;
%ignore runner_task_done;
%ignore runner_task_cancelled;
%ignore runner_task_status;
%ignore runner_task_result;
%ignore runner_task_name;
%ignore runner_task_id;
%ignore runner_task_future;
%ignore runner_task_ref;
%ignore runner_task_unref;
%ignore runner_future_new;
%ignore runner_future_resolve;
%ignore runner_future_reject;
%ignore runner_future_cancel;
%ignore runner_future_done;
%ignore runner_future_status;
%ignore runner_future_result;
%ignore runner_future_errors;
%ignore runner_future_ref;
%ignore runner_future_unref;
%ignore runner_submission_cancel;
%ignore runner_submission_done;
%ignore runner_submission_unref;
%ignore runner_timer_cancel;
%ignore runner_timer_unref;
%ignore runner_closable_unregister;
%ignore runner_gen_unref;

/* Scopes and several futures by handle: RUNNER_HOST_GROUP_..., _TIMEOUT_..., runner_host_gather(). */
%ignore runner_group_new;
%ignore runner_group_open;
%ignore runner_group_cancel;
%ignore runner_group_count;
%ignore runner_group_errors;
%ignore runner_group_unref;
%ignore runner_error_group_count;
%ignore runner_error_group_get;
%ignore runner_error_group_raise;
%ignore runner_error_group_ref;
%ignore runner_error_group_unref;
%ignore runner_timeout_new;
%ignore runner_timeout_open;
%ignore runner_timeout_open_at_ns;
%ignore runner_timeout_reschedule;
%ignore runner_timeout_reschedule_at_ns;
%ignore runner_timeout_close;
%ignore runner_timeout_expired;
%ignore runner_timeout_when_ns;
%ignore runner_timeout_unref;
%ignore runner_gather;
%ignore runner_shield;
%ignore runner_as_completed_new;
%ignore runner_as_completed_unref;

/* What tasks share, by handle: RUNNER_HOST_EVENT_..., _LOCK_..., _QUEUE_... and so on. */
%ignore runner_event_new;
%ignore runner_event_set;
%ignore runner_event_clear;
%ignore runner_event_is_set;
%ignore runner_event_unref;
%ignore runner_lock_new;
%ignore runner_lock_release;
%ignore runner_lock_locked;
%ignore runner_lock_holder;
%ignore runner_lock_waiters;
%ignore runner_lock_unref;
%ignore runner_condition_new;
%ignore runner_condition_lock;
%ignore runner_condition_notify;
%ignore runner_condition_notify_all;
%ignore runner_condition_unref;
%ignore runner_semaphore_new;
%ignore runner_semaphore_new_bounded;
%ignore runner_semaphore_release;
%ignore runner_semaphore_locked;
%ignore runner_semaphore_value;
%ignore runner_semaphore_unref;
%ignore runner_barrier_new;
%ignore runner_barrier_reset;
%ignore runner_barrier_abort;
%ignore runner_barrier_parties;
%ignore runner_barrier_waiting;
%ignore runner_barrier_broken;
%ignore runner_barrier_unref;
%ignore runner_queue_options_init;
%ignore runner_queue_new;
%ignore runner_queue_put_nowait;
%ignore runner_queue_put_priority_nowait;
%ignore runner_queue_get_nowait;
%ignore runner_queue_task_done;
%ignore runner_queue_shutdown;
%ignore runner_queue_count;
%ignore runner_queue_maxsize;
%ignore runner_queue_unref;

/* Context variables by handle: RUNNER_HOST_VAR_... and _CONTEXT_... */
%ignore runner_var_new;
%ignore runner_var_name;
%ignore runner_var_set;
%ignore runner_var_get;
%ignore runner_var_unref;
%ignore runner_context_new;
%ignore runner_context_copy;
%ignore runner_context_get;
%ignore runner_context_set;
%ignore runner_context_ref;
%ignore runner_context_unref;

/* Takes what no host has: a stream of C, the address of a report. */
%ignore runner_print_tasks;
%ignore runner_get_report;

/* Structs: what is in them crosses the border as values. */
%rename("$ignore", %$isclass) "";

/* ---- the languages --------------------------------------------------------------------------- */

#if defined(SWIGGO)
%include "go.i"
#elif defined(SWIGRUBY)
%include "ruby.i"
#elif defined(SWIGJAVASCRIPT)
%include "napi.i"
#endif

/* ---- the version that the output is made for ------------------------------------------------- */

%include "runner/version.h"

/* In two parts: what stands in %{ %} is left as it is, what stands in { } is expanded. */
%define %runner_made_for(where, major, minor)
%insert(where) {
%#if RUNNER_FOUND_MAJOR != major || (major == 0 && RUNNER_FOUND_MINOR != minor)
%#error "This binding is made for librunner major.minor, and runner.h is of another version."
%#endif
}
%enddef

%header %{
#define RUNNER_FOUND_MAJOR RUNNER_VERSION_MAJOR
#define RUNNER_FOUND_MINOR RUNNER_VERSION_MINOR
%}
%runner_made_for(header, RUNNER_VERSION_MAJOR, RUNNER_VERSION_MINOR)

#if defined(SWIGGO) /* and where cgo meets it before anything else */
%insert(cgo_comment) %{
#include <runner/version.h>
#define RUNNER_FOUND_MAJOR RUNNER_VERSION_MAJOR
#define RUNNER_FOUND_MINOR RUNNER_VERSION_MINOR
%}
%runner_made_for(cgo_comment, RUNNER_VERSION_MAJOR, RUNNER_VERSION_MINOR)
#endif

/* ---- the headers ----------------------------------------------------------------------------- */

%include "runner/export.h"
%include "runner/types.h"
%include "runner/error.h"
%include "runner/alloc.h"
%include "runner/executor.h"
%include "runner/handler.h"
%include "runner/report.h"
%include "runner/lifecycle.h"
%include "runner/task.h"
%include "runner/future.h"
%include "runner/group.h"
%include "runner/timeout.h"
%include "runner/gather.h"
%include "runner/event.h"
%include "runner/lock.h"
%include "runner/condition.h"
%include "runner/semaphore.h"
%include "runner/barrier.h"
%include "runner/queue.h"
%include "runner/poll.h"
%include "runner/callback.h"
%include "runner/submission.h"
%include "runner/context.h"
%include "runner/closable.h"
%include "runner/gen.h"
%include "runner/signal.h"
%include "runner/inspect.h"
%include "runner/host.h"
%include "runner/guest.h"
