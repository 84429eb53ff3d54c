#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handle.h"
#include "runner/error.h"

static const struct {
    int signum;
    int code;
    unsigned reason;
    int option;
} kinds[RUNNER__SIGNAL_KINDS] = {
    {SIGINT, RUNNER_EINTR, RUNNER_REASON_SIGINT, RUNNER_SIGNALS_INT},
    {SIGTERM, RUNNER_ETERM, RUNNER_REASON_SIGTERM, RUNNER_SIGNALS_TERM},
    {SIGHUP, RUNNER_EHUP, RUNNER_REASON_SIGHUP, RUNNER_SIGNALS_HUP},
};

/* Only the main thread takes signals, and it runs one loop at a time: one owner a process. What
 * was there before lies outside of the runner, so that the handler can put it back at any time. */
static _Atomic(runner_t *) owner;
static struct sigaction before[RUNNER__SIGNAL_KINDS];

static int kind_of(int signum)
{
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        if (kinds[kind].signum == signum) {
            return kind;
        }
    }
    return -1;
}

/* Counts an interrupt; true if it is a second one that the loop is not going to see. */
static bool count_interrupt(runner_t *self, int kind)
{
    runner__signals_t *signals = &self->signals;
    unsigned earlier = atomic_fetch_add(&signals->count, 1);
    if (earlier == 0) {
        atomic_store(&signals->first, (unsigned)kind + 1);
    }
    runner__loop_attend(runner__loop_of(self));
    return earlier > 0 && !atomic_load(&signals->acted);
}

/* The second signal gives the disposition back at once: whatever happens now, a third one has its
 * normal effect. If the loop has not even acted on the first, the program is out of reach, and
 * the signal is raised again for the disposition that was there before. */
static void on_signal(int signum)
{
    int saved = errno;
    int kind = kind_of(signum);
    runner_t *self = atomic_load(&owner);
    if (self == NULL) {
        (void)sigaction(signum, &before[kind], NULL);
        (void)raise(signum);
    } else {
        bool second = atomic_load(&self->signals.count) > 0;
        unsigned none = 0;
        (void)atomic_compare_exchange_strong(&self->signals.raised, &none, (unsigned)kind + 1);
        bool unreachable = count_interrupt(self, kind);
        if (second) {
            (void)sigaction(signum, &before[kind], NULL);
        }
        if (unreachable) {
            (void)raise(signum);
        }
    }
    errno = saved;
}

/* A forked child has the parent's handlers but not its loop. */
static void give_back_after_fork(void)
{
    runner_t *self = atomic_load(&owner);
    if (self == NULL) {
        return;
    }
    atomic_store(&owner, NULL);
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        if ((self->signals.taken & (1U << kind)) != 0) {
            (void)sigaction(kinds[kind].signum, &before[kind], NULL);
        }
    }
}

void runner__signals_init(runner__signals_t *signals)
{
    atomic_init(&signals->count, 0);
    atomic_init(&signals->first, 0);
    atomic_init(&signals->raised, 0);
    atomic_init(&signals->acted, false);
    atomic_init(&signals->listening, false);
    signals->held = 0;
    signals->taken = 0;
    signals->carried = 0;
    runner__at_fork_child(give_back_after_fork);
}

static bool is_asked_for(const runner_t *self, int kind)
{
    int32_t asked = self->options.signals;
    if (asked == RUNNER_SIGNALS_NONE) {
        return false;
    }
    return asked == RUNNER_SIGNALS_AUTO ? kind == 0 : (asked & kinds[kind].option) != 0;
}

static bool is_default(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

/* A failure is not an error: the run goes on without interrupts. */
static void take_one(runner_t *self, int kind)
{
    struct sigaction ours;
    struct sigaction found;
    memset(&ours, 0, sizeof ours);
    ours.sa_handler = on_signal;
    ours.sa_flags = SA_ONSTACK | SA_RESTART;
    (void)sigemptyset(&ours.sa_mask);
    if (sigaction(kinds[kind].signum, NULL, &found) != 0 || !is_default(&found)) {
        return;
    }
    before[kind] = found;
    if (sigaction(kinds[kind].signum, &ours, NULL) == 0) {
        self->signals.taken |= 1U << kind;
    }
}

static void take_all(runner_t *self)
{
    if (self->options.signals == RUNNER_SIGNALS_NONE || !runner__is_main_thread()) {
        return;
    }
    runner_t *nobody = NULL;
    if (!atomic_compare_exchange_strong(&owner, &nobody, self) && nobody != self) {
        return;
    }
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        if (is_asked_for(self, kind)) {
            take_one(self, kind);
        }
    }
}

static void give_back_all(runner_t *self)
{
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        struct sigaction found;
        if ((self->signals.taken & (1U << kind)) != 0 &&
            sigaction(kinds[kind].signum, NULL, &found) == 0 && found.sa_handler == on_signal) {
            (void)sigaction(kinds[kind].signum, &before[kind], NULL);
        }
    }
    self->signals.taken = 0;
    runner_t *us = self;
    (void)atomic_compare_exchange_strong(&owner, &us, NULL);
}

static void forget_counts(runner__signals_t *signals)
{
    atomic_store_explicit(&signals->count, 0, memory_order_relaxed);
    atomic_store_explicit(&signals->first, 0, memory_order_relaxed);
    atomic_store_explicit(&signals->raised, 0, memory_order_relaxed);
    atomic_store_explicit(&signals->acted, false, memory_order_relaxed);
}

static bool begin_listening(runner_t *self)
{
    if (self->signals.held++ > 0) {
        return false;
    }
    forget_counts(&self->signals);
    atomic_store_explicit(&self->signals.listening, true, memory_order_release);
    return true;
}

void runner__signals_take(runner_t *self)
{
    if (begin_listening(self)) {
        take_all(self);
    }
}

void runner__signals_listen(runner_t *self)
{
    (void)begin_listening(self);
}

void runner__signals_give_back(runner_t *self)
{
    runner__signals_t *signals = &self->signals;
    if (--signals->held > 0) {
        return;
    }
    atomic_store_explicit(&signals->listening, false, memory_order_release);
    give_back_all(self);
    unsigned raised = atomic_load(&signals->raised);
    bool unseen = atomic_load(&signals->count) > 0 && !atomic_load(&signals->acted);
    unsigned again = unseen ? raised : signals->carried;
    forget_counts(signals);
    signals->carried = 0;
    if (again > 0) {
        (void)raise(kinds[again - 1].signum);
    }
}

void runner__signals_restart(runner_t *self)
{
    runner__signals_t *signals = &self->signals;
    if (atomic_load(&signals->count) == 0) {
        return;
    }
    if (!atomic_load(&signals->acted)) {
        signals->carried = atomic_load(&signals->raised);
    }
    forget_counts(signals);
    take_all(self);
}

int runner__signals_code(const runner__signals_t *signals)
{
    unsigned first = atomic_load(&signals->first);
    return kinds[first > 0 ? first - 1 : 0].code;
}

unsigned runner__signals_reason(const runner__signals_t *signals)
{
    unsigned first = atomic_load(&signals->first);
    return kinds[first > 0 ? first - 1 : 0].reason;
}

int runner__signals_code_of_reason(unsigned reason)
{
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        if (kinds[kind].reason == reason) {
            return kinds[kind].code;
        }
    }
    return 0;
}

int runner_interrupt(runner_t *self)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        return RUNNER_ECLOSED;
    }
    if (!atomic_load_explicit(&self->signals.listening, memory_order_acquire)) {
        return RUNNER_ENOLOOP;
    }
    (void)count_interrupt(self, 0);
    return 0;
}

int runner_signal_of(int code)
{
    for (int kind = 0; kind < RUNNER__SIGNAL_KINDS; kind++) {
        if (kinds[kind].code == code) {
            return kinds[kind].signum;
        }
    }
    return 0;
}

int runner_exit_status(int code)
{
    int signum = runner_signal_of(code);
    if (signum != 0) {
        return 128 + signum;
    }
    return code == 0 ? 0 : 1;
}

void runner_die_by_signal(int code)
{
    int signum = runner_signal_of(code);
    if (signum == 0) {
        return;
    }
    (void)fflush(NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(signum, &action, NULL);
    sigset_t only;
    (void)sigemptyset(&only);
    (void)sigaddset(&only, signum);
    (void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    (void)raise(signum);
    _exit(128 + signum);
}
