/* Reading and writing of the master boot record: lib/mbr.h. */
#include "lib/mbr.h"

#include "lib/errno.h"
#include "lib/string.h"

enum { STATUS_ACTIVE = 0x80, SIGNATURE_LOW = 0x55, SIGNATURE_HIGH = 0xaa };

/* The translation that BIOSes assume for disks of more than 504 MiB. */
enum { CHS_HEADS = 255, CHS_SECTORS = 63, CHS_MAX_CYLINDER = 1023 };

/* One entry on disk (UEFI 2.10 table 5-3); little-endian. */
struct disk_entry {
    uint8_t status;
    uint8_t first_chs[3];
    uint8_t type;
    uint8_t last_chs[3];
    uint32_t first_lba;
    uint32_t nsectors;
} __attribute__((packed));

_Static_assert(sizeof(struct disk_entry) == 16, "MBR partition entry");

static bool overlap(const struct mbr_partition *a, const struct mbr_partition *b) {
    return a->first_lba - b->first_lba < b->nsectors || b->first_lba - a->first_lba < a->nsectors;
}

static bool partition_is_sane(const struct mbr *mbr, unsigned index) {
    const struct mbr_partition *partition = &mbr->partitions[index];
    if (partition->type == MBR_TYPE_EMPTY)
        return true;
    if (partition->first_lba == 0 || partition->nsectors == 0 ||
        partition->nsectors - 1 > UINT32_MAX - partition->first_lba)
        return false;
    for (unsigned i = 0; i < index; i++) {
        const struct mbr_partition *other = &mbr->partitions[i];
        if (other->type != MBR_TYPE_EMPTY && overlap(partition, other))
            return false;
    }
    return true;
}

int mbr_parse(const uint8_t sector[MBR_BYTES], struct mbr *mbr) {
    unsigned nactive = 0;
    if (sector[MBR_SIGNATURE_OFFSET] != SIGNATURE_LOW ||
        sector[MBR_SIGNATURE_OFFSET + 1] != SIGNATURE_HIGH)
        return -EINVAL;
    memcpy(&mbr->disk_id, sector + MBR_DISK_ID_OFFSET, sizeof(mbr->disk_id));
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        struct disk_entry entry;
        memcpy(&entry, sector + MBR_TABLE_OFFSET + i * sizeof(entry), sizeof(entry));
        if (entry.status != 0 && entry.status != STATUS_ACTIVE)
            return -EINVAL;
        mbr->partitions[i] = (struct mbr_partition){
            .active = entry.status == STATUS_ACTIVE,
            .type = entry.type,
            .first_lba = entry.first_lba,
            .nsectors = entry.nsectors,
        };
        nactive += mbr->partitions[i].active;
        if (!partition_is_sane(mbr, i))
            return -EINVAL;
    }
    return nactive <= 1 ? 0 : -EINVAL;
}

/* Cylinder, head, sector as INT 13h wants them; the last address there is for what lies behind. */
static void chs_from_lba(uint32_t lba, uint8_t chs[3]) {
    uint32_t cylinder = lba / (CHS_HEADS * CHS_SECTORS);
    uint32_t head = lba / CHS_SECTORS % CHS_HEADS;
    uint32_t sector = lba % CHS_SECTORS + 1;
    if (cylinder > CHS_MAX_CYLINDER) {
        cylinder = CHS_MAX_CYLINDER;
        head = CHS_HEADS - 1;
        sector = CHS_SECTORS;
    }
    chs[0] = (uint8_t)head;
    chs[1] = (uint8_t)(sector | (cylinder >> 8) << 6);
    chs[2] = (uint8_t)cylinder;
}

void mbr_build(uint8_t sector[MBR_BYTES], const struct mbr *mbr) {
    memcpy(sector + MBR_DISK_ID_OFFSET, &mbr->disk_id, sizeof(mbr->disk_id));
    memset(sector + MBR_DISK_ID_OFFSET + sizeof(mbr->disk_id), 0, 2);
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        const struct mbr_partition *partition = &mbr->partitions[i];
        struct disk_entry entry = {0};
        if (partition->type != MBR_TYPE_EMPTY) {
            entry.status = partition->active ? STATUS_ACTIVE : 0;
            entry.type = partition->type;
            entry.first_lba = partition->first_lba;
            entry.nsectors = partition->nsectors;
            chs_from_lba(entry.first_lba, entry.first_chs);
            chs_from_lba(entry.first_lba + entry.nsectors - 1, entry.last_chs);
        }
        memcpy(sector + MBR_TABLE_OFFSET + i * sizeof(entry), &entry, sizeof(entry));
    }
    sector[MBR_SIGNATURE_OFFSET] = SIGNATURE_LOW;
    sector[MBR_SIGNATURE_OFFSET + 1] = SIGNATURE_HIGH;
}

int mbr_find_active(const struct mbr *mbr) {
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        if (mbr->partitions[i].active && mbr->partitions[i].type != MBR_TYPE_EMPTY)
            return (int)i;
    }
    return -ENOENT;
}
