/**
 * @file
 * Error codes. Every fallible call returns an `int`: 0, or one negative code.
 *
 * librunner's own codes lie in -20099 ... -20001. A code that came from libuv passes through
 * unchanged (it lies above -10000), and runner_strerror() knows both.
 */
#ifndef RUNNER_ERROR_H
#define RUNNER_ERROR_H

#include "export.h"

/**
 * Every code of the library as XX(NAME, value, text). Expand it to make an enum, a table or a
 * test that a binding has left none out.
 */
#define RUNNER_ERROR_MAP(XX)                                                                       \
    XX(EINVAL, -20001, "invalid argument")                                                         \
    XX(ENOMEM, -20002, "out of memory")                                                            \
    XX(ELOOP, -20003, "cannot be called from a running event loop")                                \
    XX(ECLOSED, -20004, "runner is closed")                                                        \
    XX(EBUSY, -20005, "this event loop is already running in another thread")                      \
    XX(ETHREAD, -20006, "non-thread-safe operation on an event loop of another thread")            \
    XX(EFORK, -20007, "runner belongs to the parent process")                                      \
    XX(ENOLOOP, -20008, "no running event loop in this thread")                                    \
    XX(ENOTASK, -20009, "not called from inside a task")                                           \
    XX(ECANCELED, -20010, "task was cancelled")                                                    \
    XX(EINTR, -20011, "interrupted by SIGINT")                                                     \
    XX(ETERM, -20012, "terminated by SIGTERM")                                                     \
    XX(EHUP, -20013, "hung up by SIGHUP")                                                          \
    XX(ESTOPPED, -20014, "event loop stopped before the main task completed")                      \
    XX(ETIMEDOUT, -20015, "timed out")                                                             \
    XX(ESHUTDOWN, -20016, "executor shutdown has been called")                                     \
    XX(EFACTORY, -20017, "loop factory failed")                                                    \
    XX(EDEADLK, -20018, "deadlock: every task waits and nothing can wake one")                     \
    XX(EHANDLES, -20019, "user handles were still open on the loop at close")                      \
    XX(EUSER, -20020, "error of the calling program")                                              \
    XX(EDONE, -20021, "task or future is already done")                                            \
    XX(EPENDING, -20022, "task or future is not done yet")                                         \
    XX(ESELF, -20023, "task cannot await on itself")                                               \
    XX(EFOREIGN, -20024, "object belongs to another event loop")                                   \
    XX(EBADRESULT, -20025, "callback returned a positive value")                                   \
    XX(EPARKED, -20026, "stackless task is parked")                                                \
    XX(ENOTSUP, -20027, "not supported in this kind of task")                                      \
    XX(EEND, -20028, "generator is exhausted")                                                     \
    XX(EABANDONED, -20029, "abandoned at shutdown")                                                \
    XX(EIGNORED, -20030, "generator ignored its close")                                            \
    XX(EGROUP, -20031, "errors in a task group")                                                   \
    XX(ENOTENTERED, -20032, "group or timeout has not been entered")                               \
    XX(EENTERED, -20033, "group or timeout has already been entered")                              \
    XX(EFINISHED, -20034, "group or timeout is finished")                                          \
    XX(EABORTING, -20035, "task group is shutting down")                                           \
    XX(EEXPIRING, -20036, "timeout is expiring")                                                   \
    XX(EEXPIRED, -20037, "timeout has expired")                                                    \
    XX(EOWNER, -20038, "group or timeout was entered by another task")                             \
    XX(ENOTLOCKED, -20039, "lock is not acquired")                                                 \
    XX(ERELEASED, -20040, "semaphore was released too many times")                                 \
    XX(EBROKEN, -20041, "barrier is broken")                                                       \
    XX(EQUEUESHUT, -20042, "queue has been shut down")                                             \
    XX(EEMPTY, -20043, "queue is empty")                                                           \
    XX(EFULL, -20044, "queue is full")                                                             \
    XX(ETASKDONE, -20045, "task_done was called too many times")                                   \
    XX(EBADID, -20046, "no such object, or of another kind")                                       \
    XX(EHOSTED, -20047, "runner has tasks of a host and is driven by it")

/** The codes as constants, RUNNER_EINVAL and so on. RUNNER_EUSER is never made by the library. */
/* clang-format off: it takes the map for the beginning of an expression */
enum {
#define RUNNER_ERROR_ENUM(name, value, text) RUNNER_##name = (value),
    RUNNER_ERROR_MAP(RUNNER_ERROR_ENUM)
#undef RUNNER_ERROR_ENUM
        RUNNER_OK = 0 /**< Success. */
};
/* clang-format on */

RUNNER_BEGIN_DECLS

/**
 * Describe a code in a short sentence.
 *
 * @param code  A code of librunner or of libuv.
 *
 * @return Static text; "unknown error" for a code that nobody defines. Never NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT const char *runner_strerror(int code);

/**
 * The symbol of a code, "RUNNER_ECANCELED" or "UV_ENOENT".
 *
 * @param code  A code of librunner or of libuv.
 *
 * @return Static text; "RUNNER_UNKNOWN" for a code that nobody defines. Never NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT const char *runner_error_name(int code);

RUNNER_END_DECLS

#endif
