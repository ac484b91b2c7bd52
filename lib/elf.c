/*
 * Validation of ELF64 executables: lib/elf.h. Every sum of two untrusted numbers is written as a
 * comparison that cannot overflow.
 */
#include "lib/elf.h"

#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/string.h"

enum { /* gABI §4, e_ident and e_machine */
    IDENT_CLASS = 4, IDENT_DATA = 5, IDENT_VERSION = 6,
    CLASS_64 = 2, DATA_LITTLE_ENDIAN = 1, VERSION_CURRENT = 1, MACHINE_X86_64 = 62
};
static const uint8_t ident_magic[4] = {0x7f, 'E', 'L', 'F'};

/* True if [offset, offset + length) lies within [0, size). */
static bool range_within(uint64_t offset, uint64_t length, uint64_t size) {
    return offset <= size && length <= size - offset;
}

static bool header_is_ours(const struct elf_header *header) {
    return memcmp(header->ident, ident_magic, sizeof(ident_magic)) == 0 &&
           header->ident[IDENT_CLASS] == CLASS_64 &&
           header->ident[IDENT_DATA] == DATA_LITTLE_ENDIAN &&
           header->ident[IDENT_VERSION] == VERSION_CURRENT &&
           header->version == VERSION_CURRENT && header->machine == MACHINE_X86_64 &&
           (header->type == ELF_TYPE_EXEC || header->type == ELF_TYPE_DYN);
}

int elf_read_header(const void *bytes, size_t nbytes, uint64_t file_size,
                    struct elf_header *header) {
    if (nbytes < sizeof(*header))
        return -ENOEXEC;
    memcpy(header, bytes, sizeof(*header));
    if (!header_is_ours(header) || header->header_size < sizeof(*header) ||
        header->segment_entry_size != sizeof(struct elf_segment) ||
        header->segment_count == 0 || header->segment_count > ELF_SEGMENTS_MAX)
        return -ENOEXEC;
    uint64_t table_size = (uint64_t)header->segment_count * sizeof(struct elf_segment);
    return range_within(header->segments_offset, table_size, file_size) ? 0 : -ENOEXEC;
}

static bool load_is_valid(const struct elf_segment *segment) {
    return segment->file_size <= segment->memory_size &&
           segment->memory_size <= UINT64_MAX - segment->vaddr &&
           segment->memory_size <= UINT64_MAX - segment->paddr &&
           ((segment->offset ^ segment->vaddr) & (ELF_PAGE - 1)) == 0 &&
           (segment->align == 0 || is_power_of_two(segment->align));
}

int elf_check_segments(const struct elf_segment *segments, unsigned count, uint64_t file_size) {
    uint64_t previous_end = 0;
    unsigned nloads = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct elf_segment *segment = &segments[i];
        if (!range_within(segment->offset, segment->file_size, file_size))
            return -ENOEXEC;
        if (segment->type != ELF_SEGMENT_LOAD)
            continue;
        if (!load_is_valid(segment) || segment->vaddr < previous_end)
            return -ENOEXEC;
        previous_end = segment->vaddr + segment->memory_size;
        nloads++;
    }
    return nloads > 0 ? 0 : -ENOEXEC;
}

bool elf_entry_is_executable(const struct elf_header *header, const struct elf_segment *segments) {
    for (unsigned i = 0; i < header->segment_count; i++) {
        const struct elf_segment *segment = &segments[i];
        if (segment->type == ELF_SEGMENT_LOAD && (segment->flags & ELF_FLAG_EXECUTE) &&
            header->entry >= segment->vaddr &&
            header->entry - segment->vaddr < segment->memory_size)
            return true;
    }
    return false;
}

const struct elf_segment *elf_find_segment(const struct elf_segment *segments, unsigned count,
                                           uint32_t type) {
    for (unsigned i = 0; i < count; i++) {
        if (segments[i].type == type)
            return &segments[i];
    }
    return NULL;
}

void elf_memory_range(const struct elf_segment *segments, unsigned count, uint64_t *start,
                      uint64_t *end) {
    *start = UINT64_MAX;
    *end = 0;
    for (unsigned i = 0; i < count; i++) {
        if (segments[i].type != ELF_SEGMENT_LOAD)
            continue;
        *start = MIN(*start, segments[i].vaddr);
        *end = MAX(*end, segments[i].vaddr + segments[i].memory_size);
    }
}

/* Note header (gABI §5); name and descriptor follow, each padded to four bytes. */
struct note_header {
    uint32_t name_size; /* with the NUL */
    uint32_t descriptor_size;
    uint32_t type;
};

const void *elf_find_note(const void *notes, size_t nbytes, const char *owner, uint32_t type,
                          size_t *size) {
    const uint8_t *bytes = notes;
    const size_t owner_size = strlen(owner) + 1;
    struct note_header note;
    while (nbytes >= sizeof(note)) {
        memcpy(&note, bytes, sizeof(note));
        bytes += sizeof(note);
        nbytes -= sizeof(note);
        uint64_t name_space = ALIGN_UP((uint64_t)note.name_size, 4);
        uint64_t descriptor_space = ALIGN_UP((uint64_t)note.descriptor_size, 4);
        if (!range_within(name_space, note.descriptor_size, nbytes))
            return NULL;
        if (note.type == type && note.name_size == owner_size &&
            memcmp(bytes, owner, owner_size) == 0) {
            *size = note.descriptor_size;
            return bytes + name_space;
        }
        size_t step = (size_t)MIN(name_space + descriptor_space, (uint64_t)nbytes);
        bytes += step;
        nbytes -= step;
    }
    return NULL;
}

/* The checksum note's value in any of the file's NOTE segments; NULL if there is none. */
static const uint8_t *find_checksum(const uint8_t *file, size_t size,
                                    const struct elf_header *header) {
    for (unsigned i = 0; i < header->segment_count; i++) {
        struct elf_segment segment;
        size_t value_size;
        memcpy(&segment, file + (size_t)header->segments_offset + i * sizeof(segment),
               sizeof(segment));
        if (segment.type != ELF_SEGMENT_NOTE ||
            !range_within(segment.offset, segment.file_size, size))
            continue;
        const void *value = elf_find_note(file + (size_t)segment.offset, (size_t)segment.file_size,
                                          ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM, &value_size);
        if (value && value_size == sizeof(uint32_t))
            return value;
    }
    return NULL;
}

int elf_checksum(const void *file, size_t size, struct elf_checksum *checksum) {
    struct elf_header header;
    int error = elf_read_header(file, size, size, &header);
    if (error)
        return error;
    const uint8_t *value = find_checksum(file, size, &header);
    if (!value)
        return 0;
    size_t offset = (size_t)(value - (const uint8_t *)file);
    memcpy(&checksum->stored, value, sizeof(checksum->stored));
    checksum->offset = offset;
    checksum->computed = crc32_with_hole(file, size, offset);
    return 1;
}
