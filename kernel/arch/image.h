/* Symbols of kernel.ld and start.asm: where the sections of the kernel image begin and end. */
#pragma once

extern const char kernel_start[], kernel_end[];
extern const char kernel_text_start[], kernel_text_end[];
extern const char entry_text_start[], entry_text_end[]; /* entered from user mode */
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_data_end[];
extern const char ksyms_start[], ksyms_end[];
extern const char console_font_start[], console_font_end[];
extern const char percpu_start[], percpu_end[]; /* CPU 0's copy; zero when loaded */
extern const char trampoline_start[], trampoline_end[], trampoline_arrive[]; /* trampoline.asm */
extern const char vdso_start[], vdso_end[]; /* page aligned */
extern const char boot_stack_guard[], boot_stack_top[]; /* guard: one page, unmapped once mm is up */
