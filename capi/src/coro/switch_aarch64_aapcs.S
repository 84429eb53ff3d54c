/*
 * The context switch of AArch64 in the procedure call standard (ELF and Mach-O).
 *
 * A suspended context is its stack pointer; beneath it lie, lowest first, x19..x28, the frame
 * pointer, the address to go on at, d8..d15 and the floating-point control register
 * (runner__asm_frame_t).
 *
 * The way out is a return: with branch target identification a jump would need a landing pad,
 * which a call site does not have. The saved link register needs no signature: whoever called is
 * the one that protects it in a frame of its own.
 */
#if defined(__aarch64__) && !defined(__ILP32__) && !defined(RUNNER_CORO_UCONTEXT) && !defined(_WIN32)

#if defined(__APPLE__)
#define SYMBOL(name) _##name
#else
#define SYMBOL(name) name
#endif

#define BTI_C hint #34
#define FRAME 176

/* The assembler's statement separator differs between platforms: one statement per line. */
        .text

/* void runner__asm_switch(void **save, void *to) */
#if defined(__APPLE__)
        .private_extern SYMBOL(runner__asm_switch)
#else
        .hidden SYMBOL(runner__asm_switch)
        .type   SYMBOL(runner__asm_switch), %function
#endif
        .globl  SYMBOL(runner__asm_switch)
        .p2align 4
SYMBOL(runner__asm_switch):
        .cfi_startproc
        BTI_C
        sub     sp, sp, #FRAME
        .cfi_adjust_cfa_offset FRAME
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mrs     x9, fpcr
        str     x9, [sp, #160]
        mov     x10, sp
        str     x10, [x0]
        /* Every suspended context has this layout, so the unwind rules hold on the new stack. */
        mov     sp, x1
        ldr     x10, [sp, #160]
        cmp     x9, x10
        b.eq    1f
        msr     fpcr, x10       /* serialises, and the values hardly ever differ */
1:
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #FRAME
        .cfi_adjust_cfa_offset -FRAME
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        ret
        .cfi_endproc
#if defined(__ELF__)
        .size   SYMBOL(runner__asm_switch), . - SYMBOL(runner__asm_switch)
#endif

/* void runner__asm_exit(void *to): the same without saving anything. */
#if defined(__APPLE__)
        .private_extern SYMBOL(runner__asm_exit)
#else
        .hidden SYMBOL(runner__asm_exit)
        .type   SYMBOL(runner__asm_exit), %function
#endif
        .globl  SYMBOL(runner__asm_exit)
        .p2align 4
SYMBOL(runner__asm_exit):
        .cfi_startproc
        BTI_C
        .cfi_undefined x30
        mrs     x9, fpcr
        mov     sp, x0
        ldr     x10, [sp, #160]
        cmp     x9, x10
        b.eq    1f
        msr     fpcr, x10
1:
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #FRAME
        ret
        .cfi_endproc
#if defined(__ELF__)
        .size   SYMBOL(runner__asm_exit), . - SYMBOL(runner__asm_exit)
#endif

/* The first frame of a coroutine: entry in x19, arg in x20. Unwinding ends here. */
#if defined(__APPLE__)
        .private_extern SYMBOL(runner__asm_start)
#else
        .hidden SYMBOL(runner__asm_start)
        .type   SYMBOL(runner__asm_start), %function
#endif
        .globl  SYMBOL(runner__asm_start)
        .p2align 4
SYMBOL(runner__asm_start):
        .cfi_startproc
        .cfi_undefined x30
        BTI_C
        mov     x0, x20
        blr     x19
        brk     #1
        .cfi_endproc
#if defined(__ELF__)
        .size   SYMBOL(runner__asm_start), . - SYMBOL(runner__asm_start)

/* Every entry has a landing pad. No claim about return address signing or shadow stacks. */
        .section .note.gnu.property, "a", %note
        .p2align 3
        .long   4
        .long   16
        .long   5
        .asciz  "GNU"
        .long   0xc0000000
        .long   4
        .long   1
        .long   0
#endif

#endif

#if defined(__linux__) && defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
