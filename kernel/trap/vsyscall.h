/*
 * The vsyscall page: three calls at fixed addresses in the kernel's half that old libraries
 * (dietlibc among them) still call without asking. Nothing is mapped there: the fetch faults, and the
 * call is done in the program's stead, as Linux's vsyscall=xonly does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/frame.h"

/* A user-mode fault at `address`: true if it was such a call, which is now done. May sleep; interrupts on. */
bool vsyscall_emulate(struct trap_frame *frame, uint64_t address);
