/*
 * The fault handler. Everything below handle() is async-signal-safe: it reads the registry of
 * slabs, which needs no lock, and writes with write(2).
 */
#include "overflow.h"

#if !defined(_WIN32)

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry.h"
#include "slab.h"

#define MESSAGE_BYTES 256
#define ALT_STACK_BYTES ((size_t)16 * 1024)

/* Linux reports a touched guard as SIGSEGV; the BSDs and macOS may say SIGBUS. */
#if defined(__linux__)
static const int fault_signals[] = {SIGSEGV};
#else
static const int fault_signals[] = {SIGSEGV, SIGBUS};
#endif
#define FAULT_SIGNALS (sizeof fault_signals / sizeof fault_signals[0])

static struct sigaction previous[FAULT_SIGNALS];
static unsigned installed;

/* Somebody else put a handler over ours and ours could not be taken away: it may still be called
 * by theirs, so that setting it again on top of theirs would make a circle. */
static int buried[FAULT_SIGNALS];

/* Guards the three above. A child of fork() clears it: whoever held it is not in the child. */
static atomic_flag busy = ATOMIC_FLAG_INIT;
static atomic_flag fork_hooked = ATOMIC_FLAG_INIT;

static _Thread_local int thread_guarded;
static pthread_key_t alt_stack_key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static int key_made;

static size_t append(char *text, size_t used, const char *more)
{
    while (*more != '\0' && used < MESSAGE_BYTES) {
        text[used++] = *more++;
    }
    return used;
}

static size_t append_number(char *text, size_t used, size_t number)
{
    char digits[24];
    size_t i = sizeof digits - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return append(text, used, digits + i);
}

static void report(const runner__stack_t *stack)
{
    char text[MESSAGE_BYTES];
    const char *name = stack->label != NULL ? stack->label(stack->owner) : NULL;
    size_t used = append(text, 0, "librunner: stack overflow in ");
    if (name != NULL) {
        used = append(text, used, "task '");
        used = append(text, used, name);
        /* The rest of the message must fit behind the longest name. */
        used = used < MESSAGE_BYTES - 64 ? used : MESSAGE_BYTES - 64;
        used = append(text, used, "'");
    } else {
        used = append(text, used, "a coroutine");
    }
    used = append(text, used, " (");
    used = append_number(text, used, runner__stack_bytes(stack) / 1024);
    used = append(text, used, " KiB stack); raise stack_bytes\n");
    ssize_t ignored = write(STDERR_FILENO, text, used);
    (void)ignored;
}

static void set_default(int signum)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    (void)sigaction(signum, &action, NULL);
}

void runner__overflow_die(const runner__stack_t *stack)
{
    sigset_t set;
    report(stack);
    set_default(SIGSEGV);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGSEGV);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(SIGSEGV);
    abort();
}

/* The stack whose guard holds the address, or NULL. */
static runner__stack_t *owner_of(const char *address)
{
    const runner__slab_t *slab = runner__registry_find(address);
    if (slab == NULL || address < slab->stacks) {
        return NULL;
    }
    size_t offset = (size_t)(address - slab->stacks);
    uint32_t index = (uint32_t)(offset / slab->stride);
    if (index >= slab->count || offset % slab->stride >= slab->guard_bytes ||
        runner__slabmap_has(&slab->cold, index)) {
        return NULL;
    }
    return runner__slab_record(slab, index);
}

static struct sigaction *previous_of(int signum)
{
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        if (fault_signals[i] == signum) {
            return &previous[i];
        }
    }
    return &previous[0];
}

static int sent_by_program(const siginfo_t *info)
{
    return info->si_code <= 0;
}

static void pass_on(int signum, siginfo_t *info, void *context)
{
    struct sigaction *before = previous_of(signum);
    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(signum, info, context);
    } else if (before->sa_handler == SIG_IGN && sent_by_program(info)) {
        return;
    } else if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
        /* A real fault happens again as soon as this returns, at the same instruction; a sent
         * signal does not. */
        set_default(signum);
        if (sent_by_program(info)) {
            (void)raise(signum);
        }
        return;
    } else {
        before->sa_handler(signum);
    }
    if ((before->sa_flags & (int)SA_RESETHAND) != 0) {
        before->sa_flags &= ~(int)(SA_SIGINFO | SA_RESETHAND);
        before->sa_handler = SIG_DFL;
    }
}

static void handle(int signum, siginfo_t *info, void *context)
{
    int saved = errno;
    runner__stack_t *stack = sent_by_program(info) ? NULL : owner_of(info->si_addr);
    if (stack == NULL) {
        errno = saved;
        pass_on(signum, info, context);
        return;
    }
    report(stack);
    /* Back to the instruction, which faults again and this time ends the process there, so that
     * the core dump shows the coroutine and not this handler. */
    set_default(signum);
    errno = saved;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

static void lock(void)
{
    if (!atomic_flag_test_and_set(&fork_hooked)) {
        (void)pthread_atfork(NULL, NULL, unlock);
    }
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
        (void)sched_yield();
    }
}

static int is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == handle;
}

static int is_default(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

static void restore_handlers(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sigaction now;
        if (sigaction(fault_signals[i], NULL, &now) != 0) {
            continue;
        }
        buried[i] = !is_ours(&now);
        if (!buried[i]) {
            (void)sigaction(fault_signals[i], &previous[i], NULL);
        }
    }
}

static int set_handler(size_t i)
{
    struct sigaction action;
    struct sigaction before;
    if (sigaction(fault_signals[i], NULL, &before) != 0) {
        return -1;
    }
    if (is_ours(&before) || (buried[i] && !is_default(&before))) {
        return 0;
    }
    memset(&action, 0, sizeof action);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = handle;
    /* What the handler before us relies on while it runs has to hold when we call it. */
    action.sa_mask = before.sa_mask;
    action.sa_flags |= before.sa_flags & (int)(SA_NODEFER | SA_RESTART);
    previous[i] = before;
    return sigaction(fault_signals[i], &action, NULL);
}

static int set_handlers(void)
{
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        if (set_handler(i) != 0) {
            restore_handlers(i);
            return -1;
        }
    }
    return 0;
}

static size_t alt_stack_bytes(void)
{
    size_t need = ALT_STACK_BYTES;
#if defined(_SC_SIGSTKSZ)
    /* Wide vector registers make the signal frame alone larger than the old constants. */
    long found = sysconf(_SC_SIGSTKSZ);
    if (found > 0 && (size_t)found > need) {
        need = (size_t)found;
    }
#endif
    return need;
}

/* Nothing of ours may lie on the thread's alternate stack any more when it is freed: the thread
 * ends. */
static void free_alt_stack(void *memory)
{
    stack_t none;
    stack_t now;
    memset(&none, 0, sizeof none);
    none.ss_flags = SS_DISABLE;
    none.ss_size = alt_stack_bytes(); /* some systems check it all the same */
    if (sigaltstack(&none, &now) == 0 && now.ss_sp != memory && (now.ss_flags & SS_DISABLE) == 0) {
        (void)sigaltstack(&now, NULL);
    }
    free(memory);
}

static void make_key(void)
{
    key_made = pthread_key_create(&alt_stack_key, free_alt_stack) == 0;
}

/* Asks and sets in one call, because a thread mostly has none. */
static int set_alt_stack(void)
{
    stack_t fresh;
    stack_t before;
    memset(&fresh, 0, sizeof fresh);
    fresh.ss_size = alt_stack_bytes();
    fresh.ss_sp = malloc(fresh.ss_size);
    if (fresh.ss_sp == NULL) {
        return -1;
    }
    if (sigaltstack(&fresh, &before) != 0) {
        int running_on_one = errno == EPERM;
        free(fresh.ss_sp);
        return running_on_one ? 0 : -1;
    }
    if ((before.ss_flags & SS_DISABLE) == 0) {
        (void)sigaltstack(&before, NULL);
        free(fresh.ss_sp);
        return 0;
    }
    if (pthread_setspecific(alt_stack_key, fresh.ss_sp) != 0) {
        free_alt_stack(fresh.ss_sp);
        return -1;
    }
    return 0;
}

int runner__overflow_guard_thread(void)
{
    if (thread_guarded) {
        return 0;
    }
    (void)pthread_once(&key_once, make_key);
    if (!key_made || set_alt_stack() != 0) {
        return -1;
    }
    thread_guarded = 1;
    return 0;
}

int runner__overflow_install(void)
{
    int status = 0;
    lock();
    if (installed == 0) {
        status = set_handlers();
    }
    if (status == 0) {
        installed++;
    }
    unlock();
    return status;
}

void runner__overflow_uninstall(void)
{
    lock();
    if (installed > 0 && --installed == 0) {
        restore_handlers(FAULT_SIGNALS);
    }
    unlock();
}

#endif
