/*
 * ELF64 executables for x86-64: structures, validation, and search in headers and notes. Pure;
 * shared by the loader, the kernel and host tools, so nothing here assumes that a whole file is in
 * memory: the caller reads the header, then the segment table it describes.
 *
 * Facts: System V ABI, chapters 4 and 5 ("gABI"); System V ABI AMD64 supplement ("psABI").
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define ELF_SEGMENTS_MAX 64u /* more program headers than this are refused */
#define ELF_PAGE 4096u

enum elf_type { ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3 }; /* gABI §4, e_type */

enum elf_segment_type { /* gABI §5, p_type; GNU extensions by the psABI and the LSB */
    ELF_SEGMENT_LOAD = 1,
    ELF_SEGMENT_DYNAMIC = 2,
    ELF_SEGMENT_INTERP = 3,
    ELF_SEGMENT_NOTE = 4,
    ELF_SEGMENT_PHDR = 6,
    ELF_SEGMENT_TLS = 7,
    ELF_SEGMENT_GNU_STACK = 0x6474e551,
    ELF_SEGMENT_GNU_RELRO = 0x6474e552
};

enum elf_segment_flags { ELF_FLAG_EXECUTE = 1, ELF_FLAG_WRITE = 2, ELF_FLAG_READ = 4 };

/* ELF header (gABI §4, Elf64_Ehdr). */
struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segments_offset; /* e_phoff */
    uint64_t sections_offset; /* e_shoff */
    uint32_t flags;
    uint16_t header_size;
    uint16_t segment_entry_size;
    uint16_t segment_count;
    uint16_t section_entry_size;
    uint16_t section_count;
    uint16_t section_names_index;
};

/* Program header (gABI §5, Elf64_Phdr). */
struct elf_segment {
    uint32_t type;  /* enum elf_segment_type */
    uint32_t flags; /* enum elf_segment_flags */
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t align;
};

_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");
_Static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");

/*
 * Copies the header out of the file's first `nbytes` bytes and checks that it is an x86-64
 * executable or position-independent executable with 1 to ELF_SEGMENTS_MAX segments whose table
 * lies within the file. -ENOEXEC if not.
 */
must_check int elf_read_header(const void *bytes, size_t nbytes, uint64_t file_size,
                               struct elf_header *header);

/*
 * Checks the table of `count` segments. After success each segment's file range lies in the file
 * and, for the LOAD segments: there is at least one; memory ranges do not wrap, do not overlap and
 * ascend; file_size <= memory_size; offset and vaddr agree modulo the page size; align is 0 or a
 * power of two. -ENOEXEC if not.
 */
must_check int elf_check_segments(const struct elf_segment *segments, unsigned count,
                                  uint64_t file_size);

/* True if `header->entry` lies in an executable LOAD segment. The segments have been checked. */
bool elf_entry_is_executable(const struct elf_header *header, const struct elf_segment *segments);

/* The first segment of that type, or NULL. */
const struct elf_segment *elf_find_segment(const struct elf_segment *segments, unsigned count,
                                           uint32_t type);

/* Lowest and end address that the (checked) LOAD segments cover, by vaddr; not rounded. */
void elf_memory_range(const struct elf_segment *segments, unsigned count, uint64_t *start,
                      uint64_t *end);

/*
 * Searches the notes in `notes` (gABI §5, "Note Section"). Returns the descriptor, of *size bytes,
 * or NULL if there is none of that owner and type before the end or the first malformed note.
 */
const void *elf_find_note(const void *notes, size_t nbytes, const char *owner, uint32_t type,
                          size_t *size);

/*
 * A kernel file may carry its own checksum: the note ELF_ASTRA_OWNER / ELF_NOTE_CHECKSUM, whose
 * descriptor is the CRC-32 of the whole file with these four bytes zero. The note is linked with
 * value 0, which means "not sealed".
 */
#define ELF_ASTRA_OWNER "Astra"
#define ELF_NOTE_CHECKSUM 1u

struct elf_checksum {
    uint64_t offset; /* of the stored value in the file */
    uint32_t stored; /* 0: not sealed */
    uint32_t computed;
};

/* 1: filled in (compare it). 0: the file carries none. -ENOEXEC: not an executable. */
must_check int elf_checksum(const void *file, size_t size, struct elf_checksum *checksum);
