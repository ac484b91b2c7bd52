/*
 * INT 13h. Facts: "BIOS Enhanced Disk Drive Services 3.0" (EDD), "PC/AT Technical Reference" for
 * the calls by cylinder, head and sector (CHS).
 *
 * What a call may move: at most 127 sectors (some BIOSes take no more), within one 64 KiB block.
 * After a failure: retry, reset, halve the number of sectors, at last CHS; what works is kept.
 *
 * What a BIOS says about a read is not enough: some move fewer sectors than asked and report
 * success, some tell a wrong sector size. So the place where the last bytes are to go is marked
 * before each read, and the sector size is what one sector was seen to fill.
 */
#include "boot/stage2/disk.h"

#include "boot/stage2/a20.h"
#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/assert.h"
#include "lib/div64.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CALL_SECTORS_MAX   127u
#define ATTEMPTS           6u
#define RESET_AFTER        3u /* failed attempts */
#define SECTOR_BYTES_MAX   4096u
#define DRIVE_FIRST        0x80u
#define DRIVE_LAST         0x8fu
#define BOUNCE             ((uint8_t *)LAYOUT_BOUNCE)
#define MARK               0x5ec7a4f1u
#define MARK_WORDS         4u

enum disk_function {
    DISK_RESET = 0x0000,
    DISK_READ_CHS = 0x0200,
    DISK_PARAMETERS = 0x0800,
    EDD_CHECK = 0x4100,
    EDD_READ = 0x4200,
    EDD_PARAMETERS = 0x4800
};

#define EDD_MAGIC_IN   0x55aau
#define EDD_MAGIC_OUT  0xaa55u
#define EDD_HAS_READ   1u /* cx bit 0 */

/* EDD 3.0 §4.1, table 1. */
struct edd_packet {
    uint16_t size;
    uint16_t count;
    uint16_t offset, segment;
    uint64_t lba;
};

/* EDD 3.0 §4.8, table 3. */
struct edd_parameters {
    uint16_t size;
    uint16_t flags;
    uint32_t cylinders, heads, sectors_per_track;
    uint64_t sector_count;
    uint16_t bytes_per_sector;
    uint32_t dpte;
    uint16_t path_key; /* EDD_PATH_KEY: what follows is there */
    uint8_t path_length;
    uint8_t reserved[3];
    char host_bus[4];
    char interface_type[8];
    uint64_t interface_path;
    uint64_t device_path[2];
} __attribute__((packed));

#define EDD_PATH_KEY 0xbeddu

static struct {
    uint8_t drive;
    bool has_edd;             /* AH=42h is in use */
    uint8_t status;           /* of the last failure */
    uint32_t bytes_per_sector;
    uint32_t call_sectors;    /* most that one call is asked for */
    uint32_t heads, sectors_per_track; /* for CHS; 0: not available */
} disk;

static bool call(uint16_t function, struct bios_regs *regs) {
    regs->eax |= function;
    regs->edx = (regs->edx & 0xff00) | disk.drive;
    bios_call(BIOS_DISK, regs);
    if (!(regs->flags & BIOS_CARRY))
        return true;
    disk.status = (uint8_t)(regs->eax >> 8);
    return false;
}

static bool edd_present(void) {
    struct bios_regs regs = {.ebx = EDD_MAGIC_IN};

    if (!call(EDD_CHECK, &regs) || (regs.ebx & 0xffff) != EDD_MAGIC_OUT)
        return false;
    boot_facts.disk.edd_version = regs.eax >> 8 & 0xff;
    boot_facts.disk.edd_support = (uint16_t)regs.ecx;
    return regs.ecx & EDD_HAS_READ;
}

/* Reads to the bounce buffer. The packet is built anew each time: the BIOS writes into it. */
static bool read_edd(uint64_t lba, uint32_t count) {
    struct edd_packet packet = {.size = sizeof(packet), .count = (uint16_t)count,
                                .segment = bios_segment(LAYOUT_BOUNCE), .lba = lba};
    uint32_t address = bios_address(&packet);
    struct bios_regs regs = {.esi = bios_offset(address), .ds = bios_segment(address)};

    trace_disk_read(lba, count);
    return call(EDD_READ, &regs);
}

static void read_geometry(void) {
    struct bios_regs regs = {0};

    disk.heads = disk.sectors_per_track = 0;
    if (!call(DISK_PARAMETERS, &regs) || (regs.ecx & 0x3f) == 0)
        return;
    disk.sectors_per_track = regs.ecx & 0x3f;
    disk.heads = (regs.edx >> 8 & 0xff) + 1;
}

/* How many of `wanted` sectors lie on the track of the first one. */
static uint32_t track_rest(uint64_t lba, uint32_t wanted) {
    uint32_t sector;

    (void)div64_u32(lba, disk.sectors_per_track, &sector);
    return MIN(wanted, disk.sectors_per_track - sector);
}

/* Reads to the bounce buffer. The sectors lie on one track. */
static bool read_chs(uint64_t lba, uint32_t count) {
    uint32_t sector, head;
    uint32_t track = (uint32_t)div64_u32(lba, disk.sectors_per_track, &sector);
    uint32_t cylinder = (uint32_t)div64_u32(track, disk.heads, &head);

    if (lba > UINT32_MAX || cylinder > 1023)
        return false;
    struct bios_regs regs = {
        .eax = count,
        .ecx = (cylinder & 0xff) << 8 | (cylinder >> 2 & 0xc0) | (sector + 1),
        .edx = head << 8,
        .es = bios_segment(LAYOUT_BOUNCE),
    };

    trace_disk_read(lba, count);
    return call(DISK_READ_CHS, &regs);
}

/* The last words that reading so many sectors is to overwrite. */
static uint32_t *last_words(uint32_t count) {
    uint32_t nwords = count * disk.bytes_per_sector / (uint32_t)sizeof(uint32_t);

    return (uint32_t *)LAYOUT_BOUNCE + nwords - MARK_WORDS;
}

static void mark_end(uint32_t count) {
    for (uint32_t i = 0; i < MARK_WORDS; i++)
        last_words(count)[i] = MARK;
}

/* False if the last of `count` sectors did not arrive. */
static bool end_arrived(uint32_t count) {
    for (uint32_t i = 0; i < MARK_WORDS; i++) {
        if (last_words(count)[i] != MARK)
            return true;
    }
    disk.status = DISK_STATUS_SHORT;
    return false;
}

static bool read_once(uint64_t lba, uint32_t count) {
    mark_end(count);
    return (disk.has_edd ? read_edd(lba, count) : read_chs(lba, count)) && end_arrived(count);
}

static void reset(void) {
    struct bios_regs regs = {0};

    (void)call(DISK_RESET, &regs);
}

/* One call, repeated while it fails. */
static bool read_patiently(uint64_t lba, uint32_t count) {
    ASSERT(count > 0 && count * disk.bytes_per_sector <= LAYOUT_BOUNCE_BYTES);
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (read_once(lba, count))
            return true;
        uint8_t status = disk.status;

        trace_event(BOOT_EVENT_DISK_RETRY, lba, status);
        if (attempt + 1 >= RESET_AFTER)
            reset();
        disk.status = status;
    }
    return false;
}

/* Takes the next smaller way of reading; false if there is none left. */
static bool fall_back(void) {
    if (disk.call_sectors > 1) {
        disk.call_sectors /= 2;
    } else if (disk.has_edd && disk.sectors_per_track != 0) {
        disk.has_edd = false;
        disk.call_sectors = CALL_SECTORS_MAX;
    } else {
        return false;
    }
    trace_event(BOOT_EVENT_DISK_FALLBACK, disk.call_sectors, disk.has_edd);
    return true;
}

static void note_read(uint64_t lba, uint32_t count) {
    struct disk_facts *facts = &boot_facts.disk;

    facts->calls++;
    facts->call_sectors = disk.call_sectors;
    facts->last_lba = lba;
    facts->last_count = count;
    facts->heads = disk.heads;
    facts->sectors_per_track = disk.sectors_per_track;
}

/* Reads up to `wanted` of the disk's own sectors to the bounce buffer. How many, or -EIO. */
static int read_bounce(uint64_t lba, uint32_t wanted) {
    if (!disk.has_edd && disk.sectors_per_track == 0)
        return -EIO; /* no such drive */
    for (;;) {
        uint32_t count = MIN(wanted, disk.call_sectors);

        if (!disk.has_edd)
            count = track_rest(lba, count);
        if (read_patiently(lba, count)) {
            note_read(lba, count);
            return (int)count;
        }
        if (!fall_back())
            return -EIO;
    }
}

int disk_read(uint64_t unit, uint32_t count, void *buffer) {
    uint32_t units_per_sector = disk.bytes_per_sector / DISK_UNIT;
    uint8_t *out = buffer;

    while (count > 0) {
        uint32_t skip;
        uint64_t lba = div64_u32(unit, units_per_sector, &skip);
        uint32_t wanted = (skip + count + units_per_sector - 1) / units_per_sector;
        int got = read_bounce(lba, wanted);

        if (got < 0)
            return got;
        uint32_t units = MIN((uint32_t)got * units_per_sector - skip, count);

        a20_keep(); /* the BIOS may have switched it off */
        memcpy(out, BOUNCE + skip * DISK_UNIT, units * DISK_UNIT);
        out += units * DISK_UNIT;
        unit += units;
        count -= units;
    }
    return 0;
}

uint8_t disk_last_status(void) {
    return disk.status;
}

static void set_sector_size(uint32_t bytes) {
    disk.bytes_per_sector = bytes;
    disk.call_sectors = MIN(CALL_SECTORS_MAX, LAYOUT_BOUNCE_BYTES / bytes);
}

/* Asks the BIOS about the drive. Its word on the sector size is not taken. */
static void read_parameters(void) {
    struct boot_disk *info = &boot_info()->disk;
    struct edd_parameters *p = (struct edd_parameters *)LAYOUT_BOUNCE;
    struct bios_regs regs = {.ds = bios_segment(LAYOUT_BOUNCE)};

    memset(p, 0, sizeof(*p));
    p->size = sizeof(*p);
    if (!call(EDD_PARAMETERS, &regs))
        return;
    info->sector_count = p->sector_count;
    if (p->path_key == EDD_PATH_KEY) {
        memcpy(info->host_bus, p->host_bus, sizeof(info->host_bus));
        memcpy(info->interface_type, p->interface_type, sizeof(info->interface_type));
        info->interface_path = p->interface_path;
    }
}

static uint32_t disk_id_at(const uint8_t *sector) {
    uint32_t id;

    memcpy(&id, sector + MBR_DISK_ID, sizeof(id));
    return id;
}

/* Reads sector 0, and learns from what it fills how large the drive's sectors are. */
static bool measure_sector(void) {
    uint32_t *words = (uint32_t *)LAYOUT_BOUNCE, used = SECTOR_BYTES_MAX / sizeof(uint32_t);

    set_sector_size(DISK_UNIT);
    for (uint32_t i = 0; i < used; i++)
        words[i] = MARK;
    if (read_bounce(0, 1) < 1)
        return false;
    while (used > 0 && words[used - 1] == MARK)
        used--;
    uint32_t bytes = DISK_UNIT;

    while (bytes < used * sizeof(uint32_t))
        bytes *= 2;
    set_sector_size(bytes);
    return true;
}

/* True if the drive can be read and carries the boot sector that we came from. */
static bool try_drive(uint8_t drive) {
    disk.drive = drive;
    set_sector_size(DISK_UNIT);
    disk.has_edd = edd_present();
    read_geometry();
    if (disk.has_edd)
        read_parameters();
    return measure_sector() &&
           disk_id_at(BOUNCE) == disk_id_at((const uint8_t *)LAYOUT_BOOT_SECTOR);
}

/* All drives but the one already tried. */
static bool probe_drives(uint8_t tried) {
    for (unsigned drive = DRIVE_FIRST; drive <= DRIVE_LAST; drive++) {
        if (drive != tried && try_drive((uint8_t)drive))
            return true;
    }
    return false;
}

void disk_open(uint8_t drive) {
    struct boot_disk *info = &boot_info()->disk;

    trace_step(BOOT_STEP_DISK);
    console_step("disk");
    if (!try_drive(drive)) {
        if (!probe_drives(drive))
            error_fatal(ERROR_DRIVE_NOT_FOUND, "disk id %08x, BIOS drive %02xh, status %02xh",
                        disk_id_at((const uint8_t *)LAYOUT_BOOT_SECTOR), drive, disk.status);
        info->flags |= BOOT_DISK_PROBED;
    }
    info->bios_drive = disk.drive;
    info->bytes_per_sector = disk.bytes_per_sector;
    info->disk_id = disk_id_at((const uint8_t *)LAYOUT_BOOT_SECTOR);
    info->flags |= disk.has_edd ? BOOT_DISK_EDD : 0;
    console_printf("BIOS drive %02xh, id %08x, %s, %u-byte sectors, %.4s%.8s\n", disk.drive,
                   info->disk_id, disk.has_edd ? "EDD" : "CHS", disk.bytes_per_sector,
                   info->host_bus, info->interface_type);
    trace_step_done(BOOT_STEP_DISK, disk.bytes_per_sector);
}
