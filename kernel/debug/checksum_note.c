/*
 * The note that carries the kernel file's own checksum (lib/elf.h). Linked as 0, "not
 * sealed"; `mkimage --seal` fills it in, the loader compares.
 */
#include "lib/elf.h"

static const struct {
    uint32_t owner_size;
    uint32_t value_size;
    uint32_t type;
    char owner[8];
    uint32_t value;
} checksum_note __attribute__((section(".note.astra"), used, aligned(4))) = {
    .owner_size = sizeof(ELF_ASTRA_OWNER),
    .value_size = sizeof(uint32_t),
    .type = ELF_NOTE_CHECKSUM,
    .owner = ELF_ASTRA_OWNER,
    .value = 0,
};
