; A boot sector that makes the machine's BIOS misbehave and then starts the real one. It stays high
; in conventional memory, as a network card's code would, and answers INT 10h, 13h, 15h, 16h and
; 18h in the BIOS' place. What it does is a list of parameters (faults.h) that the test writes into
; the image. Each time a fault takes effect, its number goes out on COM2, '0' added.
;
; On the disk: this sector at LBA 0 with the real one's disk id and partition table, the real boot
; sector and the resident part in the gap before the first partition.
;
;   hostile.asm   start, installation        frame.inc     hooks' way in and out
;   disk.inc      INT 13h                    memory.inc    INT 15h, with map.inc: E820's entries
;   video.inc     INT 10h                    keyboard.inc  INT 16h, 18h
;   spoil.inc     registers and flags that come back wrong

%include "layout.inc"
%include "faults.inc"

COM2         equ 0x2f8
PORT_A       equ 0x92
PORT_A_A20   equ 2
BDA_LOW_KIB  equ 0x413
BDA_EBDA     equ 0x40e
BPB_START    equ 3
BPB_END      equ 0x5a
INSTALL_STACK equ 0x7000

        bits 16
        org 0

; ---- boot sector ----------------------------------------------------------------------

        jmp 0x07c0:start
start:
        cli
        cld
        xor ax, ax
        mov ss, ax
        mov sp, INSTALL_STACK
        push cs
        pop ds
        sti
        mov si, packet
        mov ah, 0x42
        int 0x13
        jc $
        jmp HOSTILE_SEGMENT:0

packet: dw 16, HOSTILE_SECTORS, 0, HOSTILE_SEGMENT
        dq HOSTILE_LBA

        times 510 - ($ - $$) db 0
        dw 0xaa55

; ---- resident part --------------------------------------------------------------------

section resident vstart=0 align=1

        jmp near install
        times HOSTILE_PARAMETERS - ($ - $$) db 0
faults: times FAULT_COUNT dw 0
        times HOSTILE_COUNTS - ($ - $$) db 0
counts: times FAULT_COUNT db 0

%include "frame.inc"
%include "spoil.inc"
%include "disk.inc"
%include "memory.inc"
%include "video.inc"
%include "keyboard.inc"

install:
        mov ax, cs
        mov ds, ax
        mov [drive_passed], dl
        push BDA_SEGMENT
        pop es
        mov ax, [es:BDA_TICKS]
        mov [start_ticks], ax
        call init_com2
        call read_real_sector
        call map_collect
        xor ax, ax
        mov es, ax
        mov word [es:BDA_LOW_KIB], HOSTILE_PHYS / 1024
        call hook_vectors
        call start_faults
        mov dl, [drive_passed]
        xor ax, ax
        mov ds, ax
        mov es, ax
        cmp word [cs:faults + 2 * FAULT_CS], 0
        je .usual
        jmp 0x07c0:0
.usual: jmp 0:LAYOUT_BOOT_SECTOR

; 115200 baud, 8N1 (16550 data sheet §8.3)
init_com2:
        mov dx, COM2 + 3
        mov al, 0x83
        out dx, al
        mov dx, COM2
        mov al, 1
        out dx, al
        inc dx
        mov al, 0
        out dx, al
        mov dx, COM2 + 3
        mov al, 3
        out dx, al
        ret

read_real_sector:
        mov si, real_packet
        mov ah, 0x42
        mov dl, [drive_passed]
        int 0x13
        jc $
        ret

; INT number, hook, where the BIOS' own handler is kept
%macro hook_vector 3
        mov eax, [es:%1 * 4]
        mov [%3], eax
        mov word [es:%1 * 4], %2
        mov [es:%1 * 4 + 2], cs
%endmacro

hook_vectors:
        cli
        hook_vector 0x10, hook10, old10
        hook_vector 0x13, hook13, old13
        hook_vector 0x15, hook15, old15
        hook_vector 0x16, hook16, old16
        cmp word [faults + 2 * FAULT_18_RETURNS], 0
        je .done
        hook_vector 0x18, hook18, old18
.done:  sti
        ret

; What is wrong from the start. in: ds = cs, es = 0
start_faults:
        if_fault FAULT_LOW_KIB, .low
        mov [es:BDA_LOW_KIB], ax
        fires FAULT_LOW_KIB
.low:   if_fault FAULT_EBDA, .ebda
        call move_ebda
        fires FAULT_EBDA
.ebda:  if_fault FAULT_BPB, .bpb
        mov di, LAYOUT_BOOT_SECTOR + BPB_START
        mov cx, BPB_END - BPB_START
        mov al, 0xcc
        rep stosb
        fires FAULT_BPB
.bpb:   if_fault FAULT_DISK_ID, .id
        inc dword [es:LAYOUT_BOOT_SECTOR + MBR_DISK_ID]
        fires FAULT_DISK_ID
.id:    if_fault FAULT_DRIVE, .drive
        mov [drive_passed], al
        fires FAULT_DRIVE
.drive: if_fault FAULT_CS, .cs
        fires FAULT_CS
.cs:    if_fault FAULT_A20_OFF, .a20
        call a20_off
        fires FAULT_A20_OFF
.a20:   ret

a20_off:
        in al, PORT_A
        and al, ~(PORT_A_A20 | 1)       ; bit 0 would reset the machine
        out PORT_A, al
        ret

; Moves the extended BIOS data area as option ROMs do. in: ax = new segment, es = 0
move_ebda:
        push ds
        push es
        mov bx, [es:BDA_EBDA]
        mov [es:BDA_EBDA], ax
        mov ds, bx
        mov es, ax
        movzx cx, byte [0]              ; its size in KiB
        shl cx, 10
        xor si, si
        xor di, di
        rep movsb
        pop es
        pop ds
        ret

real_packet:  dw 16, 1, LAYOUT_BOOT_SECTOR, 0
              dq HOSTILE_REAL_LBA
old10:        dd 0
old13:        dd 0
old15:        dd 0
old16:        dd 0
old18:        dd 0
drive_passed: db 0

%include "map.inc"

        times HOSTILE_SECTORS * 512 - ($ - $$) db 0
