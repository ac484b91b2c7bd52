/* The kernel's checksum note (lib/elf.h): checked and filled in. */
#include <string.h>

#include "lib/elf.h"
#include "tools/mkimage/image.h"

/* What the loader would refuse is refused here. */
static void check_kernel(const struct blob *kernel, const char *origin) {
    struct elf_header header;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    if (elf_read_header(kernel->bytes, kernel->size, kernel->size, &header) != 0)
        die("%s: not an x86-64 ELF executable", origin);
    memcpy(segments, kernel->bytes + header.segments_offset,
           header.segment_count * sizeof(*segments));
    if (elf_check_segments(segments, header.segment_count, kernel->size) != 0)
        die("%s: its program headers are malformed", origin);
    if (!elf_entry_is_executable(&header, segments))
        die("%s: its entry point lies in no executable segment", origin);
}

void kernel_seal(struct blob *kernel, const char *origin) {
    struct elf_checksum checksum;
    check_kernel(kernel, origin);
    if (elf_checksum(kernel->bytes, kernel->size, &checksum) != 1)
        die("%s: no checksum note (%s, type %u)", origin, ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM);
    if (checksum.stored != 0 && checksum.stored != checksum.computed)
        die("%s: damaged: its checksum is %08x, should be %08x", origin, checksum.computed,
            checksum.stored);
    memcpy(kernel->bytes + checksum.offset, &checksum.computed, sizeof(checksum.computed));
}
