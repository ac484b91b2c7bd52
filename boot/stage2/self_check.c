/*
 * Length and CRC of stage2 (boot/stage2_header.h).
 */
#include "boot/stage2/self_check.h"

#include "boot/layout.h"
#include "boot/stage2/error.h"
#include "boot/stage2/trace.h"
#include "boot/stage2_header.h"
#include "lib/crc32.h"

_Static_assert(S2_LBA == STAGE2_LBA && S2_SECTORS == STAGE2_MAX_SECTORS, "one place on disk");
_Static_assert(S2_HEADER_MAGIC == offsetof(struct stage2_header, magic), "stage1");

static const struct stage2_header *header(void) {
    return (const struct stage2_header *)LAYOUT_STAGE2;
}

static uint32_t file_bytes(void) {
    uint32_t total = header()->total_bytes;

    return total >= sizeof(struct stage2_header) && total <= STAGE2_MAX_BYTES ? total : 0;
}

uint32_t self_check_compute(void) {
    uint32_t nbytes = file_bytes();

    return nbytes ? crc32_with_hole(header(), nbytes, offsetof(struct stage2_header, crc32)) : 0;
}

void self_check_judge(uint32_t crc) {
    if (file_bytes() == 0)
        error_fatal(ERROR_STAGE2_DAMAGED, "it claims to be %u bytes long", header()->total_bytes);
    if (crc != header()->crc32)
        error_fatal(ERROR_STAGE2_DAMAGED, "%u bytes: CRC %08x stored, %08x computed",
                    file_bytes(), header()->crc32, crc);
    trace_event(BOOT_EVENT_STAGE2_ENTRY, file_bytes(), crc);
}
