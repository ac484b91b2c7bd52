/* The C entry point, for entry.asm. */
#pragma once

#include <stdint.h>

/* `entry_tsc`: the time stamp of stage2's first instructions; nothing without a TSC. */
void stage2_main(uint32_t drive, uint64_t entry_tsc) __attribute__((noreturn));
