/* Shared by the files that change mappings: range checks, limits, unmapping with the lock held. */
#pragma once

#include "kernel/vm/vma.h"

/* Where mappings without a fixed address are not put: what follows a null pointer. */
#define MAP_LOW 0x10000ull

/* A page-rounded range given by a program. 0, or -EINVAL: not aligned, or beyond user space. */
int map_range(uint64_t address, uint64_t length, uint64_t *end);
/* The same for calls that find out by its holes that a range leaves user space. -EINVAL: not aligned, -EOVERFLOW: wraps. */
int map_span(uint64_t address, uint64_t length, uint64_t *end);
/* Where null pointers lead: the first page is nobody's, the rest below MAP_LOW for CAP_SYS_RAWIO only. */
bool map_is_too_low(uint64_t address);
/* No mapping in [start, end), and none that grows down too close above. */
bool map_range_is_free(struct space *space, uint64_t start, uint64_t end);
/*
 * May `pages` be mapped with these flags, in the place of `replaced_pages` others? -ENOMEM, -EAGAIN
 * (RLIMIT_MEMLOCK). Lock held.
 */
int map_check_limits(struct space *space, uint64_t pages, uint64_t replaced_pages, uint32_t vma_flags);
/* Unmaps; adds the mappings to *dead, to be destroyed after unlocking. 0 or -ENOMEM (nothing done). */
int map_remove(struct space *space, uint64_t start, uint64_t end, struct vma **dead);
/* A place for `length` bytes by mmap's rules, or -errno. Lock held. */
int64_t map_place(struct space *space, uint64_t hint, uint64_t length, uint32_t flags);
