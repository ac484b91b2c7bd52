/*
 * The page tables that the kernel starts with (boot/bootinfo.h, "Address space").
 */
#pragma once

#include "boot/stage2/kernel_load.h"

/* Step: builds them at LAYOUT_PAGE_TABLES. Does not return if the kernel is too large for them. */
void paging_build(const struct loaded_kernel *kernel);
