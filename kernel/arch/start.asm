; The kernel's first instructions, entered as boot/bootinfo.h says: RDI = struct boot_info.
; Leaves the loader's stack at once, sets the per-CPU base and the stack guard, calls kernel_main.

bits 64
default rel

BOOT_STACK_BYTES equ 0x4000
MSR_GS_BASE equ 0xc0000101

extern kernel_main
extern stack_guard

section .text.boot progbits alloc exec nowrite align=16

global kernel_entry:function
kernel_entry:
    lea rsp, [boot_stack_top]
    xor ebp, ebp ; backtraces end here
    mov rbx, rdi

    ; CPU 0 uses the linked per-CPU section in place: GS base 0 (percpu.h).
    xor eax, eax
    mov fs, eax
    mov gs, eax
    xor edx, edx
    mov ecx, MSR_GS_BASE
    wrmsr

    ; A first guard from the clock; a NUL low byte stops string overruns. Replaced when there is entropy.
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rcx, 0x9e3779b97f4a7c15 ; 2^64 / golden ratio: spreads the few random bits
    imul rax, rcx
    xor al, al
    mov [stack_guard], rax

    mov rdi, rbx
    call kernel_main
    ud2 ; kernel_main does not return

section .bss nobits alloc noexec write align=4096
    resb 4096 ; unmapped by mm: overflow of the boot stack faults
global boot_stack_guard
boot_stack_guard equ $ - 4096
boot_stack:
    resb BOOT_STACK_BYTES
global boot_stack_top
boot_stack_top:
