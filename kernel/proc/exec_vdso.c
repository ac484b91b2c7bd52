/*
 * The vDSO (kernel/vdso/) in a new space: the clock page, readable, and the shared object right behind
 * it, readable and executable. Both are frames of the kernel image, the same for every program:
 * nothing is copied or counted, and no mapping can be made writable.
 */
#include "kernel/arch/image.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/proc/exec_image.h"
#include "kernel/time/clock.h"
#include "kernel/vm/map.h"
#include "lib/errno.h"

#define DATA_FLAGS (VMA_SPECIAL | VMA_VDSO | VMA_READ | VMA_MAY_READ)
#define CODE_FLAGS (DATA_FLAGS | VMA_EXECUTE | VMA_MAY_EXECUTE)

uint64_t exec_vdso_size(void) {
    return PAGE_SIZE + (uint64_t)(vdso_end - vdso_start);
}

uint64_t exec_vdso_header(const struct exec_image *image) {
    return image->vdso_data + PAGE_SIZE;
}

static int map_frames(struct space *space, uint64_t start, uint64_t end, uint32_t flags, phys_addr_t phys) {
    struct vma *vma = vma_create(space, start, end, flags);

    if (!vma)
        return -ENOMEM;
    vma->object_offset = phys >> PAGE_SHIFT;
    vma_link(vma);
    return 0;
}

int exec_map_vdso(struct exec_image *image) {
    struct space *space = image->space;
    uint64_t data = image->vdso_data, code = exec_vdso_header(image), end = data + exec_vdso_size();

    if (!map_range_is_free(space, data, end))
        return -ENOMEM;
    int error = map_frames(space, data, code, DATA_FLAGS, clock_page_phys());
    return error ? error : map_frames(space, code, end, CODE_FLAGS, kernel_image_to_phys(vdso_start));
}
