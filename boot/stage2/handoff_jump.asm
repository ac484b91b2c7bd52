; Through long mode (long_mode.asm) into the kernel. The register values are the contract in
; boot/bootinfo.h.

%include "layout.inc"

global handoff_jump
extern long_mode_on

; struct handoff_target (handoff_jump.h)
TARGET_ENTRY       equ 0
TARGET_INFO        equ 8
TARGET_STACK       equ 16
TARGET_PAGE_TABLES equ 24
TARGET_USE_NX      equ 28
TARGET_IDT         equ 32

section .text
        bits 32

; void handoff_jump(const struct handoff_target *target)
handoff_jump:
        mov ebx, [esp + 4]
        mov edi, [ebx + TARGET_PAGE_TABLES]
        mov esi, [ebx + TARGET_USE_NX]
        call long_mode_on
        jmp SELECTOR_CODE64:.long

section .text64 progbits alloc exec nowrite align=16
        bits 64
.long:
        mov eax, SELECTOR_DATA32        ; SDM 3A §3.4.2: data segments are flat in any case
        mov ds, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov ss, eax
        lidt [ebx + TARGET_IDT]
        mov rsp, [ebx + TARGET_STACK]
        push 0                          ; return address
        mov rdi, [ebx + TARGET_INFO]
        push qword [ebx + TARGET_ENTRY]
        xor eax, eax
        xor ebx, ebx
        xor ecx, ecx
        xor edx, edx
        xor esi, esi
        xor ebp, ebp
        xor r8d, r8d
        xor r9d, r9d
        xor r10d, r10d
        xor r11d, r11d
        xor r12d, r12d
        xor r13d, r13d
        xor r14d, r14d
        xor r15d, r15d
        push 2                          ; rflags
        popfq
        ret
