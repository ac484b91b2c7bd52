; A boot sector that makes the machine's BIOS misbehave and then starts the real one, which the
; test has moved to LBA 1; LBA 2 and 3 hold the rest of this file. It hooks INT 13h and 15h from high in conventional memory; which
; faults are on is a word of flags that the test writes into the sector.

%include "layout.inc"

RESIDENT_SEGMENT equ 0x9000     ; above everything the loader uses
FLAGS_OFFSET     equ 0x1b0      ; u32 in the sector, FAULT_*

FAULT_NO_EDD     equ 1 << 0     ; functions 41h, 42h, 48h do not exist
FAULT_EDD_LIES   equ 1 << 1     ; 41h says there is 42h, but there is not
FAULT_SMALL      equ 1 << 2     ; 42h refuses more than 63 sectors
FAULT_FLAKY      equ 1 << 3     ; every third read fails
FAULT_TRASH      equ 1 << 4     ; registers come back changed, interrupts off
FAULT_NO_DRIVE   equ 1 << 5     ; DL = 0 at entry
FAULT_WRONG_DRIVE equ 1 << 6    ; DL = 81h at entry
FAULT_CS         equ 1 << 7     ; started at 07c0:0000
FAULT_BPB        equ 1 << 8     ; bytes 3..0x59 of the boot sector overwritten
FAULT_MAP_UGLY   equ 1 << 9     ; E820: overlapping and unknown entries follow the true ones
FAULT_MAP_BREAKS equ 1 << 10    ; E820 loses its signature in the middle
FAULT_MAP_NONE   equ 1 << 11    ; no E820
FAULT_NO_E801    equ 1 << 12    ; no E801
FAULT_LOW_MEMORY equ 1 << 13    ; INT 12h: 496 KiB
FAULT_DEAD       equ 1 << 14    ; nothing behind LBA 200 or the first cylinder can be read
FAULT_A20        equ 1 << 15    ; address line 20 is off
FAULT_NO_2401    equ 1 << 16    ; the BIOS does not switch it on

FAULT_NO_88      equ 1 << 17    ; no AH=88h either
FAULT_DISK_ID    equ 1 << 18    ; the boot sector in memory has another disk id than any disk

PORT_A           equ 0x92
PORT_A_A20       equ 2

        bits 16
        org 0

        jmp 0x07c0:start
start:
        cli
        cld
        xor ax, ax
        mov ss, ax
        mov sp, LAYOUT_STACK_TOP
        mov ds, ax
        mov ax, RESIDENT_SEGMENT
        mov es, ax
        xor bx, bx
        mov ax, 0x0204          ; LBA 0..3 are the first sectors of the first track
        mov cx, 1
        mov dh, 0
        int 0x13
        jmp RESIDENT_SEGMENT:resident

        times FLAGS_OFFSET - ($ - $$) db 0
flags:  dd 0
        times 510 - ($ - $$) db 0
        dw 0xaa55
        times 1024 - ($ - $$) db 0      ; the real boot sector's place

resident:
        mov [cs:real_drive], dl
        mov eax, [0x13 * 4]
        mov [cs:old13], eax
        mov eax, [0x15 * 4]
        mov [cs:old15], eax
        mov word [0x13 * 4], hook13
        mov [0x13 * 4 + 2], cs
        mov word [0x15 * 4], hook15
        mov [0x15 * 4 + 2], cs
        xor ax, ax
        mov es, ax
        mov ax, 0x0201          ; the real boot sector: LBA 1 is sector 2 of the first track
        mov cx, 2
        mov dh, 0
        mov bx, LAYOUT_BOOT_SECTOR
        pushf
        call far [cs:old13]
        mov ebp, [cs:flags]
        test bp, FAULT_LOW_MEMORY
        jz .low
        mov word [0x413], 496
.low:   test bp, FAULT_BPB
        jz .bpb
        mov di, LAYOUT_BOOT_SECTOR + 3
        mov cx, 0x5a - 3
        mov al, 0xcc
        rep stosb
.bpb:   test bp, FAULT_A20
        jz .a20
        in al, PORT_A
        and al, ~(PORT_A_A20 | 1)
        out PORT_A, al
.a20:   test ebp, FAULT_DISK_ID
        jz .id
        inc dword [LAYOUT_BOOT_SECTOR + MBR_DISK_ID]
.id:    mov dl, [cs:real_drive]
        test bp, FAULT_NO_DRIVE
        jz .drive
        mov dl, 0
.drive: test bp, FAULT_WRONG_DRIVE
        jz .wrong
        mov dl, 0x81
.wrong: test bp, FAULT_CS
        jz .go
        jmp 0x07c0:0
.go:    jmp 0:LAYOUT_BOOT_SECTOR

hook13:
        test word [cs:flags], FAULT_NO_EDD
        jz .edd
        cmp ah, 0x41
        je refuse
        cmp ah, 0x42
        je refuse
        cmp ah, 0x48
        je refuse
.edd:   cmp ah, 0x02
        jne .not_chs
        test word [cs:flags], FAULT_DEAD
        jz .flaky
        test ch, ch             ; all beyond the first cylinder
        jnz timeout
.not_chs:
        cmp ah, 0x42
        jne .other
        test word [cs:flags], FAULT_EDD_LIES
        jnz refuse
        test word [cs:flags], FAULT_SMALL
        jz .dead
        cmp word [si + 2], 63
        ja refuse
.dead:  test word [cs:flags], FAULT_DEAD
        jz .flaky
        cmp dword [si + 8], 200
        ja timeout
.flaky: test word [cs:flags], FAULT_FLAKY
        jz .other
        inc byte [cs:count]
        cmp byte [cs:count], 3
        jb .other
        mov byte [cs:count], 0
        jmp timeout
.other: pushf
        call far [cs:old13]
trash:
        pushf
        test word [cs:flags], FAULT_TRASH
        jz .clean
        popf
        mov bp, 0xdead          ; a word that nobody returns, and upper halves
        movzx eax, ax
        pushf
        xor esi, 0xffff0000
        xor edi, 0xffff0000
        popf
        cli
        retf 2
.clean: popf
        sti
        retf 2
refuse:
        mov ah, 1
        stc
        jmp trash
timeout:
        mov ah, 0x80
        stc
        jmp trash

hook15:
        cmp ax, 0xe801
        jne .e820
        test word [cs:flags], FAULT_NO_E801
        jnz no_function
.e820:  cmp ah, 0x88
        jne .a20
        test dword [cs:flags], FAULT_NO_88
        jnz no_function
.a20:   cmp ax, 0x2401
        jne .map
        test dword [cs:flags], FAULT_NO_2401
        jnz no_function
.map:   cmp ax, 0xe820
        jne .pass
        test word [cs:flags], FAULT_MAP_NONE
        jnz no_function
        test word [cs:flags], FAULT_MAP_BREAKS
        jz .ugly
        cmp ebx, 0
        jne lost
.ugly:  test word [cs:flags], FAULT_MAP_UGLY
        jz .pass
        cmp ebx, EXTRA
        jae extra
        pushf
        call far [cs:old15]
        jc no_function
        cmp ebx, 0
        jne .more
        mov ebx, EXTRA
.more:  clc
        retf 2
.pass:  jmp far [cs:old15]
no_function:
        mov ah, 0x86
        stc
        retf 2
lost:
        xor eax, eax
        clc
        retf 2

; Further entries: continuation values from EXTRA on.
EXTRA       equ 0x7000
EXTRA_COUNT equ 4

extra:
        push si
        push cx
        push di
        lea si, [bx - EXTRA]
        imul si, si, 20
        add si, extra_entries
        mov cx, 20
.copy:  mov al, [cs:si]
        mov [es:di], al
        inc si
        inc di
        loop .copy
        pop di
        pop cx
        pop si
        mov eax, edx
        mov ecx, 20
        inc ebx
        cmp ebx, EXTRA + EXTRA_COUNT
        jb .more
        xor ebx, ebx
.more:  clc
        retf 2

old13:      dd 0
old15:      dd 0
real_drive: db 0
count:      db 0
extra_entries:
        dq 0x1800000, 0x1000    ; defective page in the middle of memory
        dd 5
        dq 0x400000, 0x10000    ; a type that nobody knows, over usable memory
        dd 77
        dq 0x1000, 0x2000       ; usable, again, smaller
        dd 1
        dq 0, 0                 ; empty
        dd 1

        times 2048 - ($ - $$) db 0
