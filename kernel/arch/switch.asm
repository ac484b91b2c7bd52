; The stack switch between two kernel threads; see context.h and struct switch_frame in context.c.

bits 64

section .text

; void arch_switch_stack(uint64_t *old_rsp, uint64_t new_rsp)
global arch_switch_stack:function
arch_switch_stack:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov [rdi], rsp
    mov rsp, rsi
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
