/*
 * The kernel: from its file on the boot partition to its segments in memory.
 */
#pragma once

#include "lib/elf.h"

/* What paging.c maps. */
struct loaded_kernel {
    struct elf_header header;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/*
 * Step: loads `path`, validates it, copies its segments to their physical addresses and fills in
 * boot_info's kernel fields. Does not return if anything is wrong with it.
 */
const struct loaded_kernel *kernel_load(const char *path);
