; Stage2's first bytes: the header (boot/stage2_header.h), then real mode to protected mode and
; the call of stage2_main. In: dl = BIOS drive, ss:sp = stage1's stack (boot/layout.h).
;
; Nothing of the file may change before its CRC is checked, nor may a second start find it changed:
; hence descriptors that are already marked accessed, and a GDT pointer that the CPU only reads.

%include "layout.inc"

global gdt, gdt_pointer, stage2_header
extern stage2_check, stage2_main, boot_facts, bss_start, bss_end

CR0_PE          equ 1
VECTOR_UD       equ 6 * 4       ; interrupt vector of the invalid-opcode exception
FACTS_CR0       equ 0           ; struct boot_facts (facts.h)
FACTS_IDT       equ 4

section .real progbits alloc exec write align=16
        bits 16

stage2_header:
        jmp near stage2_start
        times 8 - ($ - $$) nop
        db "ASTRAS2", 0
        dd 1                    ; version
        dd 0                    ; total_bytes, by mkimage
        dd 0                    ; crc32, by mkimage
        dd 0

; in: ds = 0. Pushes the time stamp of stage2's first instructions for stage2_main; a CPU without
; one goes on at once, as in stage1.
stage2_start:
        cld
        mov edi, edx
        mov bp, sp
        mov word [VECTOR_UD], .no_rdtsc
        mov [VECTOR_UD + 2], cs
        rdtsc
.no_rdtsc:
        mov sp, bp
        push edx
        push eax
        mov edx, edi
        call stage2_check
checked:
        cli
        sub sp, 8               ; the interrupt table of real mode, for struct boot_facts
        mov bp, sp
        o32 sidt [bp]
        o32 lgdt [cs:gdt_pointer]
        mov eax, cr0
        mov ebx, eax
        or al, CR0_PE
        mov cr0, eax
        jmp dword SELECTOR_CODE32:protected

; SDM 3A §3.4.5. Sixteen-byte aligned: some CPUs and hypervisors are slow or wrong otherwise.
        align 16
gdt:
        dq 0
        dq 0x00cf9b000000ffff   ; CODE32: base 0, 4 GiB, execute and read, accessed
        dq 0x00cf93000000ffff   ; DATA32: base 0, 4 GiB, writable, accessed
        dq 0x00009b020000ffff   ; CODE16: base LAYOUT_STAGE2, 64 KiB
        dq 0x000093020000ffff   ; DATA16: the same as data
        dq 0x00af9b000000ffff   ; CODE64
gdt_end:
        dw 0                    ; so that the pointer's base is four-byte aligned
gdt_pointer:
        dw gdt_end - gdt - 1
        dd LAYOUT_STAGE2 + gdt

section .text
        bits 32

protected:
        mov ax, SELECTOR_DATA32
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        movzx esp, sp
        movzx edx, dl
        mov edi, bss_start
        mov ecx, bss_end
        sub ecx, edi
        xor eax, eax
        rep stosb
        mov [boot_facts + FACTS_CR0], ebx
        pop dword [boot_facts + FACTS_IDT]
        pop eax
        mov [boot_facts + FACTS_IDT + 4], ax
        push edx                ; and above it the time stamp
        call stage2_main
