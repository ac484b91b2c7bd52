/* lib/elf.c: any bytes as an executable file; what it accepts must be safe to load. */
#include "lib/elf.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void check_accepted(const struct elf_header *header, const struct elf_segment *segments,
                           size_t size) {
    uint64_t start, end, previous_end = 0;
    for (unsigned i = 0; i < header->segment_count; i++) {
        const struct elf_segment *segment = &segments[i];
        ASSERT(segment->offset <= size && segment->file_size <= size - segment->offset);
        if (segment->type != ELF_SEGMENT_LOAD)
            continue;
        ASSERT(segment->file_size <= segment->memory_size);
        ASSERT(segment->vaddr >= previous_end);
        previous_end = segment->vaddr + segment->memory_size;
        ASSERT(previous_end >= segment->vaddr);
    }
    elf_memory_range(segments, header->segment_count, &start, &end);
    ASSERT(start <= end);
    (void)elf_entry_is_executable(header, segments);
    (void)elf_find_segment(segments, header->segment_count, ELF_SEGMENT_INTERP);
}

int fuzz_one(const uint8_t *data, size_t size) {
    struct elf_header header;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    struct elf_checksum checksum;
    size_t note_size;
    const uint8_t *note = elf_find_note(data, size, ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM, &note_size);
    ASSERT(!note || (size_t)(note - data) + note_size <= size);
    if (elf_checksum(data, size, &checksum) == 1)
        ASSERT(checksum.offset + sizeof(uint32_t) <= size);
    if (elf_read_header(data, size, size, &header) != 0)
        return 0;
    memcpy(segments, data + header.segments_offset, header.segment_count * sizeof(*segments));
    if (elf_check_segments(segments, header.segment_count, size) == 0)
        check_accepted(&header, segments, size);
    return 0;
}
