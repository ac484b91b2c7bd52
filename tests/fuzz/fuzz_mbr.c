/* lib/mbr.c: any boot sector; what is accepted survives being built again. */
#include "lib/mbr.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size) {
    uint8_t sector[MBR_BYTES] = {0};
    struct mbr mbr, again;
    memcpy(sector, data, MIN(size, sizeof(sector)));
    if (mbr_parse(sector, &mbr) != 0)
        return 0;
    int active = mbr_find_active(&mbr);
    ASSERT(active < (int)MBR_PARTITIONS);
    mbr_build(sector, &mbr);
    ASSERT(mbr_parse(sector, &again) == 0);
    ASSERT(mbr_find_active(&again) == active);
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        ASSERT(again.partitions[i].type == mbr.partitions[i].type);
        if (mbr.partitions[i].type != MBR_TYPE_EMPTY)
            ASSERT(again.partitions[i].first_lba == mbr.partitions[i].first_lba &&
                   again.partitions[i].nsectors == mbr.partitions[i].nsectors);
    }
    return 0;
}
