; Processor exceptions while the loader runs, and between the jump and the kernel's own table:
; each ends in a message. Addresses of the handlers for exceptions.c, which makes the tables.

%include "layout.inc"

global exception_stubs32, exception_stubs64
extern exception_report

EXCEPTIONS     equ 32
COM1           equ 0x3f8
COM1_STATUS    equ COM1 + 5
COM_CAN_SEND   equ 0x20
TEXT_MEMORY    equ 0xb8000
TEXT_COLOUR    equ 0x4f00       ; white on red
SEND_PATIENCE  equ 0x100000

; SDM 3A §6.13: vectors that push an error code.
%macro pushes_error_code 1
        %assign has_code ((1 << %1) & 0x60227d00) != 0
%endmacro

%macro stubs 2                  ; bits, common part
%assign v 0
%rep EXCEPTIONS
stub%1_%[v]:
        pushes_error_code v
        %if !has_code
        push 0
        %endif
        push v
        jmp %2
%assign v v + 1
%endrep
%endmacro

section .text
        bits 32
        stubs 32, common32

; Stack: vector, error code, eip, cs, eflags: the arguments of exception_report.
common32:
        cld
        call exception_report

section .text64 progbits alloc exec nowrite align=16
        bits 64
        stubs 64, common64

; Stack: vector, error code, rip, ... No BIOS any more: straight to COM1 and text memory.
common64:
        cld
        mov edi, TEXT_MEMORY
        mov esi, text_exception
        call print64
        pop rbx
        mov ecx, 8
        call print_hex
        mov esi, text_code
        call print64
        pop rbx
        mov ecx, 16
        call print_hex
        mov esi, text_rip
        call print64
        pop rbx
        mov ecx, 64
        call print_hex
        mov esi, text_cr2
        call print64
        mov rbx, cr2
        mov ecx, 64
        call print_hex
        mov esi, text_end
        call print64
.stop:  cli
        hlt
        jmp .stop

; in: esi = text, NUL-terminated; edi = text memory, advanced
print64:
        lodsb
        test al, al
        jz .done
        call print_char64
        jmp print64
.done:  ret

; in: the low ecx bits of rbx
print_hex:
        sub ecx, 4
        mov rax, rbx
        shr rax, cl
        and al, 0xf
        cmp al, 10
        jb .digit
        add al, 'a' - '0' - 10
.digit: add al, '0'
        call print_char64
        test ecx, ecx
        jnz print_hex
        ret

print_char64:
        movzx eax, al
        mov r8d, eax
        or eax, TEXT_COLOUR
        mov [rdi], ax
        add edi, 2
        mov dx, COM1_STATUS
        mov r9d, SEND_PATIENCE
.wait:  in al, dx
        test al, COM_CAN_SEND
        jnz .send
        dec r9d
        jnz .wait
.send:  mov dx, COM1
        mov eax, r8d
        out dx, al
        ret

section .rodata
text_exception: db 13, 10, "Astra boot error 99: exception ", 0
text_code:      db ", error code ", 0
text_rip:       db ", rip ", 0
text_cr2:       db ", cr2 ", 0
text_end:       db " before the kernel's own handlers", 13, 10, 0

%macro stub_table 1
        align 4
exception_stubs%1:
%assign v 0
%rep EXCEPTIONS
        dd stub%1_%[v]
%assign v v + 1
%endrep
%endmacro

        stub_table 32
        stub_table 64
