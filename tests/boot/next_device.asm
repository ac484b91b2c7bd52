; The boot sector of a floppy disk that a BIOS tries after ours: says on screen and COM1 that it
; was started, and by which drive number.

COM1    equ 0x3f8
LINE_STATUS equ 5
THR_EMPTY equ 0x20

        bits 16
        org 0x7c00

        cld
        xor ax, ax
        mov ds, ax
        mov si, message
.next:
        lodsb
        test al, al
        jz .stop
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        mov dx, COM1 + LINE_STATUS
        push ax
.wait:  in al, dx
        test al, THR_EMPTY
        jz .wait
        pop ax
        mov dx, COM1
        out dx, al
        jmp .next
.stop:
        hlt
        jmp .stop

message: db 13, 10, "the next device was started", 13, 10, 0

        times 510 - ($ - $$) db 0
        dw 0xaa55
