/*
 * What differs between operating systems and libuv does not cover.
 */
#ifndef RUNNER__BASE_PLATFORM_H
#define RUNNER__BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

/* A variable of each thread. initial-exec is one instruction where general-dynamic is a call; a
 * library that is loaded late can have it only where the C library keeps room for it. */
#if defined(__GLIBC__) && defined(__GNUC__)
#define RUNNER__THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define RUNNER__THREAD_LOCAL _Thread_local
#endif

#define RUNNER__LIKELY(x) __builtin_expect(!!(x), 1)
#define RUNNER__UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Changes in a forked child, so that what was made before the fork can be told apart. Forks are
 * watched from the first runner__at_fork_child() on. */
uint32_t runner__fork_generation(void);

/* Has `hook` called in every forked child, before anything else of ours. At most 8 hooks. */
void runner__at_fork_child(void (*hook)(void));

bool runner__is_main_thread(void);

/* A pointer of each thread that is released when the thread ends. */
typedef void (*runner__thread_exit_fn)(void *value);
void *runner__thread_value(void);
/* The first call decides about `release`; false without memory. */
bool runner__thread_set_value(void *value, runner__thread_exit_fn release);

/* Starts a thread that blocks every signal; a code of libuv if the system refuses. */
int runner__thread_start(uv_thread_t *thread, void (*main)(void *arg), void *arg);

/* Lets a thread end by itself, without a join. */
void runner__thread_detach(uv_thread_t thread);

/* As uv_loop_init(), but nothing stays open where that fails. */
int runner__uv_loop_init(uv_loop_t *uv);

/* Names the place of a code address, as "symbol+0x12", into `text`; false if it has no name. */
bool runner__describe_address(const void *address, char *text, size_t size);

#endif
