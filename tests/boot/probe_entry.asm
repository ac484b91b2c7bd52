; First instructions of the probe kernel: keeps the registers the loader handed over, then C.
; The loader's stack is used as it is. The note is where mkimage puts the checksum (lib/elf.h).

global probe_entry
extern probe_main

section .text
        bits 64
probe_entry:
        pushfq
        push rbp
        push r15
        push r14
        push r13
        push r12
        push r11
        push r10
        push r9
        push r8
        push rsi
        push rdx
        push rcx
        push rbx
        push rax
        push rdi
        mov rdi, rsp                    ; struct entry_state *
        lea rsi, [rsp + 16 * 8]         ; the loader's rsp
        and rsp, -16
        call probe_main
.stop:  hlt
        jmp .stop

section .note.astra note alloc noexec nowrite align=4
        dd 6, 4, 1                      ; length of owner and value; ELF_NOTE_CHECKSUM
        db "Astra", 0, 0, 0
        dd 0
