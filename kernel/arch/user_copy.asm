; Copies between kernel and user memory that survive faults; contracts in user_copy.h.
; `rep movs` and `rep stos` leave RSI, RDI and RCX at the faulting element (SDM 2B, REP), so the
; bytes left are known exactly. Where SMAP is on, STAC and CLAC bracket each access (SDM 3A §4.6).

bits 64
default rel

EFAULT equ 14

extern user_copy_smap

; A fault at the first address resumes at the second.
%macro extable 2
[section .extable progbits alloc noexec nowrite align=8]
    dq %1, %2
__?SECT?__
%endmacro

%macro user_access_begin 0
    cmp byte [user_copy_smap], 0
    je %%off
    stac
%%off:
%endmacro

%macro user_access_end 0
    cmp byte [user_copy_smap], 0
    je %%off
    clac
%%off:
%endmacro

section .text

; size_t arch_user_copy(void *dst, const void *src, size_t n)
global arch_user_copy:function
arch_user_copy:
    user_access_begin
    mov rcx, rdx
    shr rcx, 3
    and edx, 7
.words:
    rep movsq
    mov ecx, edx
.bytes:
    rep movsb
.done:
    user_access_end
    mov rax, rcx
    ret
.word_fault: ; finish byte by byte up to the very byte that faults
    lea rcx, [rdx + rcx * 8]
    jmp .bytes
extable .words, .word_fault
extable .bytes, .done

; size_t arch_user_clear(void *dst, size_t n)
global arch_user_clear:function
arch_user_clear:
    user_access_begin
    xor eax, eax
    mov rcx, rsi
    shr rcx, 3
    and esi, 7
.words:
    rep stosq
    mov ecx, esi
.bytes:
    rep stosb
.done:
    user_access_end
    mov rax, rcx
    ret
.word_fault:
    lea rcx, [rsi + rcx * 8]
    jmp .bytes
extable .words, .word_fault
extable .bytes, .done

; long arch_user_copy_string(char *dst, const char *src, size_t size)
global arch_user_copy_string:function
arch_user_copy_string:
    user_access_begin
    mov r8, 0x0101010101010101
    mov r9, 0x8080808080808080
    xor ecx, ecx
.next:
    lea eax, [rsi + rcx]                ; eight bytes at once where they lie in one page
    and eax, 0xfff
    cmp eax, 0xff8
    ja .byte
    lea r10, [rcx + 8]
    cmp r10, rdx
    ja .byte
.load_word:
    mov rax, [rsi + rcx]
    mov [rdi + rcx], rax
    mov r11, rax
    sub r11, r8                         ; a zero byte borrows: its high bit is set, and was not before
    not rax
    and r11, rax
    and r11, r9
    jnz .zero
    mov rcx, r10
    jmp .next
.zero:
    bsf r11, r11
    shr r11d, 3
    add rcx, r11
    jmp .end
.byte:
    cmp rcx, rdx
    jae .end
.load:
    mov al, [rsi + rcx]
    mov [rdi + rcx], al
    test al, al
    jz .end
    inc rcx
    jmp .next
.end:
    user_access_end
    mov rax, rcx
    ret
.fault:
    user_access_end
    mov rax, -EFAULT
    ret
extable .load, .fault
extable .load_word, .fault

; int arch_user_load32(uint32_t *value, const uint32_t *user)
global arch_user_load32:function
arch_user_load32:
    user_access_begin
.load:
    mov eax, [rsi]
    user_access_end
    mov [rdi], eax
    xor eax, eax
    ret
extable .load, user_word_fault

; int arch_user_compare_exchange32(uint32_t *value, uint32_t *user, uint32_t expected, uint32_t desired)
global arch_user_compare_exchange32:function
arch_user_compare_exchange32:
    user_access_begin
    mov eax, edx
.exchange:
    lock cmpxchg [rsi], ecx
    user_access_end
    mov [rdi], eax
    xor eax, eax
    ret
extable .exchange, user_word_fault

user_word_fault:
    user_access_end
    mov eax, -EFAULT
    ret
