/*
 * The kernel's half of the virtual address space (4-level paging, SDM 3A §4.5): what lives where.
 *
 *   ffff8000'00000000  direct map of all RAM, up to 64 TiB (the loader maps the first 4 GiB here)
 *   ffffc000'00000000  mapped kernel stacks and device memory, 32 TiB
 *   ffffe000'00000000  struct page array
 *   ffffffff'80000000  kernel image, 2 GiB
 *
 * User programs have 0000'00001000 .. 00007fff'ffffefff.
 */
#pragma once

#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ull << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define DIRECT_MAP_BASE 0xffff800000000000ull
#define DIRECT_MAP_SIZE (64ull << 40)
#define VMAP_BASE 0xffffc00000000000ull
#define VMAP_SIZE (32ull << 40)
#define PAGE_ARRAY_BASE 0xffffe00000000000ull
#define KERNEL_IMAGE_BASE 0xffffffff80000000ull

#define USER_ADDRESS_MIN 0x1000ull
#define USER_ADDRESS_END 0x00007ffffffff000ull /* first address past user space */
/* Old programs call here: kernel/trap/vsyscall.c. Nothing is mapped. asm/vsyscall.h. */
#define VSYSCALL_PAGE 0xffffffffff600000ull

typedef uint64_t phys_addr_t;

static inline void *phys_to_virt(phys_addr_t phys) {
    return (void *)(uintptr_t)(DIRECT_MAP_BASE + phys);
}

/* `virt` must lie in the direct map; use kernel_image_to_phys for symbols of the image. */
static inline phys_addr_t virt_to_phys(const void *virt) {
    return (phys_addr_t)(uintptr_t)virt - DIRECT_MAP_BASE;
}
