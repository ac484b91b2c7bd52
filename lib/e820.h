/*
 * Makes one clean memory map out of what the firmware says and what the loader uses. Pure;
 * usable in any context. The entries of both maps are those of boot/bootinfo.h.
 *
 * Firmware maps come unsorted, overlapping, with unknown types, empty and wrapping entries.
 * Where entries overlap, the most restrictive type wins; e820_type_rank() is that order.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

#define E820_PAGE 4096u
#define E820_ADDRESS_END (1ull << 52) /* architectural limit of a physical address, SDM 3A §4.1.4 */

struct e820_result {
    size_t count;   /* entries written */
    size_t skipped; /* entries that were empty, beyond the address space, or too many */
};

/*
 * Writes to `out` a map with the invariants that boot/bootinfo.h gives for the sanitised map:
 * sorted, disjoint, page-aligned, adjacent entries of one type joined. When there are more than
 * `capacity` pieces, the smallest usable or reserved ones are left out, which is safe: what no entry
 * mentions is no memory. Usable entries that reach beyond 2^64 are nonsense and do not count.
 * The entries of `in` are rounded to pages and lose unknown types, unusable ones get length 0; the
 * result of a second call is the same.
 */
struct e820_result e820_sanitise(struct boot_range *in, size_t count, struct boot_range *out,
                                 size_t capacity);

/* The higher, the more restrictive; BOOT_MEM_USABLE is lowest, unknown types are as RESERVED. */
unsigned e820_type_rank(uint32_t type);

/* One word for the type; "unknown" for all that enum boot_mem_type does not have. */
const char *e820_type_name(uint32_t type);

/* True if all of base .. base+length-1 has that type in a sanitised map. */
bool e820_covers(const struct boot_range *map, size_t count, uint64_t base, uint64_t length,
                 uint32_t type);

/*
 * The highest page-aligned address where `length` bytes fit in usable memory between `floor` and
 * `ceiling` of a sanitised map; 0 if there is none.
 */
uint64_t e820_find_top(const struct boot_range *map, size_t count, uint64_t length,
                       uint64_t floor, uint64_t ceiling);

/* True if base .. base+length-1 touches memory: an entry of any type but RESERVED. */
bool e820_touches_memory(const struct boot_range *map, size_t count, uint64_t base,
                         uint64_t length);

/* Bytes of that type in a sanitised map. */
uint64_t e820_total(const struct boot_range *map, size_t count, uint32_t type);
