; Where a further CPU starts: the startup interrupt puts it in real mode at BOOT_AP_PAGE:0 (SDM 3A
; §8.4.3). smp.c copies this code there, with a struct trampoline_block at the end of the page. One
; step takes it to long mode: paging and protection may be turned on together (SDM 3A §9.8.5 asks only
; for PE when PG is set). The page tables for it map low memory at its own address too.

AP_PAGE equ 0x8000 ; BOOT_AP_PAGE, boot/bootinfo.h
BLOCK equ AP_PAGE + 0xf80 ; struct trampoline_block, smp.c

CR0_PE equ 1 << 0
CR0_WP equ 1 << 16
CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
MSR_EFER equ 0xc0000080
MSR_GS_BASE equ 0xc0000101
SELECTOR_CODE equ 0x08
SELECTOR_DATA equ 0x10

struc block
.low_tables: resd 1 ; CR3 until the kernel's addresses are in use
.efer: resd 1
.kernel_tables: resq 1
.entry: resq 1
.stack_top: resq 1
.gs_base: resq 1
.taken: resd 1
endstruc

%define here(label) (label - trampoline_start + AP_PAGE)

section .rodata progbits alloc noexec nowrite align=16
bits 16

global trampoline_start:data
trampoline_start:
    cli
    cld
    xor ax, ax
    mov ds, ax
    o32 lgdt [here(gdt_pointer)]
    mov eax, CR4_PAE
    mov cr4, eax
    mov eax, [BLOCK + block.low_tables]
    mov cr3, eax
    mov ecx, MSR_EFER
    mov eax, [BLOCK + block.efer]
    xor edx, edx
    wrmsr
    mov eax, CR0_PE | CR0_WP | CR0_PG
    mov cr0, eax
    jmp dword SELECTOR_CODE:here(long_mode)

bits 64
long_mode:
    mov eax, SELECTOR_DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov ebx, BLOCK
    mov eax, [rbx + block.gs_base]
    mov edx, [rbx + block.gs_base + 4]
    mov ecx, MSR_GS_BASE
    wrmsr
    mov rsp, [rbx + block.stack_top]
    mov rax, [rbx + block.entry]
    mov rcx, [rbx + block.kernel_tables]
    mov dword [rbx + block.taken], 1 ; the block may be filled in for the next CPU
    jmp rax

align 8
gdt: ; SDM 3A §3.4.5
    dq 0
    dq 0x00af9b000000ffff ; 64-bit code
    dq 0x00cf93000000ffff ; data
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd here(gdt)

global trampoline_end:data
trampoline_end:

; The kernel's own half: reached by its final address, RCX = its page tables, GS and stack in place.
section .text exec
extern cpu_main
global trampoline_arrive:function
trampoline_arrive:
    mov cr3, rcx
    xor ebp, ebp ; backtraces end here
    call cpu_main
    ud2 ; cpu_main does not return
