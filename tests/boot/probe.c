/*
 * A kernel that does nothing but check what the loader handed over, against boot/bootinfo.h. It
 * prints one line a check on COM1, "probe: PASS" or "probe: FAIL" at the end, and stops QEMU
 * through its isa-debug-exit device.
 */
#include "boot/bootinfo.h"
#include "lib/cpio.h"
#include "lib/crc32.h"
#include "lib/e820.h"
#include "lib/format.h"
#include "lib/string.h"

#define COM1          0x3f8
#define COM1_STATUS   0x3fd
#define COM_CAN_SEND  0x20
#define DEBUG_EXIT    0xf4 /* QEMU: exit status 2 * value + 1 */
#define EXIT_PASS     0x10
#define EXIT_FAIL     0x11

#define A20_TEST      0x500 /* behind the BIOS data area */

#define CR0_EXPECTED  0x80010033ull /* PG WP NE ET MP PE */
#define CR4_EXPECTED  0xa0ull       /* PGE PAE */
#define MSR_EFER      0xc0000080u
#define EFER_LONG     0x500ull      /* LMA LME */
#define EFER_NXE      0x800ull
#define RFLAGS_EXPECTED 2ull

#define PAGE_PRESENT  BIT(0)
#define PAGE_WRITE    BIT(1)
#define PAGE_LARGE    BIT(7)
#define PAGE_NX       BIT(63)
#define PAGE_ADDRESS  0x000ffffffffff000ull

/* As pushed by probe_entry.asm. */
struct entry_state {
    uint64_t rdi, rax, rbx, rcx, rdx, rsi, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rflags;
};

void probe_main(const struct entry_state *state, const uint64_t *stack);
void probe_start(void), probe_end(void); /* places, of probe.ld */

static char bss_canary[8192];
static char data_canary[] = "data arrived";
static unsigned failures;

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port) {
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void send(void *context, const char *text, size_t length) {
    (void)context;
    for (size_t i = 0; i < length; i++) {
        while (!(inb(COM1_STATUS) & COM_CAN_SEND))
            continue;
        outb(COM1, (uint8_t)text[i]);
    }
}

printf_like(1, 2) static void print(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)format_callback(send, NULL, format, arguments);
    va_end(arguments);
}

static void check(bool condition, const char *what) {
    print("probe: %s %s\r\n", condition ? "ok  " : "FAIL", what);
    failures += !condition;
}

#define READ_CR(n) \
    ({ uint64_t value; __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)); value; })

static uint64_t read_efer(void) {
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
    return low | (uint64_t)high << 32;
}

static void *at_phys(uint64_t phys) {
    return (void *)(BOOT_OFFSET_MAP + phys);
}

/* The leaf entry that maps `virt`, or 0. */
static uint64_t walk(uint64_t top, uint64_t virt) {
    uint64_t entry = top;

    for (int shift = 39; shift >= 12; shift -= 9) {
        const uint64_t *table = at_phys(entry & PAGE_ADDRESS);

        entry = table[virt >> shift & 511];
        if (!(entry & PAGE_PRESENT) || (shift < 39 && (entry & PAGE_LARGE)))
            break;
    }
    return entry & PAGE_PRESENT ? entry : 0;
}

static void check_registers(const struct entry_state *s, const uint64_t *stack,
                            const struct boot_info *info) {
    uint64_t others = s->rax | s->rbx | s->rcx | s->rdx | s->rsi | s->rbp | s->r8 | s->r9 |
                      s->r10 | s->r11 | s->r12 | s->r13 | s->r14 | s->r15;
    bool nx = info->cpu.features & BOOT_CPU_NX;
    uint64_t stack_top = BOOT_OFFSET_MAP + info->stack_phys + BOOT_STACK_SIZE;

    check(others == 0, "general registers are zero");
    check(s->rflags == RFLAGS_EXPECTED, "rflags");
    check((uint64_t)stack == stack_top - 8 && *stack == 0, "stack");
    check(READ_CR(0) == CR0_EXPECTED, "cr0");
    check(READ_CR(4) == CR4_EXPECTED, "cr4");
    check((READ_CR(3) & PAGE_ADDRESS) == info->page_table_phys, "cr3");
    check(read_efer() == (EFER_LONG | (nx ? EFER_NXE : 0)), "efer");
}

/* Memory at an odd and an even MiB are two places. */
static void check_a20(void) {
    volatile uint32_t *low = at_phys(A20_TEST), *high = at_phys(A20_TEST + (1u << 20));
    uint32_t saved = *low;

    *low = ~*high;
    check(*low != *high, "A20 is on");
    *low = saved;
}

static void check_header(const struct boot_info *info) {
    size_t hole = offsetof(struct boot_info, crc32);

    check(info->magic == BOOT_INFO_MAGIC, "magic");
    check(info->version == BOOT_INFO_VERSION && info->size == sizeof(*info), "version and size");
    check(crc32_with_hole(info, sizeof(*info), hole) == info->crc32, "checksum");
    check(strnlen(info->cmdline, sizeof(info->cmdline)) == info->cmdline_length, "command line");
    print("probe: cmdline [%s]\r\n", info->cmdline);
}

static void check_map(const struct boot_info *info) {
    uint64_t end = 0;
    bool ordered = info->range_count > 0 && info->range_count <= BOOT_MAX_RANGES;

    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->ranges[i];

        print("probe: %016llx %016llx type %u\r\n", (unsigned long long)r->base,
              (unsigned long long)(r->base + r->length), r->type);
        ordered = ordered && r->base >= end && r->length != 0 && (r->base | r->length) % 4096 == 0;
        end = r->base + r->length;
    }
    check(ordered, "memory map is sorted, disjoint, page-aligned");
    check(info->raw_range_count > 0, "raw memory map");
    check(e820_covers(info->ranges, info->range_count, info->kernel_phys_start,
                      info->kernel_phys_end - info->kernel_phys_start, BOOT_MEM_KERNEL),
          "kernel range has its type");
    check(e820_covers(info->ranges, info->range_count, (uint64_t)info - BOOT_OFFSET_MAP,
                      sizeof(*info), BOOT_MEM_LOADER), "boot info has type loader");
    check(e820_covers(info->ranges, info->range_count, info->page_table_phys, 4096,
                      BOOT_MEM_LOADER), "page tables have type loader");
    check(e820_covers(info->ranges, info->range_count, BOOT_AP_PAGE, 4096, BOOT_MEM_LOADER),
          "page for other CPUs has type loader");
}

static void check_kernel(const struct boot_info *info) {
    bool nx = info->cpu.features & BOOT_CPU_NX;
    uint64_t top = READ_CR(3), text = walk(top, (uint64_t)probe_start);
    uint64_t rodata = walk(top, (uint64_t) "constant");
    uint64_t data = walk(top, (uint64_t)data_canary);
    bool zero = true;

    for (size_t i = 0; i < sizeof(bss_canary); i++)
        zero = zero && bss_canary[i] == 0;
    check(zero, ".bss is zero");
    check(strcmp(data_canary, "data arrived") == 0, ".data");
    check(info->kernel_virt_start == (uint64_t)probe_start, "kernel start");
    check(info->kernel_virt_end == ALIGN_UP((uint64_t)probe_end, 4096), "kernel end");
    check(!(text & PAGE_WRITE) && !(text & PAGE_NX), "text: read and execute");
    check(!(rodata & PAGE_WRITE) && !(rodata & PAGE_NX) == !nx, "rodata: read");
    check((data & PAGE_WRITE) && !(data & PAGE_NX) == !nx, "data: read and write");
    check(walk(top, info->kernel_virt_end) == 0, "nothing mapped behind the kernel");
    check((walk(top, 0xfffff000ull) & PAGE_WRITE) &&
          (walk(top, BOOT_OFFSET_MAP + 0xfffff000ull) & PAGE_WRITE), "4 GiB mapped twice");
    check(memcmp((void *)info->kernel_phys_start, probe_start, 64) == 0, "identity map");
}

static void check_ramfs(const struct boot_info *info) {
    struct cpio_reader reader;
    struct cpio_member member;
    int members = 0, result;

    if (info->ramfs_size == 0) {
        print("probe: no ramfs\r\n");
        return;
    }
    cpio_reader_init(&reader, at_phys(info->ramfs_phys), info->ramfs_size);
    while ((result = cpio_next(&reader, &member)) == 1)
        members++;
    check(result == 0 && members > 0, "ramfs is an archive");
    check(info->ramfs_phys % 4096 == 0, "ramfs is page-aligned");
    check(e820_covers(info->ranges, info->range_count, info->ramfs_phys,
                      ALIGN_UP(info->ramfs_size, 4096), BOOT_MEM_RAMFS), "ramfs has its type");
    print("probe: ramfs %llu bytes at %#llx, %d members, flags %#x\r\n",
          (unsigned long long)info->ramfs_size, (unsigned long long)info->ramfs_phys, members,
          info->flags);
}

/* For each step of the loader: ticks of the TSC it took, and how many of them inside the BIOS. */
static void print_steps(const struct boot_trace *trace) {
    const struct boot_trace_event *begin = trace->events;

    for (uint64_t i = 0; i < MIN(trace->count, (uint64_t)BOOT_TRACE_EVENTS); i++) {
        const struct boot_trace_event *event = &trace->events[i];

        if (event->id == BOOT_EVENT_STEP)
            begin = event;
        if (event->id == BOOT_EVENT_STEP_DONE || event->id == BOOT_EVENT_JUMP)
            print("probe: step %llu ticks %llu bios %llu bytes %llu\r\n",
                  (unsigned long long)begin->a, (unsigned long long)(event->tsc - begin->tsc),
                  (unsigned long long)(event->bios_ticks - begin->bios_ticks),
                  (unsigned long long)event->b);
    }
}

/* The whole way here: stage1 with what the BIOS does for it, stage2, and the BIOS' part of that. */
static void print_cost(const struct boot_info *info, const struct boot_trace *trace) {
    const struct boot_trace_event *last =
        &trace->events[(trace->count - 1) % BOOT_TRACE_EVENTS];

    if (trace->count > BOOT_TRACE_EVENTS)
        return;
    print("probe: cost stage1 %llu stage2 %llu bios %llu tsc_khz %u\r\n",
          (unsigned long long)(trace->events[1].tsc - trace->events[0].tsc),
          (unsigned long long)(last->tsc - trace->events[1].tsc),
          (unsigned long long)last->bios_ticks, info->cpu.tsc_khz);
    print_steps(trace);
}

static void check_trace(const struct boot_info *info) {
    const struct boot_trace *trace = at_phys(info->trace_phys);
    uint64_t count = MIN(trace->count, (uint64_t)BOOT_TRACE_EVENTS);
    bool ascending = true;

    for (uint64_t i = 1; i < count; i++)
        ascending = ascending && trace->events[i].tsc >= trace->events[i - 1].tsc;
    check(count > 10 && ascending, "trace");
    check(trace->events[0].id == BOOT_EVENT_STAGE1_ENTRY, "trace starts with stage1");
    check(trace->events[(trace->count - 1) % BOOT_TRACE_EVENTS].id == BOOT_EVENT_JUMP,
          "trace ends with the jump");
    print_cost(info, trace);
    print("probe: %llu events, stage1 to here %llu us\r\n", (unsigned long long)trace->count,
          info->cpu.tsc_khz ? (unsigned long long)((trace->events[count - 1].tsc -
              trace->events[0].tsc) * 1000 / info->cpu.tsc_khz) : 0ull);
}

static void check_bios_log(const struct boot_info *info) {
    const struct boot_bios_log *log = &info->bios_log;
    const struct boot_bios_call *calls = at_phys(log->records_phys);
    const struct boot_trace *trace = at_phys(info->trace_phys);
    uint64_t count = log->dropped_calls, ticks = log->dropped_ticks, sectors = 0, tsc = 0;
    bool ascending = true;

    check(log->record_bytes == sizeof(*calls) && log->record_count > 0, "log of BIOS calls");
    check(e820_covers(info->ranges, info->range_count, log->records_phys,
                      (uint64_t)log->record_count * log->record_bytes, BOOT_MEM_LOADER),
          "log of BIOS calls has type loader");
    for (uint32_t i = 0; i < log->record_count; i++) {
        ascending = ascending && calls[i].tsc >= tsc && calls[i].count > 0;
        tsc = calls[i].tsc;
        count += calls[i].count;
        ticks += calls[i].ticks;
        sectors += calls[i].sectors;
    }
    check(ascending && count == log->calls && ticks == log->ticks, "BIOS calls add up");
    check(ticks <= trace->events[(trace->count - 1) % BOOT_TRACE_EVENTS].tsc -
                       trace->events[0].tsc || trace->count > BOOT_TRACE_EVENTS,
          "the BIOS took no longer than the boot");
    check(log->dropped_calls > 0 || sectors * info->disk.bytes_per_sector > info->ramfs_size,
          "the ramfs was read");
    print("probe: %llu BIOS calls in %u records, %llu dropped, %llu sectors read\r\n",
          (unsigned long long)log->calls, log->record_count,
          (unsigned long long)log->dropped_calls, (unsigned long long)sectors);
}

static void check_screen(const struct boot_info *info) {
    const struct boot_video *v = &info->video;

    print("probe: video mode %u, %ux%u cells, %ux%u pixels of %u bits at %#llx, cursor %u,%u\r\n",
          v->mode, v->columns, v->rows, v->width, v->height, v->bits_per_pixel,
          (unsigned long long)v->phys, v->cursor_column, v->cursor_row);
    if (v->mode == BOOT_VIDEO_TEXT)
        check(v->columns >= 40 && v->rows >= 25 && v->cursor_row < v->rows, "text mode");
    if (v->mode == BOOT_VIDEO_LINEAR)
        check(e820_covers(info->ranges, info->range_count, v->phys, v->size,
                          BOOT_MEM_FRAMEBUFFER), "framebuffer has its type");
}

void probe_main(const struct entry_state *state, const uint64_t *stack) {
    const struct boot_info *info = (const struct boot_info *)state->rdi;

    check(state->rdi == BOOT_OFFSET_MAP + (state->rdi & 0xfffff), "rdi lies in the offset map");
    check_header(info);
    check_a20();
    check_registers(state, stack, info);
    check_map(info);
    check_kernel(info);
    check_ramfs(info);
    check_trace(info);
    check_bios_log(info);
    check_screen(info);
    print("probe: drive %02xh, disk id %08x, partition at %llu, volume %08x, rsdp %#llx\r\n",
          info->disk.bios_drive, info->disk.disk_id, (unsigned long long)info->disk.partition_lba,
          info->disk.volume_id, (unsigned long long)info->rsdp_phys);
    print("probe: %s\r\n", failures == 0 ? "PASS" : "FAIL");
    outb(DEBUG_EXIT, failures == 0 ? EXIT_PASS : EXIT_FAIL);
}
