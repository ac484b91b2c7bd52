/* The C entry point, for entry.asm. */
#pragma once

#include <stdint.h>

void stage2_main(uint32_t drive) __attribute__((noreturn));
