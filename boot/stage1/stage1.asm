; Stage1: the 512 bytes the BIOS loads. Reads stage2 (boot/stage2_header.h) from LBA 8 to 0x20000,
; checks its magic, and jumps to it with dl = drive and the notes of boot/layout.h
; (STATE_*) on the stack.
;
; All is well: one call of the BIOS, the extended read; a BIOS without it says so. After a failure,
; and when stage2 comes back because its checksum is wrong, sector by sector, by the extended call
; and by CHS in turn. When the drive number that the BIOS passed is implausible or cannot be read,
; any other drive that has a stage2 will do, the first drive last: stage2 then finds the one
; whose boot sector carries the disk id that is in memory here.
;
; The BIOS may return with any segments and flags, and any registers but those that hold its answer:
; all calls but the last two go through int13 and print_char.
;
; On a disk with sectors larger than 512 bytes the BIOS has brought more of the disk along, and with
; it large_sectors.asm, which then does the reading.
;
; Untouched by code or live data: bytes 3..0x59, where some BIOSes write a parameter block of
; their own; 218..223, a time stamp; 440..509, disk id and partition table, which mkimage fills.
;
; Failure: "Astra E<code>-<status>" on screen and COM1, wait for a key, INT 18h. Codes, as in
; boot/README.md: 1 read error (status: the BIOS' own, hexadecimal), 2 what was read is not stage2.

%include "layout.inc"

ATTEMPTS      equ 6             ; on one sector, a reset between them
DRIVE_FIRST   equ 0x80          ; plausible BIOS drive numbers
DRIVE_LAST    equ 0x8f
COM1          equ 0x3f8
VECTOR_UD     equ 6 * 4         ; interrupt vector of the invalid-opcode exception
MAGIC_TAIL    equ "AS2"         ; of STAGE2_MAGIC, with its NUL

section .text                   ; linked at LAYOUT_BOOT_SECTOR
        bits 16

stage1:
        jmp short entry
        nop

; A plausible parameter block (FAT specification §3.1) for BIOSes that read it to guess a
; geometry; reserved sectors and FAT count stay 0, so that no host takes this for a volume.
        db "ASTRA   "
        dw 512                  ; 0x0b bytes per sector
        times 0x18 - ($ - $$) db 0
        dw 18                   ; 0x18 sectors per track
        dw 2                    ; 0x1a heads
        times 0x5a - ($ - $$) db 0

entry:
        cld
        jmp 0:flat              ; some BIOSes start us at 07c0:0000
flat:
        xor ax, ax
        mov ds, ax
        mov ss, ax              ; no interrupt comes between this and the next
        mov sp, LAYOUT_STACK_TOP
        push dx
        mov cx, dx
        mov word [VECTOR_UD], no_rdtsc
        mov [VECTOR_UD + 2], ax
        rdtsc                   ; a CPU without it goes on at once: stage2 has words for the user
no_rdtsc:
        push edx
        push eax

        mov dx, COM1 + 3        ; 115200 baud, 8N1 (16550 data sheet §8.3)
        mov al, 0x83            ; divisor latch open
        out dx, al
        mov dl, COM1 & 0xff
        mov al, 1
        out dx, al
        inc dx
        dec ax
        out dx, al
        inc dx
        inc dx
        mov al, 3
        out dx, al

        mov si, greeting
        call print
        lodsb                   ; si = packet, which is one byte behind the greeting
        mov dx, cx              ; dl = the drive to try, cl = the one tried before it
        mov cl, DRIVE_LAST + 1
        cmp dl, DRIVE_LAST + 1 - DRIVE_FIRST
        jo load                 ; signed overflow: exactly from DRIVE_FIRST to DRIVE_LAST
next_drive:
        dec cx
        mov dl, cl
        cmp dl, DRIVE_LAST + 1 - DRIVE_FIRST
        jno fail
load:
        mov [drive], dl
        mov al, [sectors]
.read:
        call read_stage2
        jc next_drive
        mov es, [si + 6]        ; the packet's buffer: stage2
        cmp dword [es:S2_HEADER_MAGIC + 4], MAGIC_TAIL
        jne bad_stage2
        call far [si + 4]
        mov ax, 1               ; it came back, which it does once: not all of it is there
        jmp .read

bad_stage2:
        mov byte [code_digit], '2'
        jmp next_drive

int13:
        mov dl, DRIVE_FIRST
drive equ $ - 1
        int 0x13
clean:
        sti                     ; broken handlers return with interrupts off
        cld
        push ss
        pop ds
        ret

        times MBR_TIMESTAMP - ($ - $$) db 0
        times 6 db 0

fail:
        mov si, error
        call print
        mov al, 0
status equ $ - 1                ; the last the BIOS returned with a failure
        aam 16                  ; ah, al = the two digits
        xchg al, ah
        call print_digit
        mov al, ah
        call print_digit
        cbw                     ; ah = 0: a digit was in al
        int 0x16
        int 0x18
.stop:  hlt                     ; some BIOSes return when they have no other device
        jmp .stop

print.next:
        call print_char
; Screen and COM1. in: si = text, NUL-terminated; out: si behind it
print:
        lodsb
        test al, al
        jnz .next
        ret

; in: al = 0..15
print_digit:
        cmp al, 10
        sbb al, 0x69            ; with DAS: '0'..'9', 'A'..'F'
        das
print_char:
        pusha
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        popa
        pusha
        mov ah, 1               ; INT 14h is bounded and knows whether there is a COM1
        xor dx, dx
        int 0x14
        popa
        jmp clean

; in: al = sectors to read at first by one call; ax = 1: none so. out: CF = failed
read_stage2:
        pusha
        push dword [si + 6]     ; segment and LBA, which go from sector to sector
        mov [si + 2], al
        dec ax
        jz .by_sector
        call read_extended
        jnc .done
.by_sector:
        mov di, S2_SECTORS
.sector:
        mov cx, ATTEMPTS
.again:
        mov byte [si + 2], 1    ; the BIOS writes its own count back
        call read_extended
        jnc .got
        call read_chs
        jnc .got
        mov ah, 0               ; reset
        call disk
        loop .again
        stc
        jmp short .done
.got:
        add word [si + 6], 512 / 16
        inc word [si + 8]
        dec di
        jnz .sector             ; the carry flag is clear
.done:
        pop dword [si + 6]
        popa
        ret

; INT 13h AH=02h: one sector as the packet says. out: CF = failed
read_chs:
        pusha
        mov ah, 8               ; cl = sectors per track, dh = last head
        call int13
        jc disk.failed
        and cx, 0x3f
        stc
        jz disk.failed          ; no such disk
        mov ax, [packet + 8]
        div cl                  ; al = track, ah = sector from 0
        mov cl, ah
        inc cx
        movzx bx, dh
        inc bx
        mov ah, 0
        cwd
        div bx                  ; al = cylinder, dl = head: both small for these sectors
        mov ch, al
        mov dh, dl
        mov ax, 0x0201
        les bx, [packet + 4]
        jmp short disk.call

; EDD 3.0 §4.3: extended read by the packet. out: CF = failed
read_extended:
        cmp word [si + large_sectors - packet], LARGE_SECTORS_MARK
        je large_sectors.read
.by_packet:
        mov ah, 0x42
; INT 13h on our drive; all registers survive. out: CF
disk:
        pusha
.call:
        call int13
        jnc .done
.failed:
        mov [status], ah
.done:
        popa
        ret

error:    db " E"
code_digit: db "1-", 0

        times MBR_READ_COUNT - 6 - ($ - $$) db 0
greeting: db "Astra", 0
; Mkimage writes other numbers for a disk with larger sectors; sector by sector it does not work.
sectors: db S2_SECTORS
packet: dw 16
        dw 0                    ; sectors
        dw 0                    ; offset
        dw LAYOUT_STAGE2_SEGMENT
        dq S2_LBA

        times 510 - ($ - $$) db 0       ; disk id, table: filled in by mkimage
        dw 0xaa55

%include "large_sectors.asm"
