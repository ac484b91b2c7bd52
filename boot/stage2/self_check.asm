; Is all of stage2 here, as it was made? Its length and CRC-32 (boot/stage2_header.h), in real mode
; and within the first sector: a BIOS may have brought no more of it and called that a success.
;
; The first time that something is wrong, stage1 gets control back and reads sector by sector. The
; second time the disk itself is damaged: error 10, said from here.

%include "layout.inc"

global stage2_check
extern stage2_header

CRC_POLYNOMIAL equ 0xedb88320           ; IEEE 802.3, reflected
CRC_TABLE      equ LAYOUT_BOUNCE >> 4   ; segment
HEADER_BYTES   equ 32
FLAGS_CARRY    equ 1
PACKET_RESERVED equ LAYOUT_BOOT_SECTOR + MBR_PACKET + 1 ; not 0: the second time

section .real progbits alloc exec write align=1
        bits 16

; Near call. Comes back if all is well, with all registers but eax as they were; else it returns
; from the caller's caller, stage1 (once), or not at all.
stage2_check:
        pushad
        push ds
        push es
        push cs
        pop ds
        push CRC_TABLE
        pop es
        call compute
        pop es
        jc .bad
        cmp eax, [S2_HEADER_CRC]
        jne .bad
        pop ds
        popad
        ret
.bad:
        push 0
        pop ds
        xor byte [PACKET_RESERVED], 1
        jz report
        pop ds
        popad
        add sp, 2 + 8           ; the return address, and what entry.asm has pushed
        retf

; out: eax = CRC of the file with its own field as zero; CF = no possible length
compute:
        call make_table
        mov ecx, [S2_HEADER_TOTAL]
        cmp ecx, S2_SECTORS * 512 + 1
        cmc
        jc .done
        cmp cx, HEADER_BYTES
        jc .done
        mov bp, cx
        xor si, si
        or eax, -1
        mov dl, 0xff
        mov cx, S2_HEADER_CRC
        call add_bytes
        mov dl, 0
        mov cl, 4
        call add_bytes
        mov dl, 0xff
        mov cx, bp
        sub cx, si
        call add_bytes
        not eax
        clc
.done:
        ret

; The CRC of each byte, at es:0.
make_table:
        cld
        xor di, di
        xor bx, bx
.byte:
        movzx eax, bx
        mov cx, 8
.bit:
        shr eax, 1
        jnc .zero
        xor eax, CRC_POLYNOMIAL
.zero:
        loop .bit
        stosd
        inc bl
        jnz .byte
        ret

; Adds cx bytes from si on to eax, those not in the mask dl as zero. out: si behind them
add_bytes:
        mov bl, [si]
        and bl, dl
        xor bl, al
        movzx di, bl
        shl di, 2
        shr eax, 8
        xor eax, [es:di]
        inc si
        loop add_bytes
        ret

section .real.words progbits alloc exec write align=1

; in: eax = CRC as computed
report:
        push cs
        pop ds
        mov edx, eax
        mov si, damaged
        call print
        mov eax, [S2_HEADER_CRC]
        call print_hex
        mov si, stored
        call print
        mov eax, edx
        call print_hex
        mov si, remedy
        call print
        mov ah, 0
        int 0x16
        int 0x18
        push cs
        pop ds
        mov si, no_device
        call print
.stop:  hlt
        jmp .stop

print_hex:
        mov cx, 8
.digit:
        rol eax, 4
        push eax
        and al, 15
        cmp al, 10
        sbb al, 0x69            ; with DAS: '0'..'9', 'A'..'F'
        das
        call print_char
        pop eax
        loop .digit
        ret

; in: ds:si = text, NUL-terminated
print.next:
        call print_char
print:
        lodsb
        test al, al
        jnz .next
        ret

; Screen and COM1, which stage1 has programmed.
print_char:
        pushad
        push ax
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        pop ax
        mov ah, 1
        xor dx, dx
        int 0x14
        push cs
        pop ds
        cld
        popad
        ret

; The words of the other errors are in error.c.
damaged:   db 13, 10, "Astra boot error 10: the loader's second stage is damaged on the disk", 13, 10
           db "  CRC ", 0
stored:    db " stored, ", 0
remedy:    db " computed", 13, 10, "  Remedy: write the image again and verify it.", 13, 10
           db "Press a key for the next boot device.", 13, 10, 0
no_device: db "The BIOS has no other boot device. Switch the machine off.", 13, 10, 0
