/*
 * The only contract between the loader and the kernel: what is in memory and in the registers
 * when the kernel's first instruction runs, and the structure that describes it.
 *
 * Usable from -m32 code (stage2), the 64-bit kernel and host programs: every field has the same
 * offset in all three, checked at the end of this file. All addresses are physical unless the
 * name says `virt`. Reserved fields are zero.
 *
 * Entry state, register by register (SDM = Intel Software Developer's Manual volume 3A):
 *
 *   rip      e_entry of the kernel's ELF header, at or above BOOT_KERNEL_VIRT_BASE
 *   rdi      BOOT_OFFSET_MAP + physical address of struct boot_info: an address in the offset
 *            map, so that it stays valid when the identity map is dropped
 *   rsp      top of a stack of BOOT_STACK_SIZE bytes, in the offset map, 16-byte aligned minus 8
 *            (as after a call; the return address is 0 and so is rbp: backtraces end here)
 *   rax, rbx, rcx, rdx, rsi, rbp, r8-r15   0
 *   rflags   0x2: IF = 0, DF = 0
 *   cs       64-bit code, DPL 0; ss, ds, es, fs, gs flat data. The GDT is the loader's and lies in
 *            memory of type BOOT_MEM_LOADER: the kernel installs its own before it reclaims that
 *   cr0      PE, MP, NE, WP, PG set; EM, TS, CD, NW, AM clear                    (SDM §2.5)
 *   cr4      PAE, PGE set; everything else clear                                 (SDM §2.5)
 *   EFER     LME, LMA set; NXE set exactly if BOOT_CPU_NX is; SCE clear          (SDM §2.2.1)
 *   idtr     a table that reports an exception on screen and COM1 and halts
 *   others   8259s fully masked, NMI masked at port 0x70, A20 on, COM1 8N1 at 115200 baud
 *
 * Address space (4-level paging):
 *
 *   0 .. 4 GiB                        identity map, writable, executable
 *   BOOT_OFFSET_MAP + 0 .. 4 GiB      the same physical memory again, sharing the tables below the
 *                                     top level: pointers into it stay valid, because the kernel's
 *                                     direct map is to have the same base
 *   BOOT_KERNEL_VIRT_BASE ..          the kernel's PT_LOAD segments in 4 KiB pages, each with
 *                                     exactly the rights of its program header (W^X when NX is
 *                                     there). Physically contiguous from the lowest p_paddr,
 *                                     which is BOOT_KERNEL_PHYS_BASE or above
 *
 * The accessed and dirty bits of the page tables are undefined. Pages of the kernel image that
 * no segment covers are not mapped. Everything the loader put in memory (page tables, this
 * structure, the trace, the log of BIOS calls, the stack) has type BOOT_MEM_LOADER in the memory
 * map and is free to use once the kernel has stopped using it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BOOT_INFO_MAGIC     0x3149424152545341ull /* "ASTRABI1" in memory order */
#define BOOT_INFO_VERSION   2u

#define BOOT_OFFSET_MAP       0xffff800000000000ull
#define BOOT_OFFSET_MAP_SIZE  0x100000000ull /* 4 GiB, and as much identity-mapped */
#define BOOT_KERNEL_VIRT_BASE 0xffffffff80000000ull
#define BOOT_KERNEL_PHYS_BASE 0x200000ull /* the lowest p_paddr the loader accepts: 2 MiB */
#define BOOT_STACK_SIZE       0x4000u
#define BOOT_AP_PAGE          0x8000u /* a page below 1 MiB for starting other CPUs (type LOADER) */

#define BOOT_MAX_RANGES     128u
#define BOOT_CMDLINE_MAX    2048u /* bytes of arguments, without the terminating NUL */
#define BOOT_TRACE_EVENTS   128u  /* a power of two */

/*
 * Memory types. In the sanitised map the ranges are sorted, disjoint, non-empty and page-aligned
 * (usable rounded inward, all others outward); holes are address space that the firmware did not
 * mention. Values above BOOT_MEM_BAD are the loader's own and always lie in usable memory.
 * Numbers 1 to 5 are those of ACPI 6.4 §15 so that raw entries read the same way; in the
 * sanitised map every unknown firmware type has become BOOT_MEM_RESERVED.
 */
enum boot_mem_type {
    BOOT_MEM_USABLE = 1,
    BOOT_MEM_RESERVED = 2,
    BOOT_MEM_ACPI = 3,        /* ACPI tables: reclaimable once they have been read */
    BOOT_MEM_NVS = 4,         /* firmware's own, saved across sleep: never touch */
    BOOT_MEM_BAD = 5,         /* reported defective */
    BOOT_MEM_LOADER = 16,     /* loader's code, tables and data: see the head of this file */
    BOOT_MEM_KERNEL = 17,     /* the kernel's segments, .bss included */
    BOOT_MEM_RAMFS = 18,      /* the ramfs archive, whole pages */
    BOOT_MEM_FRAMEBUFFER = 19 /* linear framebuffer; not RAM unless the firmware says so */
};

struct boot_range {
    uint64_t base;   /* bytes */
    uint64_t length; /* bytes, never 0 */
    uint32_t type;   /* enum boot_mem_type; in the raw map the firmware's own number */
    uint32_t attributes; /* raw map: ACPI 3.0 extended attributes (1 when absent); else 0 */
};

enum boot_video_mode {
    BOOT_VIDEO_NONE = 0,   /* no display answered: serial only */
    BOOT_VIDEO_TEXT = 1,   /* VGA text memory at phys, 2 bytes a cell */
    BOOT_VIDEO_LINEAR = 2  /* direct-colour framebuffer at phys */
};

/* Position and width in bits of one colour component within a pixel (VBE 3.0 §4.4). */
struct boot_colour {
    uint8_t position;
    uint8_t width;
};

struct boot_video {
    uint64_t phys;    /* framebuffer, or VGA text memory (0xb8000, or 0xb0000 on monochrome) */
    uint64_t size;    /* bytes from phys that hold the visible picture */
    uint32_t mode;    /* enum boot_video_mode */
    uint32_t width;   /* pixels; 0 in text mode */
    uint32_t height;  /* pixels; 0 in text mode */
    uint32_t pitch;   /* bytes from one line of pixels (or row of cells) to the next */
    uint32_t bits_per_pixel; /* 15, 16, 24 or 32; 0 in text mode */
    struct boot_colour red, green, blue;
    uint16_t vbe_mode; /* VBE mode number, 0 in text mode */
    uint16_t columns;  /* text mode: cells; linear mode: 0 */
    uint16_t rows;
    uint16_t cursor_column; /* text mode: where the loader's output stopped, from 0 */
    uint16_t cursor_row;
    uint16_t crtc_port; /* text mode: 0x3d4 colour or 0x3b4 monochrome */
    uint16_t reserved;
};

enum boot_disk_flags {
    BOOT_DISK_EDD = 1u << 0, /* the BIOS' extended calls were in use at the end (not CHS) */
    BOOT_DISK_PROBED = 1u << 1 /* the BIOS passed a wrong drive number; found by disk id */
};

struct boot_disk {
    uint64_t sector_count;     /* of the whole disk in its own sectors; 0 unknown */
    uint64_t partition_lba;    /* boot partition's first sector, in units of 512 bytes */
    uint64_t partition_sectors; /* its length in units of 512 bytes */
    uint32_t disk_id;          /* bytes 440..443 of the boot sector */
    uint32_t bytes_per_sector; /* of the disk as the BIOS shows it */
    uint32_t volume_id;        /* serial number of the FAT volume booted from */
    uint32_t flags;            /* enum boot_disk_flags */
    uint8_t bios_drive;        /* 0x80.. */
    uint8_t partition_index;   /* 0..3 in the boot sector's table */
    uint8_t reserved[6];
    char host_bus[4];          /* EDD 3.0 §1: "PCI ", "ISA ", or zeros when not told */
    char interface_type[8];    /* EDD 3.0 §1: "ATA     ", "SCSI    ", "USB     "..., or zeros */
    uint32_t reserved2;
    uint64_t interface_path;   /* EDD 3.0 §1: bus, slot, function, channel in bytes 0..3 */
};

enum boot_cpu_features {
    BOOT_CPU_NX = 1u << 0,       /* no-execute pages, on since the loader */
    BOOT_CPU_1G_PAGES = 1u << 1, /* 1 GiB pages, used in the loader's maps */
    BOOT_CPU_TSC = 1u << 2       /* the trace's stamps mean something */
};

struct boot_cpu {
    uint32_t features;       /* enum boot_cpu_features */
    uint32_t max_leaf;       /* CPUID.0:EAX */
    uint32_t max_ext_leaf;   /* CPUID.80000000H:EAX */
    uint32_t signature;      /* CPUID.1:EAX */
    uint32_t leaf1_ecx, leaf1_edx;
    uint32_t ext1_ecx, ext1_edx; /* CPUID.80000001H */
    char vendor[12];         /* CPUID.0:EBX,EDX,ECX; not terminated */
    uint32_t tsc_khz;        /* the loader's estimate, 0 if it has none: a hint, not a clock */
};

enum boot_info_flags {
    BOOT_INFO_KERNEL_CHECKED = 1u << 0, /* the kernel carried a checksum and it was right */
    BOOT_INFO_RAMFS_CHECKED = 1u << 1,  /* the same for the ramfs archive */
    BOOT_INFO_MAP_FROM_E801 = 1u << 2   /* E820 failed: the map comes from E801 or 88h */
};

/*
 * Where the log of stage2's BIOS calls is (struct boot_bios_call), and the sums over all calls,
 * also over those for which the log had no room. Stage1's calls are not in it.
 */
struct boot_bios_log {
    uint64_t records_phys;  /* struct boot_bios_call [record_count] */
    uint32_t record_count;
    uint32_t record_bytes;  /* sizeof(struct boot_bios_call) as the loader knew it */
    uint64_t calls;
    uint64_t ticks;         /* of the TSC, inside the BIOS; 0 without a TSC */
    uint64_t dropped_calls; /* calls without a record: the log was full */
    uint64_t dropped_ticks; /* what they took */
};

struct boot_info {
    uint64_t magic;    /* BOOT_INFO_MAGIC */
    uint32_t version;  /* BOOT_INFO_VERSION: raised when a field changes its meaning */
    uint32_t size;     /* sizeof(struct boot_info) as the loader knew it */
    uint32_t crc32;    /* IEEE 802.3 CRC over `size` bytes, this field taken as 0 */
    uint32_t flags;    /* enum boot_info_flags */

    uint64_t kernel_phys_start; /* page-aligned; lowest p_paddr rounded down */
    uint64_t kernel_phys_end;   /* page-aligned, exclusive; .bss included */
    uint64_t kernel_virt_start; /* virtual address of kernel_phys_start */
    uint64_t kernel_virt_end;
    uint64_t kernel_entry_virt;

    uint64_t ramfs_phys; /* page-aligned; 0 if there is no ramfs */
    uint64_t ramfs_size; /* bytes of the archive, not rounded; 0 if there is no ramfs */

    uint64_t rsdp_phys;    /* ACPI root pointer, signature and checksum verified; 0 if none */
    uint64_t trace_phys;   /* struct boot_trace */
    uint64_t page_table_phys; /* top-level table in CR3 at entry */
    uint64_t stack_phys;   /* lowest byte of the stack in rsp */
    uint32_t low_memory_end; /* first byte that belongs to the EBDA or BIOS, below 1 MiB */
    uint32_t e820_skipped;   /* firmware entries dropped as empty, absurd or too many */

    struct boot_bios_log bios_log;

    struct boot_disk disk;
    struct boot_video video;
    struct boot_cpu cpu;

    uint32_t range_count;     /* entries in use in ranges[] */
    uint32_t raw_range_count; /* entries in use in raw_ranges[] */
    struct boot_range ranges[BOOT_MAX_RANGES];     /* the sanitised map */
    struct boot_range raw_ranges[BOOT_MAX_RANGES]; /* what the firmware said, in its order */

    uint32_t cmdline_length;  /* bytes, without the NUL */
    uint32_t reserved;
    char cmdline[BOOT_CMDLINE_MAX + 8]; /* kernel arguments, NUL-terminated */
};

/*
 * Boot trace: a ring of time-stamped events. The loader writes from stage1's first instruction
 * to the jump; the kernel may go on writing. Event number n (from 0) is in
 * events[n % BOOT_TRACE_EVENTS]; `count` is how many were ever written. Not covered by
 * boot_info's checksum. Ids are never re-used with another meaning; the loader has 1..0xff,
 * the kernel 0x100 and up.
 */
enum boot_event {
    BOOT_EVENT_STAGE1_ENTRY = 1,   /* a: DL as passed by the BIOS (drive) */
    BOOT_EVENT_STAGE1_READ = 2,    /* stage2 is in memory; a: drive, b: 1 if by one BIOS call */
    BOOT_EVENT_STAGE2_ENTRY = 3,   /* a: length of stage2 in bytes, b: its CRC32 */
    BOOT_EVENT_STEP = 4,           /* a step begins; a: enum boot_step */
    BOOT_EVENT_STEP_DONE = 5,      /* a: enum boot_step, b: a figure that belongs to it */
    BOOT_EVENT_WARNING = 6,        /* a: code as in boot/README.md, b: detail */
    BOOT_EVENT_DISK_RETRY = 7,     /* a: LBA in 512-byte units, b: BIOS status (AH) */
    BOOT_EVENT_DISK_FALLBACK = 8,  /* a: sectors a call from now on, b: 1 EDD, 0 CHS */
    BOOT_EVENT_JUMP = 9,           /* the loader's last one: a: kernel entry point */
    BOOT_EVENT_KERNEL_ENTRY = 0x100,
    BOOT_EVENT_FIRST_PROGRAM = 0x101, /* process 1 is about to run its first instruction */
    BOOT_EVENT_KERNEL_MEMORY = 0x102, /* own page tables, page allocator, slabs */
    BOOT_EVENT_KERNEL_CLOCK = 0x103,  /* interrupts and calibrated clocks; a: TSC ticks a second */
    BOOT_EVENT_KERNEL_THREADS = 0x104, /* the first thread that may sleep runs */
    BOOT_EVENT_FILESYSTEMS = 0x105,   /* the tree at / is there */
    BOOT_EVENT_DRIVERS = 0x106,       /* drivers have taken their devices */
    BOOT_EVENT_PROMPT = 0x107 /* for the first time a session leader waits for input on its
                                 controlling terminal; a: the terminal's device number, b: pid */
};

/* The steps of stage2, in order. */
enum boot_step {
    BOOT_STEP_CONSOLE = 1,
    BOOT_STEP_CPU = 2,      /* b: enum boot_cpu_features */
    BOOT_STEP_A20 = 3,      /* b: number of the method that worked, 0: was on */
    BOOT_STEP_MEMORY = 4,   /* b: usable KiB */
    BOOT_STEP_DISK = 5,     /* b: bytes per sector */
    BOOT_STEP_CONFIG = 6,   /* b: bytes of astra.cfg */
    BOOT_STEP_VIDEO = 7,    /* b: VBE mode number, 0 text */
    BOOT_STEP_KERNEL = 8,   /* b: bytes read */
    BOOT_STEP_RAMFS = 9,    /* b: bytes read */
    BOOT_STEP_ACPI = 10,    /* b: address of the RSDP */
    BOOT_STEP_PAGING = 11,  /* b: pages used for tables */
    BOOT_STEP_HANDOFF = 12,
    BOOT_STEP_MENU = 13,    /* between CONFIG and VIDEO; b: 1 if the menu was shown */
    BOOT_STEP_VOLUME = 14   /* between DISK and CONFIG; b: its first sector of 512 bytes */
};

struct boot_trace_event {
    uint32_t id; /* enum boot_event */
    uint32_t reserved;
    uint64_t tsc;
    uint64_t bios_ticks; /* boot_bios_log.ticks at this moment */
    uint64_t a, b;
};

struct boot_trace {
    uint64_t count;
    uint64_t reserved;
    struct boot_trace_event events[BOOT_TRACE_EVENTS];
};

/*
 * The log of BIOS calls, in order. Calls for disks (INT 13h) and about the system
 * (INT 15h, but for waits) have a record each. Of the others, writing characters and asking for
 * keys above all, calls of one kind within one step share a record (lib/bios_log.h): it begins
 * with the first of them and shows the registers of the last.
 */
struct boot_bios_regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint16_t ds, es;
};

struct boot_bios_call {
    uint64_t tsc;     /* when the first call began; 0 without a TSC */
    uint64_t ticks;   /* inside the BIOS, all calls together */
    uint64_t lba;     /* disk reads: first sector, in the disk's own sectors */
    uint32_t count;   /* calls */
    uint16_t sectors; /* disk reads: how many were asked for; otherwise 0 */
    uint8_t vector;
    uint8_t step;     /* enum boot_step; 0 between two */
    struct boot_bios_regs in, out;
    uint32_t out_flags; /* EFLAGS after the call */
    uint32_t reserved;
};

_Static_assert(sizeof(struct boot_range) == 24, "boot_range layout");
_Static_assert(sizeof(struct boot_video) == 56, "boot_video layout");
_Static_assert(offsetof(struct boot_video, red) == 36, "boot_video layout");
_Static_assert(offsetof(struct boot_video, crtc_port) == 52, "boot_video layout");
_Static_assert(sizeof(struct boot_disk) == 72, "boot_disk layout");
_Static_assert(offsetof(struct boot_disk, interface_path) == 64, "boot_disk layout");
_Static_assert(sizeof(struct boot_cpu) == 48, "boot_cpu layout");
_Static_assert(offsetof(struct boot_info, crc32) == 16, "boot_info layout");
_Static_assert(offsetof(struct boot_info, kernel_phys_start) == 24, "boot_info layout");
_Static_assert(offsetof(struct boot_info, ramfs_phys) == 64, "boot_info layout");
_Static_assert(sizeof(struct boot_bios_log) == 48, "boot_bios_log layout");
_Static_assert(offsetof(struct boot_info, bios_log) == 120, "boot_info layout");
_Static_assert(offsetof(struct boot_info, disk) == 168, "boot_info layout");
_Static_assert(offsetof(struct boot_info, video) == 240, "boot_info layout");
_Static_assert(offsetof(struct boot_info, cpu) == 296, "boot_info layout");
_Static_assert(offsetof(struct boot_info, ranges) == 352, "boot_info layout");
_Static_assert(offsetof(struct boot_info, raw_ranges) == 3424, "boot_info layout");
_Static_assert(offsetof(struct boot_info, cmdline) == 6504, "boot_info layout");
_Static_assert(sizeof(struct boot_info) == 8560, "boot_info layout");
_Static_assert(sizeof(struct boot_trace_event) == 40, "boot_trace_event layout");
_Static_assert(offsetof(struct boot_trace, events) == 16, "boot_trace layout");
_Static_assert(sizeof(struct boot_trace) == 16 + 40 * BOOT_TRACE_EVENTS, "boot_trace layout");
_Static_assert(sizeof(struct boot_bios_regs) == 32, "boot_bios_regs layout");
_Static_assert(offsetof(struct boot_bios_call, in) == 32, "boot_bios_call layout");
_Static_assert(sizeof(struct boot_bios_call) == 104, "boot_bios_call layout");
