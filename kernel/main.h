/* Where start.asm enters C. */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

/* `info` lies in the loader's memory, mapped at its offset map. Interrupts off, boot stack. */
noreturn_fn void kernel_main(const struct boot_info *info);
