/*
 * The Windows backend: fibers. The system keeps everything in step that hangs on a stack there:
 * the bounds in the thread's environment block, exception handlers, fiber-local storage, hardware
 * shadow stacks.
 *
 * A saved context is the handle of its fiber. A fiber brings its own stack and is expensive to
 * create, so it stays with its runner__stack_t and runs one coroutine after the other; only a
 * coroutine that is dropped in the middle takes its fiber along.
 */
#include "switch.h"

#if defined(RUNNER__SWITCH_FIBERS)

#include <setjmp.h>
#include <stdlib.h>
#include <windows.h>

typedef struct fiber {
    LPVOID handle; /* NULL after its coroutine was dropped in the middle */
    int idle;      /* never entered, or its last coroutine has exited */
    void (*entry)(void *arg);
    void *arg;
    jmp_buf top;
} fiber_t;

/* Contexts of the native stack on this thread; the first one made the thread a fiber if it was
 * none, and the last one undoes that. */
static _Thread_local unsigned native_contexts;
static _Thread_local int converted;

void runner__fiber_attach(void)
{
    if (native_contexts++ == 0 && !IsThreadAFiber()) {
        converted = ConvertThreadToFiberEx(NULL, FIBER_FLAG_FLOAT_SWITCH) != NULL;
    }
}

void runner__fiber_detach(void)
{
    if (--native_contexts == 0 && converted) {
        (void)ConvertFiberToThread();
        converted = 0;
    }
}

static VOID CALLBACK procedure(LPVOID parameter)
{
    fiber_t *self = parameter;
    (void)setjmp(self->top); /* where the next coroutine on this fiber starts */
    self = GetFiberData();
    self->idle = 0;
    self->entry(self->arg);
    abort();
}

int runner__fiber_prepare(runner__stack_t *stack)
{
    fiber_t *fiber = stack->fiber;
    size_t bytes = runner__stack_bytes(stack);
    if (fiber == NULL) {
        fiber = calloc(1, sizeof *fiber);
        if (fiber == NULL) {
            return -1;
        }
        stack->fiber = fiber;
    }
    if (fiber->handle == NULL) {
        /* One byte less committed than reserved: with both alike the system takes the reserve for
         * too small and rounds it up to a multiple of 1 MiB. Committed memory is only promised;
         * pages become resident as they are touched. */
        fiber->handle = CreateFiberEx(bytes - 1, bytes, FIBER_FLAG_FLOAT_SWITCH, procedure, fiber);
        fiber->idle = 1;
    }
    return fiber->handle != NULL ? 0 : -1;
}

void runner__fiber_free(runner__stack_t *stack)
{
    fiber_t *fiber = stack->fiber;
    if (fiber != NULL) {
        if (fiber->handle != NULL) {
            DeleteFiber(fiber->handle);
        }
        free(fiber);
        stack->fiber = NULL;
    }
}

void *runner__fiber_make(runner__stack_t *stack, void (*entry)(void *arg), void *arg)
{
    fiber_t *fiber = stack->fiber;
    fiber->entry = entry;
    fiber->arg = arg;
    return fiber->handle;
}

void runner__fiber_switch(void **save, void *to)
{
    *save = GetCurrentFiber();
    SwitchToFiber(to);
}

void runner__fiber_exit(void *to)
{
    fiber_t *self = GetFiberData();
    self->idle = 1;
    SwitchToFiber(to);
    /* Entered again: by then runner__fiber_make() has set what to run. */
    longjmp(self->top, 1);
}

void runner__fiber_destroy(runner__stack_t *stack)
{
    fiber_t *fiber = stack->fiber;
    if (!fiber->idle) {
        DeleteFiber(fiber->handle);
        fiber->handle = NULL;
        stack->watched = 1; /* its release takes the slow path, which discards it */
    }
}

#endif
