; Protected mode to long mode and into the kernel. The register values are the contract in
; boot/bootinfo.h; the order of steps is that of SDM 3A §9.8.5.

%include "layout.inc"

global handoff_jump

; struct handoff_target (handoff_jump.h)
TARGET_ENTRY       equ 0
TARGET_INFO        equ 8
TARGET_STACK       equ 16
TARGET_PAGE_TABLES equ 24
TARGET_USE_NX      equ 28
TARGET_IDT         equ 32

CR0_VALUE  equ 0x80010033       ; PG, WP, NE, ET, MP, PE
CR4_VALUE  equ 0x000000a0       ; PGE, PAE
MSR_EFER   equ 0xc0000080
EFER_LME   equ 0x100
EFER_NXE   equ 0x800

section .text
        bits 32

; void handoff_jump(const struct handoff_target *target)
handoff_jump:
        mov esi, [esp + 4]
        mov eax, CR4_VALUE
        mov cr4, eax
        mov eax, [esi + TARGET_PAGE_TABLES]
        mov cr3, eax
        mov eax, EFER_LME
        cmp dword [esi + TARGET_USE_NX], 0
        je .efer
        or eax, EFER_NXE
.efer:
        xor edx, edx
        mov ecx, MSR_EFER
        wrmsr
        mov eax, CR0_VALUE
        mov cr0, eax
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
        lidt [rsi + TARGET_IDT]
        mov rsp, [rsi + TARGET_STACK]
        push 0                          ; return address
        mov rdi, [rsi + TARGET_INFO]
        push qword [rsi + TARGET_ENTRY]
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
