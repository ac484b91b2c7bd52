/* `mkimage --explain`: the annotated map of an image, every checksum and invariant verified. */
#include "tools/mkimage/explain.h"

#include <stdarg.h>
#include <string.h>

#include "boot/bootinfo.h"
#include "boot/layout.h"
#include "boot/stage2_header.h"
#include "lib/bootcfg.h"
#include "lib/cpio.h"
#include "lib/crc32.h"
#include "lib/elf.h"

enum { UNIT = 512, TIMESTAMP_START = 218, TIMESTAMP_END = 224 };

void explain_area(uint64_t start, uint64_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%012llx  %10llu  ", (unsigned long long)start, (unsigned long long)size);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void explain_detail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%26s  ", "");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void explain_check(struct explanation *explanation, bool holds, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%26s  %s ", "", holds ? "ok " : "BAD");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    explanation->violations += !holds;
}

static void explain_partitions(struct explanation *explanation, const struct image *image) {
    unsigned used = 0;
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        const struct mbr_partition *partition = &image->mbr.partitions[i];
        if (partition->type == MBR_TYPE_EMPTY)
            continue;
        explain_detail("partition %u: type %02x%s, sectors %u to %u of %u bytes", i + 1,
                       partition->type, partition->active ? ", active" : "", partition->first_lba,
                       partition->first_lba + (partition->nsectors - 1), image->sector_bytes);
        used++;
    }
    explain_check(explanation, used >= 1, "the partition table has one active entry");
    explain_check(explanation,
                  image->mbr.partitions[image->partition].type == MBR_TYPE_FAT32_LBA,
                  "the active partition has type 0c (FAT32 with LBA)");
    explain_check(explanation, image->partition_start >= IMAGE_PARTITION_BYTE,
                  "it begins at 1 MiB or behind");
}

static void explain_boot_sector(struct explanation *explanation, const struct image *image) {
    const uint8_t *sector = image->bytes.bytes;
    explain_area(0, MBR_BYTES, "boot sector: stage1, disk id %08x", image->mbr.disk_id);
    explain_check(explanation, sector[0] == 0xeb && sector[2] == 0x90,
                  "begins with a short jump over the BPB area");
    bool stamp_is_free = true;
    for (unsigned i = TIMESTAMP_START; i < TIMESTAMP_END; i++)
        stamp_is_free &= sector[i] == 0;
    explain_check(explanation, stamp_is_free, "bytes 218 to 223 (disk timestamp) are free");
    explain_check(explanation, image->mbr.disk_id != 0, "the disk id is not 0");
    uint64_t lba;
    memcpy(&lba, sector + MBR_READ_LBA, sizeof(lba));
    explain_check(explanation, lba * image->sector_bytes == STAGE2_LBA * UNIT,
                  "stage1 reads %u sectors from %llu on", sector[MBR_READ_COUNT],
                  (unsigned long long)lba);
    explain_partitions(explanation, image);
}

static void explain_stage2(struct explanation *explanation, const struct image *image) {
    const uint64_t start = STAGE2_LBA * UNIT;
    const uint8_t *bytes = image->bytes.bytes + start;
    struct stage2_header header;
    memcpy(&header, bytes, sizeof(header));
    bool known = memcmp(header.magic, STAGE2_MAGIC, sizeof(header.magic)) == 0 &&
                 header.version == STAGE2_VERSION;
    bool sized = header.total_bytes >= sizeof(header) && header.total_bytes <= STAGE2_MAX_BYTES;
    explain_area(start, sized ? header.total_bytes : 0, "stage2, sectors %u to %u", STAGE2_LBA,
                 STAGE2_LBA + STAGE2_MAX_SECTORS - 1);
    explain_check(explanation, known, "magic and version %u", STAGE2_VERSION);
    explain_check(explanation, sized, "length %u, at most %u", header.total_bytes,
                  STAGE2_MAX_BYTES);
    if (!sized)
        return;
    uint32_t crc = crc32_with_hole(bytes, header.total_bytes,
                                   offsetof(struct stage2_header, crc32));
    explain_check(explanation, crc == header.crc32, "CRC-32 %08x, computed %08x", header.crc32,
                  crc);
}

static void explain_segments(struct explanation *explanation, const struct blob *kernel,
                             const struct elf_header *header) {
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    memcpy(segments, kernel->bytes + header->segments_offset,
           header->segment_count * sizeof(*segments));
    bool valid = elf_check_segments(segments, header->segment_count, kernel->size) == 0;
    explain_check(explanation, valid, "program headers");
    if (!valid)
        return;
    for (unsigned i = 0; i < header->segment_count; i++) {
        const struct elf_segment *segment = &segments[i];
        if (segment->type != ELF_SEGMENT_LOAD)
            continue;
        explain_detail("segment %c%c%c at %016llx, loaded at %08llx, %llu bytes (%llu in the file)",
                       segment->flags & ELF_FLAG_READ ? 'r' : '-',
                       segment->flags & ELF_FLAG_WRITE ? 'w' : '-',
                       segment->flags & ELF_FLAG_EXECUTE ? 'x' : '-',
                       (unsigned long long)segment->vaddr, (unsigned long long)segment->paddr,
                       (unsigned long long)segment->memory_size,
                       (unsigned long long)segment->file_size);
        unsigned write_execute = ELF_FLAG_WRITE | ELF_FLAG_EXECUTE;
        explain_check(explanation, (segment->flags & write_execute) != write_execute,
                      "not both writable and executable");
        explain_check(explanation, segment->paddr >= BOOT_KERNEL_PHYS_BASE,
                      "loaded at 2 MiB or above");
    }
    explain_check(explanation, elf_entry_is_executable(header, segments),
                  "entry point %016llx is in an executable segment",
                  (unsigned long long)header->entry);
}

void explain_kernel(struct explanation *explanation, const struct blob *kernel) {
    struct elf_header header;
    struct elf_checksum checksum;
    bool is_elf = elf_read_header(kernel->bytes, kernel->size, kernel->size, &header) == 0;
    explain_check(explanation, is_elf, "an x86-64 ELF executable");
    if (!is_elf)
        return;
    explain_segments(explanation, kernel, &header);
    bool sealed = elf_checksum(kernel->bytes, kernel->size, &checksum) == 1 && checksum.stored != 0;
    if (sealed)
        explain_check(explanation, checksum.stored == checksum.computed,
                      "CRC-32 %08x, computed %08x", checksum.stored, checksum.computed);
    else
        explain_detail("carries no checksum: the loader will warn");
}

void explain_ramfs(struct explanation *explanation, const struct blob *archive) {
    enum { TYPE_MASK = 0170000, TYPE_FILE = 0100000, PAGE_BYTES = 4096 };
    struct cpio_reader reader;
    struct cpio_member member;
    struct cpio_checksum checksum;
    unsigned members = 0, unaligned = 0;
    int status;
    cpio_reader_init(&reader, archive->bytes, archive->size);
    while ((status = cpio_next(&reader, &member)) > 0) {
        bool is_data = (member.mode & TYPE_MASK) == TYPE_FILE && member.size > 0 &&
                       strcmp(member.name, CPIO_CHECKSUM_NAME) != 0;
        members++;
        unaligned += is_data && (member.data - archive->bytes) % PAGE_BYTES != 0;
    }
    explain_check(explanation, status == 0, "a cpio archive of %u members", members);
    if (status < 0)
        return;
    if (unaligned > 0)
        explain_detail("%u files' data do not begin on a page: they will be copied", unaligned);
    status = cpio_checksum(archive->bytes, archive->size, &checksum);
    if (status > 0)
        explain_check(explanation, checksum.stored == checksum.computed,
                      "CRC-32 %08x, computed %08x", checksum.stored, checksum.computed);
    else
        explain_check(explanation, status == 0, "carries no checksum: the loader will warn");
}

static void report_config_line(void *context, const struct bootcfg_problem *problem) {
    explain_check(context, false, "line %u: %s", problem->line, problem->what);
}

void explain_config(struct explanation *explanation, const struct blob *config) {
    static struct bootcfg parsed;
    bootcfg_defaults(&parsed);
    unsigned problems = bootcfg_parse(&parsed, (const char *)config->bytes, config->size,
                                      report_config_line, explanation);
    if (problems == 0)
        explain_check(explanation, true, "every line is understood");
    explain_detail("kernel arguments: %s", parsed.append_length > 0 ? parsed.append : "none");
}

unsigned image_explain(const struct image *image) {
    struct explanation explanation = {0};
    printf("%s: %zu bytes\n%12s  %10s  contents\n", image->path, image->bytes.size, "byte (hex)",
           "size");
    explain_boot_sector(&explanation, image);
    explain_stage2(&explanation, image);
    explain_volume(&explanation, image);
    if (explanation.violations == 0)
        puts("everything checked is right");
    else
        printf("%u violations\n", explanation.violations);
    return explanation.violations;
}
