; The switch to long mode (SDM 3A §9.8.5), for the jump into the kernel and for explain mode, which
; makes it once before, looks at the registers and goes back.

%include "layout.inc"

global long_mode_on, long_mode_visit

CR0_VALUE  equ 0x80010033       ; PG, WP, NE, ET, MP, PE
CR4_VALUE  equ 0x000000a0       ; PGE, PAE
MSR_EFER   equ 0xc0000080
EFER_LME   equ 0x100
EFER_NXE   equ 0x800

; struct mode_registers (long_mode.h)
struc registers
.cr0:   resd 1
.cr3:   resd 1
.cr4:   resd 1
.efer:  resd 1
endstruc

section .text
        bits 32

; Paging on and with it long mode; the caller's 32-bit code segment runs on in compatibility mode.
; in: edi = top-level table, esi = 0: without NX. changes: eax, ecx, edx
long_mode_on:
        mov eax, CR4_VALUE
        mov cr4, eax
        mov cr3, edi
        mov eax, EFER_LME
        test esi, esi
        jz .efer
        or eax, EFER_NXE
.efer:
        xor edx, edx
        mov ecx, MSR_EFER
        wrmsr
        mov eax, CR0_VALUE
        mov cr0, eax
        ret

; in: ebx = struct mode_registers to fill. changes: eax, ecx, edx
read_registers:
        mov eax, cr0
        mov [ebx + registers.cr0], eax
        mov eax, cr3
        mov [ebx + registers.cr3], eax
        mov eax, cr4
        mov [ebx + registers.cr4], eax
        mov ecx, MSR_EFER
        rdmsr
        mov [ebx + registers.efer], eax
        ret

; void long_mode_visit(uint32_t table, uint32_t use_nx, uint64_t virt, struct mode_visit *visit)
long_mode_visit:
        push ebp
        mov ebp, esp
        push ebx
        push esi
        push edi
        mov ebx, [ebp + 24]
        call read_registers     ; before
        add ebx, registers_size
        mov edi, [ebp + 8]
        mov esi, [ebp + 12]
        call long_mode_on
        call read_registers     ; after
        jmp SELECTOR_CODE64:.long

section .text64 progbits alloc exec nowrite align=16
        bits 64
.long:                          ; the stack is not used: SDM 1 §3.4.1.1
        mov rax, [ebp + 16]
        mov rax, [rax]          ; an address that only 64-bit code can reach
        mov [ebx + registers_size], rax
        mov word [ebx + registers_size + 8], cs
        jmp far dword [abs .back_pointer]

section .text
        bits 32
.back:                          ; SDM 3A §9.8.5.4: paging off, in compatibility mode, ends it
        sub ebx, registers_size
        mov eax, [ebx + registers.cr0]
        mov cr0, eax
        mov ecx, MSR_EFER
        xor edx, edx
        mov eax, [ebx + registers.efer]
        wrmsr
        mov eax, [ebx + registers.cr3]
        mov cr3, eax
        mov eax, [ebx + registers.cr4]
        mov cr4, eax
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

        align 4
.back_pointer:
        dd .back
        dw SELECTOR_CODE32
