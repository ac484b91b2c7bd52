; bios_interrupt: a BIOS interrupt from 32-bit C. Down to real mode, the interrupt, and back; every
; register is saved around it, because BIOSes clobber what they like, as are the GDT and IDT
; registers. The stack lies below 64 KiB, so that all modes share it (ss = 0 in real mode).
; The time stamps are taken next to the interrupt: what lies between them is the BIOS' own.
;
; Interrupts are on while the BIOS runs and off everywhere else in stage2.

%include "layout.inc"

global bios_interrupt, bios_use_tsc
extern gdt_pointer

CR0_PE       equ 1
FLAGS_IF     equ 0x200

; struct bios_regs (bios.h)
struc regs
.eax:   resd 1
.ebx:   resd 1
.ecx:   resd 1
.edx:   resd 1
.esi:   resd 1
.edi:   resd 1
.ebp:   resd 1
.ds:    resw 1
.es:    resw 1
.flags: resd 1
.start: resq 1
.end:   resq 1
endstruc

section .text
        bits 32

; void bios_use_tsc(void)
bios_use_tsc:
        mov byte [LAYOUT_STAGE2 + has_tsc], 1
        ret

; void bios_interrupt(uint8_t vector, struct bios_regs *regs)
bios_interrupt:
        push ebp
        mov ebp, esp
        push ebx
        push esi
        push edi
        mov eax, [ebp + 8]
        mov eax, [eax * 4]              ; real-mode interrupt vector
        mov [LAYOUT_STAGE2 + handler], eax
        mov esi, [ebp + 12]
        mov edi, LAYOUT_STAGE2 + frame
        mov ecx, regs_size / 4
        rep movsd
        sidt [LAYOUT_STAGE2 + saved_idt]
        mov [LAYOUT_STAGE2 + saved_esp], esp
        lidt [LAYOUT_STAGE2 + real_idt]
        jmp SELECTOR_CODE16:to_real

from_real:
        mov ax, SELECTOR_DATA32
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, [LAYOUT_STAGE2 + saved_esp]
        lidt [LAYOUT_STAGE2 + saved_idt]
        mov esi, LAYOUT_STAGE2 + frame
        mov edi, [esp + 24]               ; the argument `regs`
        mov ecx, regs_size / 4
        rep movsd
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

section .real progbits alloc exec write align=1
        bits 16

; SDM 3A §9.9.2: switching back to real-address mode.
to_real:
        mov ax, SELECTOR_DATA16         ; segments with real-mode limits
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov eax, cr0
        and al, ~CR0_PE
        mov cr0, eax
        jmp LAYOUT_STAGE2_SEGMENT:.real
.real:
        xor ax, ax
        mov ss, ax
        mov fs, ax
        mov gs, ax
        ; What INT would push, then the handler's address for RETF.
        push word FLAGS_IF
        push cs
        push word .returned
        push dword [cs:handler]
        cmp byte [cs:has_tsc], 0
        je .load
        rdtsc
        mov [cs:frame + regs.start], eax
        mov [cs:frame + regs.start + 4], edx
.load:
        mov eax, [cs:frame + regs.eax]
        mov ebx, [cs:frame + regs.ebx]
        mov ecx, [cs:frame + regs.ecx]
        mov edx, [cs:frame + regs.edx]
        mov esi, [cs:frame + regs.esi]
        mov edi, [cs:frame + regs.edi]
        mov ebp, [cs:frame + regs.ebp]
        mov es, [cs:frame + regs.es]
        mov ds, [cs:frame + regs.ds]
        retf
.returned:
        pushfd
        sti                             ; a BIOS may return with interrupts off: let the clock and
        nop                             ; the keyboard be served, as waiting loops rely on
        cli
        cld
        pop dword [cs:frame + regs.flags]
        mov [cs:frame + regs.eax], eax
        mov [cs:frame + regs.ebx], ebx
        mov [cs:frame + regs.ecx], ecx
        mov [cs:frame + regs.edx], edx
        mov [cs:frame + regs.esi], esi
        mov [cs:frame + regs.edi], edi
        mov [cs:frame + regs.ebp], ebp
        mov [cs:frame + regs.es], es
        mov [cs:frame + regs.ds], ds
        cmp byte [cs:has_tsc], 0
        je .back
        rdtsc
        mov [cs:frame + regs.end], eax
        mov [cs:frame + regs.end + 4], edx
.back:
        o32 lgdt [cs:gdt_pointer]
        mov eax, cr0
        or al, CR0_PE
        mov cr0, eax
        jmp dword SELECTOR_CODE32:from_real

        align 4
frame:     times regs_size db 0
handler:   dd 0
saved_esp: dd 0
real_idt:  dw 0x3ff                     ; the interrupt vector table, 256 entries at 0
           dd 0
saved_idt: dw 0
           dd 0
has_tsc:   db 0
