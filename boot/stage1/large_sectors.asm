; Stage1's second sector: reads stage2 from a disk whose sectors have 1024, 2048 or 4096 bytes.
;
; A BIOS loads one sector of the disk, whatever its size: this code is in memory behind the boot
; sector exactly when the disk's sectors are larger than 512 bytes, or when an earlier boot left
; it there. So it is entered by its mark, asks the BIOS for the size, and steps back when that is
; 512 bytes. It works for an image made for 512-byte sectors as for one made for larger: stage2
; lies at byte 4096 of both.
;
; Included by stage1.asm; works in place of read_extended, in the frame of read_stage2.

LARGE_SECTORS_MARK equ "LS"
EDD_BUFFER_BYTES   equ 0x1a     ; EDD 3.0 §4.8, table 3: what EDD 1.x knows
EDD_BYTES_PER_SECTOR equ 0x18
LARGE_SECTORS_MIN  equ 1024
S2_BYTE            equ S2_LBA * 512
S2_BYTES           equ 0x10000  ; what S2_SECTORS need, in whole sectors of any size

large_sectors:
        dw LARGE_SECTORS_MARK

.give_back:
        popa
        jmp read_extended.by_packet

; in: si = packet. out: CF = failed, to read_stage2's caller
.read:
        pusha
        push si
        mov si, edd_buffer
        mov word [si], EDD_BUFFER_BYTES
        mov ah, 0x48            ; EDD 3.0 §4.8: drive parameters
        call int13
        pop si
        jc .give_back
        mov bx, [edd_buffer + EDD_BYTES_PER_SECTOR]
        lea ax, [bx - 1]
        test ax, bx
        jnz .give_back          ; no power of two
        cmp bx, LARGE_SECTORS_MIN
        jb .give_back
        cmp bx, S2_BYTE
        ja .give_back

        xor dx, dx
        mov ax, S2_BYTE
        div bx
        mov [si + 8], ax        ; first sector
        mov dx, S2_BYTES >> 16
        mov ax, S2_BYTES & 0xffff
        div bx
        mov [sectors], al
        mov [si + 2], al
        mov di, ax
        shr bx, 4               ; paragraphs in a sector
        call read_extended.by_packet
        jnc .done

.sector:
        mov cx, ATTEMPTS
.again:
        mov word [si + 2], 1    ; the BIOS writes its own count back
        call read_extended.by_packet
        jnc .got
        mov ah, 0               ; reset
        call disk
        loop .again
        stc
        jmp short .done
.got:
        add [si + 6], bx
        inc word [si + 8]
        dec di
        jnz .sector             ; the carry flag is clear
.done:
        popa
        pop ax                  ; read_stage2's return address into itself: it would try on
        jmp read_stage2.done

        times 1024 - EDD_BUFFER_BYTES - ($ - $$) db 0
edd_buffer:
        times EDD_BUFFER_BYTES db 0
