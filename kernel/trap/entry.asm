; Every way into the kernel and back: 256 exception and interrupt vectors, SYSCALL, and the exits.
;
; Each entry builds a complete struct trap_frame (kernel/arch/frame.h). GS holds the user's base in
; user mode and the per-CPU base in the kernel; SWAPGS exchanges them (SDM 3A §5.8.8).
;
; Invariants
;  1. An entry from user mode (CS.RPL 3) does SWAPGS exactly once, its exit too, with interrupts off.
;  2. NMI, machine check, debug and double fault can strike between an entry and its SWAPGS, so CS does
;     not tell whose GS is loaded: they run on IST stacks and set the GS base explicitly, putting back
;     what they found.
;  3. Neither IRETQ nor SYSRET can fault: frames with other selectors or a non-canonical RIP are
;     turned into a signal first (SYSRET to a non-canonical RIP faults in ring 0 on Intel CPUs).

bits 64
default rel ; `abs` where a register is added: the kernel is linked in the top 2 GiB

SELECTOR_USER_DATA equ 0x2b
SELECTOR_USER_CODE equ 0x33
TRAP_SYSCALL equ 256
SYSCALL_COUNT equ 451 ; kernel/sys/table.h
MSR_GS_BASE equ 0xc0000101
RFLAGS_NO_SYSRET equ 0x10100 ; RF and TF: SYSRET cannot restore RF, and TF would trap in ring 0
TSS_RSP0 equ 4 ; SDM 3A figure 7-11
THREAD_WORK equ 0 ; struct thread
USER_ADDRESS_BITS equ 47

; struct trap_frame
struc frame
.r15: resq 1
.r14: resq 1
.r13: resq 1
.r12: resq 1
.rbp: resq 1
.rbx: resq 1
.r11: resq 1
.r10: resq 1
.r9: resq 1
.r8: resq 1
.rax: resq 1
.rcx: resq 1
.rdx: resq 1
.rsi: resq 1
.rdi: resq 1
.vector: resq 1
.error_code: resq 1
.rip: resq 1
.cs: resq 1
.rflags: resq 1
.rsp: resq 1
.ss: resq 1
endstruc

extern cpu_tss
extern current_thread_pointer
extern syscall_user_rsp
extern syscall_table
extern syscall_unknown
extern trap_handle
extern trap_exit_work
extern trap_bad_return
extern user_copy_smap

%macro push_registers 0
    push rdi
    push rsi
    push rdx
    push rcx
    push rax
    push r8
    push r9
    push r10
    push r11
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro pop_registers 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    pop r11
    pop r10
    pop r9
    pop r8
    pop rax
    pop rcx
    pop rdx
    pop rsi
    pop rdi
%endmacro

; Gates leave DF and AC as they were; AC would let the kernel touch user memory (SDM 3A §4.6).
%macro clear_flags 0
    cld
    cmp byte [user_copy_smap], 0
    je %%off
    clac
%%off:
%endmacro

section .text.entry progbits alloc exec nowrite align=16

; ---- vectors -------------------------------------------------------------------------------

; Exceptions for which the CPU pushes an error code: SDM 3A table 6-1.
%define has_error_code(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)
; Those on IST stacks: segments.c.
%define is_paranoid(v) ((v) == 1 || (v) == 2 || (v) == 8 || (v) == 18)

%assign v 0
%rep 256
align 16
vector_%+v:
%if !has_error_code(v)
    push 0
%endif
    push v
%if is_paranoid(v)
    jmp paranoid_entry
%else
    jmp common_entry
%endif
%assign v v+1
%endrep

align 16
common_entry:
    push_registers
    clear_flags
    test byte [rsp + frame.cs], 3
    jz .from_kernel
    swapgs
    xor ebp, ebp ; backtraces end here
    mov rdi, rsp
    call trap_handle
    jmp exit_to_user
.from_kernel:
    mov rdi, rsp
    call trap_handle
    pop_registers
    add rsp, frame.rip - frame.vector
    iretq

; On an IST stack whose top holds this CPU's GS base (segments.c).
align 16
paranoid_entry:
    push_registers
    clear_flags
    test byte [rsp + frame.cs], 3
    jnz .from_user
    mov ecx, MSR_GS_BASE
    rdmsr
    mov r12d, eax
    mov r13d, edx
    mov eax, [rsp + frame_size]
    mov edx, [rsp + frame_size + 4]
    wrmsr
    mov rdi, rsp
    call trap_handle
    mov ecx, MSR_GS_BASE
    mov eax, r12d
    mov edx, r13d
    wrmsr
    pop_registers
    add rsp, frame.rip - frame.vector
    iretq
.from_user: ; go on like any other exception, on the thread's own stack
    swapgs
    xor ebp, ebp
    mov rsi, rsp
    mov rdi, [gs:abs cpu_tss + TSS_RSP0]
    sub rdi, frame_size
    mov rsp, rdi
    mov ecx, frame_size / 8
    rep movsq
    mov rdi, rsp
    call trap_handle
    jmp exit_to_user

; ---- exits ---------------------------------------------------------------------------------

; void arch_return_to_user(struct trap_frame *frame)
global arch_return_to_user:function
arch_return_to_user:
    mov rsp, rdi
    xor ebp, ebp

exit_to_user:
    cli
    mov rax, [gs:abs current_thread_pointer]
    cmp dword [rax + THREAD_WORK], 0
    jne exit_work
exit_iret:
    mov rax, [rsp + frame.rip]
    shr rax, USER_ADDRESS_BITS
    jnz exit_bad
    cmp qword [rsp + frame.cs], SELECTOR_USER_CODE
    jne exit_bad
    cmp qword [rsp + frame.ss], SELECTOR_USER_DATA
    jne exit_bad
    pop_registers
    add rsp, frame.rip - frame.vector
    swapgs
    iretq

exit_work: ; returns with interrupts off
    mov rdi, rsp
    call trap_exit_work
    jmp exit_to_user

exit_bad:
    mov rdi, rsp
    call trap_bad_return
    jmp exit_to_user

; ---- system calls --------------------------------------------------------------------------

; SYSCALL: RCX = RIP, R11 = RFLAGS, RFLAGS masked by FMASK (interrupts off); the stack is the user's.
; Arguments RDI, RSI, RDX, R10, R8, R9; number RAX (SysV ABI x86-64 §A.2.1).
align 16
global syscall_entry:function
syscall_entry:
    swapgs
    mov [gs:abs syscall_user_rsp], rsp
    mov rsp, [gs:abs cpu_tss + TSS_RSP0]
    push SELECTOR_USER_DATA
    push qword [gs:abs syscall_user_rsp]
    push r11
    push SELECTOR_USER_CODE
    push rcx
    push rax ; frame.error_code: the number survives the result
    push TRAP_SYSCALL
    push_registers
    xor ebp, ebp
    sti
    mov eax, eax ; the number is RAX's lower half alone, as on Linux
    cmp eax, SYSCALL_COUNT
    jae .unknown
    mov rcx, r10
    call [abs syscall_table + rax * 8]
.done:
    mov [rsp + frame.rax], rax
    cli
    mov rax, [gs:abs current_thread_pointer]
    cmp dword [rax + THREAD_WORK], 0
    jne exit_work
    ; SYSRET loads RIP from RCX and RFLAGS from R11: only right while the frame says the same.
    mov rcx, [rsp + frame.rip]
    cmp rcx, [rsp + frame.rcx]
    jne exit_iret
    mov rax, [rsp + frame.rflags]
    cmp rax, [rsp + frame.r11]
    jne exit_iret
    test eax, RFLAGS_NO_SYSRET
    jnz exit_iret
    shr rcx, USER_ADDRESS_BITS
    jnz exit_bad
    cmp dword [rsp + frame.cs], SELECTOR_USER_CODE
    jne exit_bad
    cmp dword [rsp + frame.ss], SELECTOR_USER_DATA
    jne exit_bad
    pop_registers
    mov rsp, [rsp + frame.rsp - frame.vector]
    swapgs
    o64 sysret
.unknown:
    call syscall_unknown
    jmp .done

; ---- tables --------------------------------------------------------------------------------

section .rodata progbits alloc noexec nowrite align=16

; const uint64_t trap_vectors[256]
global trap_vectors:data
trap_vectors:
%assign v 0
%rep 256
    dq vector_%+v
%assign v v+1
%endrep
