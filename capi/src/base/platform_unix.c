#ifndef _WIN32

#include "base/platform.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#define MOST_HOOKS 8

static atomic_uint fork_generation = 1;
static void (*fork_hooks[MOST_HOOKS])(void);
static atomic_uint fork_hook_count;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* glibc asks the kernel for the process on every getpid(); this is told once. */
static void in_forked_child(void)
{
    atomic_fetch_add_explicit(&fork_generation, 1, memory_order_relaxed);
    unsigned count = atomic_load_explicit(&fork_hook_count, memory_order_acquire);
    for (unsigned i = 0; i < count && i < MOST_HOOKS; i++) {
        fork_hooks[i]();
    }
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, in_forked_child);
}

uint32_t runner__fork_generation(void)
{
    return atomic_load_explicit(&fork_generation, memory_order_relaxed);
}

void runner__at_fork_child(void (*hook)(void))
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&lock);
    unsigned count = atomic_load_explicit(&fork_hook_count, memory_order_relaxed);
    bool known = count >= MOST_HOOKS;
    for (unsigned i = 0; i < count; i++) {
        known = known || fork_hooks[i] == hook;
    }
    if (!known) {
        fork_hooks[count] = hook;
        atomic_store_explicit(&fork_hook_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
}

static bool ask_is_main_thread(void)
{
#if defined(__linux__)
    return syscall(SYS_gettid) == getpid();
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__)
    return pthread_main_np() == 1;
#else
    return true;
#endif
}

bool runner__is_main_thread(void)
{
    static RUNNER__THREAD_LOCAL uint32_t asked_in;
    static RUNNER__THREAD_LOCAL bool answer;
    uint32_t generation = runner__fork_generation();
    if (RUNNER__UNLIKELY(asked_in != generation)) {
        answer = ask_is_main_thread();
        asked_in = generation;
    }
    return answer;
}

static pthread_key_t thread_key;
static atomic_bool thread_key_made;
static runner__thread_exit_fn thread_release;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;

static void make_thread_key(void)
{
    if (pthread_key_create(&thread_key, thread_release) == 0) {
        atomic_store_explicit(&thread_key_made, true, memory_order_release);
    }
}

void *runner__thread_value(void)
{
    bool made = atomic_load_explicit(&thread_key_made, memory_order_acquire);
    return made ? pthread_getspecific(thread_key) : NULL;
}

bool runner__thread_set_value(void *value, runner__thread_exit_fn release)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    thread_release = release;
    pthread_once(&thread_once, make_thread_key);
    pthread_mutex_unlock(&lock);
    return atomic_load_explicit(&thread_key_made, memory_order_relaxed) &&
           pthread_setspecific(thread_key, value) == 0;
}

/* Blocked already while the thread is made: it has no moment in which a signal could choose it. */
int runner__thread_start(uv_thread_t *thread, void (*main)(void *arg), void *arg)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = uv_thread_create(thread, main, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

void runner__thread_detach(uv_thread_t thread)
{
    (void)pthread_detach(thread);
}

/* Seen in libuv 1.44 to 1.52: the polling descriptor stays open when a later step fails. A version
 * that nobody has looked at is left alone: a descriptor that it has closed may be somebody else's. */
#define LAST_LEAKING_VERSION 0x0134ffU

/* 0 is what libuv writes first, before it has opened anything. */
int runner__uv_loop_init(uv_loop_t *uv)
{
    int code = uv_loop_init(uv);
    if (code != 0 && uv->backend_fd > 0 && uv_version() <= LAST_LEAKING_VERSION) {
        (void)close(uv->backend_fd);
    }
    return code;
}

bool runner__describe_address(const void *address, char *text, size_t size)
{
    Dl_info info;
    if (address == NULL || dladdr(address, &info) == 0) {
        return false;
    }
    const char *name = info.dli_sname != NULL ? info.dli_sname : info.dli_fname;
    const void *start = info.dli_sname != NULL ? info.dli_saddr : info.dli_fbase;
    if (name == NULL) {
        return false;
    }
    snprintf(text, size, "%s+0x%zx", name, (size_t)((const char *)address - (const char *)start));
    return true;
}

#endif
