/* lib/elf.c on a small executable made here, whole and with one thing wrong at a time. */
#include "lib/elf.h"

#include "lib/crc32.h"
#include "lib/errno.h"
#include "tests/unit/unit.h"

enum { FILE_SIZE = 0x3000, SEGMENTS = 3 };

struct program {
    struct elf_header header;
    struct elf_segment segments[SEGMENTS];
};

static struct program sample(void) {
    struct program program = {
        .header = {
            .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1}, .type = ELF_TYPE_EXEC, .machine = 62,
            .version = 1, .entry = 0x401010, .segments_offset = sizeof(struct elf_header),
            .header_size = sizeof(struct elf_header),
            .segment_entry_size = sizeof(struct elf_segment), .segment_count = SEGMENTS,
        },
        .segments = {
            {ELF_SEGMENT_LOAD, ELF_FLAG_READ | ELF_FLAG_EXECUTE, 0x1000, 0x401000, 0x401000,
             0x800, 0x800, 0x1000},
            {ELF_SEGMENT_LOAD, ELF_FLAG_READ | ELF_FLAG_WRITE, 0x2000, 0x402000, 0x402000, 0x100,
             0x900, 0x1000},
            {ELF_SEGMENT_GNU_STACK, ELF_FLAG_READ | ELF_FLAG_WRITE, 0, 0, 0, 0, 0, 16},
        },
    };
    return program;
}

static int check(const struct program *program) {
    struct elf_header header;
    int error = elf_read_header(program, sizeof(*program), FILE_SIZE, &header);
    return error ? error : elf_check_segments(program->segments, SEGMENTS, FILE_SIZE);
}

TEST(a_good_one) {
    struct program program = sample();
    uint64_t start, end;
    CHECK_EQ(check(&program), 0);
    CHECK(elf_entry_is_executable(&program.header, program.segments));
    CHECK(elf_find_segment(program.segments, SEGMENTS, ELF_SEGMENT_GNU_STACK) ==
          &program.segments[2]);
    CHECK(!elf_find_segment(program.segments, SEGMENTS, ELF_SEGMENT_INTERP));
    elf_memory_range(program.segments, SEGMENTS, &start, &end);
    CHECK_EQ(start, 0x401000);
    CHECK_EQ(end, 0x402900);
}

#define REFUSED(change) \
    do { \
        struct program program = sample(); \
        program.change; \
        CHECK_EQ(check(&program), -ENOEXEC); \
    } while (0)

TEST(wrong_headers) {
    REFUSED(header.ident[0] = 0);
    REFUSED(header.ident[4] = 1);      /* 32-bit */
    REFUSED(header.ident[5] = 2);      /* big-endian */
    REFUSED(header.ident[6] = 0);
    REFUSED(header.type = 1);          /* relocatable */
    REFUSED(header.machine = 183);     /* AArch64 */
    REFUSED(header.version = 2);
    REFUSED(header.header_size = 52);
    REFUSED(header.segment_entry_size = 32);
    REFUSED(header.segment_count = 0);
    REFUSED(header.segment_count = ELF_SEGMENTS_MAX + 1);
    REFUSED(header.segments_offset = FILE_SIZE - 3 * sizeof(struct elf_segment) + 1);
    REFUSED(header.segments_offset = UINT64_MAX - 7);
}

TEST(wrong_segments) {
    REFUSED(segments[0].offset = FILE_SIZE);
    REFUSED(segments[0].offset = UINT64_MAX - 0xfff);
    REFUSED(segments[0].file_size = UINT64_MAX);
    REFUSED(segments[0].file_size = 0x801);              /* more than in memory */
    REFUSED(segments[1].memory_size = UINT64_MAX);
    REFUSED(segments[1].paddr = UINT64_MAX - 0x7ff);
    REFUSED(segments[1].vaddr = 0x401000);               /* overlaps */
    REFUSED(segments[1].vaddr = 0x3ff000);               /* does not ascend */
    REFUSED(segments[1].vaddr = 0x402010);               /* not congruent with its offset */
    REFUSED(segments[1].align = 3);
    REFUSED(segments[2].file_size = UINT64_MAX);         /* outside the file, whatever it is */
}

TEST(no_segment_to_load) {
    struct program program = sample();
    program.segments[0].type = program.segments[1].type = ELF_SEGMENT_NOTE;
    CHECK_EQ(check(&program), -ENOEXEC);
}

TEST(entry_outside_code) {
    struct program program = sample();
    program.header.entry = 0x402000;
    CHECK(!elf_entry_is_executable(&program.header, program.segments));
    program.header.entry = 0x401800;
    CHECK(!elf_entry_is_executable(&program.header, program.segments));
}

TEST(short_header) {
    struct program program = sample();
    struct elf_header header;
    for (size_t n = 0; n < sizeof(header); n++)
        CHECK_EQ(elf_read_header(&program, n, FILE_SIZE, &header), -ENOEXEC);
}

static const uint32_t notes[] = {
    4, 6, 3, 0x00554e47, 0x11111111, 0x2222,             /* "GNU", six bytes, padded */
    6, 4, ELF_NOTE_CHECKSUM, 0x72747341, 0x61, 0x12345678, /* "Astra" */
};

TEST(find_note) {
    size_t size;
    const uint8_t *value =
        elf_find_note(notes, sizeof(notes), ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM, &size);
    CHECK(value == (const uint8_t *)&notes[11]);
    CHECK_EQ(size, 4);
    CHECK(!elf_find_note(notes, sizeof(notes), ELF_ASTRA_OWNER, 2, &size));
    CHECK(!elf_find_note(notes, sizeof(notes), "Astr", ELF_NOTE_CHECKSUM, &size));
    for (size_t n = 0; n < sizeof(notes); n++)
        CHECK(!elf_find_note(notes, n, ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM, &size));
}

TEST(absurd_note_sizes) {
    size_t size;
    for (unsigned field = 0; field < 2; field++) {
        uint32_t copy[ARRAY_SIZE(notes)];
        memcpy(copy, notes, sizeof(copy));
        copy[field] = UINT32_MAX - 1;
        CHECK(!elf_find_note(copy, sizeof(copy), ELF_ASTRA_OWNER, ELF_NOTE_CHECKSUM, &size));
    }
}

TEST(checksum) {
    static uint8_t file[FILE_SIZE];
    struct program program = sample();
    struct elf_checksum checksum;
    CHECK_EQ(elf_checksum(file, sizeof(file), &checksum), -ENOEXEC);
    memcpy(file, &program, sizeof(program));
    CHECK_EQ(elf_checksum(file, sizeof(file), &checksum), 0);
    program.segments[2] = (struct elf_segment){
        .type = ELF_SEGMENT_NOTE, .offset = 0x2801, .file_size = sizeof(notes)};
    memcpy(file, &program, sizeof(program));
    memcpy(file + 0x2801, notes, sizeof(notes));
    CHECK_EQ(elf_checksum(file, sizeof(file), &checksum), 1);
    CHECK_EQ(checksum.offset, 0x2801 + 44);
    CHECK_EQ(checksum.stored, 0x12345678);
    memset(file + checksum.offset, 0, 4);
    CHECK_EQ(checksum.computed, crc32_update(0, file, sizeof(file)));
}
