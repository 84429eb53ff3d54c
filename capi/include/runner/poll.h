/**
 * @file
 * Descriptors: a task waits until one is ready, for I/O that the program does itself.
 *
 *     while ((n = read(fd, buf, sizeof buf)) < 0 && errno == EAGAIN)
 *         if ((code = runner_poll(fd, RUNNER_READABLE, RUNNER_FOREVER, NULL)) != 0)
 *             return code;
 */
#ifndef RUNNER_POLL_H
#define RUNNER_POLL_H

#include "export.h"
#include "types.h"

/** There is something to read, an end or a connection to accept. The value of UV_READABLE. */
#define RUNNER_READABLE 1
/** There is room to write, or a connection was made. The value of UV_WRITABLE. */
#define RUNNER_WRITABLE 2
/** The other side writes no more, where the system tells. The value of UV_DISCONNECT. */
#define RUNNER_DISCONNECT 4
/** There is urgent data. The value of UV_PRIORITIZED. */
#define RUNNER_PRIORITIZED 8

RUNNER_BEGIN_DECLS

/**
 * Wait until a descriptor is ready. Several tasks may wait for one; each is woken by its own events.
 *
 * An error of the descriptor, or that the other side has hung up, counts as every event: the next
 * read or write tells. What poll() takes to be always ready, such as a regular file, is ready at
 * once. The descriptor stays as it is, blocking or not.
 *
 * Whoever closes a descriptor cancels those who wait for it before: the system does not tell that it
 * was closed. A wait that learns of it all the same, because the number is waited for again or its
 * time is over, ends with UV_EBADF.
 *
 * @param fd          Descriptor. Borrowed while the task waits.
 * @param events      RUNNER_READABLE, RUNNER_WRITABLE, RUNNER_DISCONNECT, RUNNER_PRIORITIZED, or
 *                    several of them.
 * @param timeout_ms  Most milliseconds to wait; 0 looks without waiting; RUNNER_FOREVER waits without
 *                    limit.
 * @param revents     Receives those of the events that are ready, 0 if the time has passed; NULL is
 *                    none. Written only when 0 is returned. For a stackless caller it must stay valid
 *                    until the wait ends.
 *
 * @return 0, also when the time has passed. Or RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller),
 *         RUNNER_ENOTASK, RUNNER_EBUSY, RUNNER_EINVAL (no events, or others), UV_EBADF (no such
 *         descriptor), UV_EPERM (not one of the events can be waited for), RUNNER_ECLOSED (the program
 *         has closed the handles of a guest), RUNNER_ENOMEM, or a code with which the system refuses
 *         to watch one more.
 * @note Thread: the one that runs the loop. Waits, unless it is ready at once.
 *       Source: loop.add_reader(), poll(2).
 * @since 0.1
 */
RUNNER_EXPORT int runner_poll(int fd, uint32_t events, uint64_t timeout_ms, uint32_t *revents);

RUNNER_END_DECLS

#endif
