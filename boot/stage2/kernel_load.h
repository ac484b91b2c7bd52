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
 * boot_info's kernel fields. NULL if anything is wrong with it, which has then been reported; memory
 * is as before, and another file may be tried.
 */
must_check const struct loaded_kernel *kernel_load(const char *path);
