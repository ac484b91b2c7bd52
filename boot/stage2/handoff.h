/*
 * The jump into the kernel.
 */
#pragma once

/* Step: seals boot_info, quiets the interrupt controllers, enters long mode, jumps. */
void handoff(void) __attribute__((noreturn));
