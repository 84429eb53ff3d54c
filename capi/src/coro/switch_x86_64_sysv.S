/*
 * The context switch of x86-64 in the System V calling convention (ELF and Mach-O).
 *
 * A suspended context is its stack pointer; beneath it lie, lowest first, the floating-point
 * control words, r12 r13 r14 r15 rbx rbp and the address to go on at (runner__asm_frame_t).
 *
 * The way out is a jump and not a return: the processor predicts a return from the calls it saw
 * on the stack that is being left, so that it would be wrong every time.
 */
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(RUNNER_CORO_UCONTEXT) && !defined(_WIN32)

#if defined(__APPLE__)
#define SYMBOL(name) _##name
#define BEGIN(name) .private_extern SYMBOL(name); .globl SYMBOL(name); .p2align 4; SYMBOL(name):
#define END(name)
#else
#define SYMBOL(name) name
#define BEGIN(name) .hidden name; .globl name; .type name, @function; .p2align 4; name:
#define END(name) .size name, . - name
#endif

/* endbr64 and rdsspq are no-operations on processors that do not know them; written as bytes
 * because older assemblers do not know them either. */
#define ENDBR64 .byte 0xf3, 0x0f, 0x1e, 0xfa
#define NOTRACK .byte 0x3e

        .text

/* void runner__asm_switch(void **save, void *to) */
BEGIN(runner__asm_switch)
        .cfi_startproc
        ENDBR64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        /* Every suspended context has this layout, so the unwind rules hold on the new stack. */
        movq    %rsi, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rcx
        NOTRACK
        jmp     *%rcx
        .cfi_endproc
END(runner__asm_switch)

/* void runner__asm_exit(void *to): the same without saving anything. */
BEGIN(runner__asm_exit)
        .cfi_startproc
        ENDBR64
        movq    %rdi, %rsp
        .cfi_def_cfa %rsp, 64
        .cfi_rel_offset %r12, 8
        .cfi_rel_offset %r13, 16
        .cfi_rel_offset %r14, 24
        .cfi_rel_offset %r15, 32
        .cfi_rel_offset %rbx, 40
        .cfi_rel_offset %rbp, 48
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        movq    8(%rsp), %r12
        movq    16(%rsp), %r13
        movq    24(%rsp), %r14
        movq    32(%rsp), %r15
        movq    40(%rsp), %rbx
        movq    48(%rsp), %rbp
        movq    56(%rsp), %rcx
        addq    $64, %rsp
        .cfi_def_cfa %rsp, 0
        .cfi_restore %r12
        .cfi_restore %r13
        .cfi_restore %r14
        .cfi_restore %r15
        .cfi_restore %rbx
        .cfi_restore %rbp
        .cfi_register %rip, %rcx
        NOTRACK
        jmp     *%rcx
        .cfi_endproc
END(runner__asm_exit)

/* The first frame of a coroutine: entry in r12, arg in r13. Unwinding ends here. */
BEGIN(runner__asm_start)
        .cfi_startproc
        .cfi_undefined %rip
        ENDBR64
        movq    %r13, %rdi
        call    *%r12
        ud2
        .cfi_endproc
END(runner__asm_start)

#if defined(__ELF__)
/* Indirect branch tracking holds (every entry has endbr64, the jumps carry notrack). Shadow
 * stacks do not, and a linker that sees only IBT here leaves them off for the whole object. */
        .section .note.gnu.property, "a", @note
        .p2align 3
        .long   4
        .long   16
        .long   5
        .asciz  "GNU"
        .long   0xc0000002
        .long   4
        .long   1
        .long   0
#endif

#endif

#if defined(__linux__) && defined(__ELF__)
        .section .note.GNU-stack, "", @progbits
#endif
