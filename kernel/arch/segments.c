#include "kernel/arch/segments.h"

#include <stddef.h>

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "lib/bits.h"

/* SDM 3A figure 7-11. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* offset of the I/O permission map; past the limit: none */
    struct port_map ports;
    uint8_t ports_end; /* all ones: SDM 1 §19.5.2 */
} __attribute__((packed));

_Static_assert(offsetof(struct tss, ports) == 104, "SDM 3A figure 7-11");
_Static_assert(offsetof(struct tss, rsp) == 4, "entry.asm reads RSP0 here");

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* SDM 3A figure 6-8. */
struct idt_gate {
    uint16_t offset_0;
    uint16_t selector;
    uint8_t ist;
    uint8_t type; /* present, DPL, type */
    uint16_t offset_16;
    uint32_t offset_32;
    uint32_t reserved;
};

/* Descriptors, SDM 3A §3.4.5: present, code or data, DPL, long. Accessed bits set, so the CPU never writes them. */
#define GDT_KERNEL_CODE 0x00af9b000000ffffull
#define GDT_KERNEL_DATA 0x00cf93000000ffffull
#define GDT_USER_DATA 0x00cff3000000ffffull
#define GDT_USER_CODE 0x00affb000000ffffull
#define GDT_TSS_AVAILABLE 0x89ull /* present 64-bit TSS */
#define GDT_ENTRIES 10

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupt gate: IF is cleared */
#define GATE_USER 0x60      /* DPL 3 */

#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_MACHINE_CHECK 18

/* `tss` is global for entry.asm. */
DECLARE_PER_CPU(struct tss, cpu_tss);
DEFINE_PER_CPU(struct tss, cpu_tss);
static DEFINE_PER_CPU(uint64_t, gdt[GDT_ENTRIES]) __attribute__((aligned(16)));

/* The top 16 bytes of each hold the CPU's GS base, for entries that cannot tell which GS is loaded. */
struct ist_stacks {
    uint8_t bytes[IST_COUNT][IST_STACK_SIZE];
};
_Static_assert(sizeof(struct ist_stacks) == IST_STACKS_SIZE, "segments.h");
static struct ist_stacks boot_ist_stacks __attribute__((aligned(4096)));
static DEFINE_PER_CPU(struct ist_stacks *, ist_stacks);

static struct idt_gate idt[IDT_VECTORS] __attribute__((aligned(16)));

static void tss_init(struct tss *tss) {
    tss->io_map = sizeof *tss;
    tss->ports_end = 0xff;
    for (unsigned i = 0; i < IST_COUNT; i++) {
        uint64_t *top = (uint64_t *)(void *)&this_cpu(ist_stacks)->bytes[i][IST_STACK_SIZE - 16];
        *top = this_cpu(cpu_offset);
        tss->ist[i] = (uintptr_t)top;
    }
}

void segments_init(void *interrupt_stacks) {
    this_cpu(ist_stacks) = interrupt_stacks ? interrupt_stacks : &boot_ist_stacks;
    struct tss *tss = this_cpu_ptr(cpu_tss);
    uint64_t *table = *this_cpu_ptr(gdt);
    uint64_t base = (uintptr_t)tss;
    tss_init(tss);

    table[SELECTOR_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
    table[SELECTOR_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
    table[SELECTOR_USER_DATA / 8] = GDT_USER_DATA;
    table[SELECTOR_USER_CODE / 8] = GDT_USER_CODE;
    /* SDM 3A figure 7-4 */
    table[SELECTOR_TSS / 8] = (sizeof *tss - 1) | (base & 0xffffff) << 16 | GDT_TSS_AVAILABLE << 40 |
                              (base >> 24 & 0xff) << 56;
    table[SELECTOR_TSS / 8 + 1] = base >> 32;

    struct table_register gdtr = {sizeof(uint64_t) * GDT_ENTRIES - 1, (uintptr_t)table};
    __asm__ volatile("lgdt %0" ::"m"(gdtr));
    __asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%ss" ::"r"(SELECTOR_KERNEL_DATA));
    __asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SELECTOR_KERNEL_CODE)
                     : "rax", "memory");
    __asm__ volatile("ltr %w0" ::"r"(SELECTOR_TSS));
}

void segments_set_kernel_stack(uint64_t stack_top) {
    ((volatile __seg_gs struct tss *)(uintptr_t)&cpu_tss)->rsp[0] = stack_top;
}

void segments_set_ports(const struct port_map *ports) {
    struct tss *tss = this_cpu_ptr(cpu_tss);

    if (ports)
        tss->ports = *ports;
    tss->io_map = ports ? offsetof(struct tss, ports) : sizeof *tss;
}

static uint8_t vector_ist(unsigned vector) {
    switch (vector) {
    case VECTOR_DEBUG:
        return IST_DEBUG;
    case VECTOR_NMI:
        return IST_NMI;
    case VECTOR_DOUBLE_FAULT:
        return IST_DOUBLE_FAULT;
    case VECTOR_MACHINE_CHECK:
        return IST_MACHINE_CHECK;
    default:
        return IST_NONE;
    }
}

void idt_init(const uint64_t stubs[IDT_VECTORS]) {
    for (unsigned v = 0; v < IDT_VECTORS; v++) {
        bool user = v == VECTOR_BREAKPOINT || v == VECTOR_OVERFLOW;
        idt[v] = (struct idt_gate){
            .offset_0 = (uint16_t)stubs[v],
            .selector = SELECTOR_KERNEL_CODE,
            .ist = vector_ist(v),
            .type = (uint8_t)(GATE_INTERRUPT | (user ? GATE_USER : 0)),
            .offset_16 = (uint16_t)(stubs[v] >> 16),
            .offset_32 = (uint32_t)(stubs[v] >> 32),
        };
    }
    idt_load();
}

void idt_load(void) {
    struct table_register idtr = {sizeof idt - 1, (uintptr_t)idt};
    __asm__ volatile("lidt %0" ::"m"(idtr));
}

const char *segments_ist_name(uint64_t address) {
    static const char *const names[IST_COUNT] = {"double fault", "NMI", "machine check", "debug"};
    uint64_t offset = address - (uintptr_t)this_cpu(ist_stacks);
    return offset < sizeof(struct ist_stacks) ? names[offset / IST_STACK_SIZE] : NULL;
}
