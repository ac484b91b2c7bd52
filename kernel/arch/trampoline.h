/* The code and the page through which a further CPU gets from real mode to the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where a CPU that is started goes, and with what. Addresses are virtual unless they say `phys`. */
struct trampoline_target {
    uint64_t low_tables_phys; /* below 4 GiB: the kernel's half, and low memory at its own address */
    uint64_t kernel_tables_phys;
    uint64_t stack_top;
    uint64_t gs_base;
};

/* Copies the code to `page`, the page at BOOT_AP_PAGE. Its CPUs arrive in cpu_main. */
void trampoline_install(void *page);
/* Sets where the next CPU that starts in the page goes. */
void trampoline_aim(void *page, const struct trampoline_target *target);
/* Whether a CPU has taken the target, so that another may be set. */
bool trampoline_taken(const void *page);
