/*
 * IO-APIC: redirection of global system interrupts to vectors of a CPU.
 * Locks: `lock` guards the index/data register pair of all IO-APICs.
 * Spec: 82093AA data sheet §3.
 */
#define LOG_TAG "irq"
#include "kernel/irq/io_apic.h"

#include "kernel/irq/local_apic.h"
#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/sync/spinlock.h"
#include "lib/errno.h"

/* §3.1: memory-mapped registers; §3.2: the registers behind them */
#define IO_APIC_INDEX 0x00u
#define IO_APIC_DATA 0x10u
#define IO_APIC_REGISTERS_SIZE 0x20u
#define REGISTER_VERSION 0x01u
#define REGISTER_REDIRECTION 0x10u
#define VERSION_LAST_PIN(version) (((version) >> 16 & 0xff))

/* §3.2.4 redirection entry; fixed delivery to a physical destination are zeros */
#define ENTRY_ACTIVE_LOW BIT(13)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_DESTINATION_SHIFT 24u /* in the upper half */

struct io_apic {
    volatile uint8_t *registers;
    uint32_t gsi_base, pin_count;
};

DEFINE_LOCK_CLASS(io_apic_lock_class, "io_apic");
static struct spinlock lock = SPINLOCK_INIT(io_apic_lock_class);
static struct io_apic io_apics[ACPI_IO_APIC_MAX];
static unsigned io_apic_count;
static uint32_t boot_apic_id;

static volatile uint32_t *register_at(const struct io_apic *apic, unsigned offset) {
    return (volatile uint32_t *)(volatile void *)(apic->registers + offset);
}

static uint32_t io_apic_read(const struct io_apic *apic, uint32_t index) {
    uint64_t flags = spin_lock_irqsave(&lock);
    *register_at(apic, IO_APIC_INDEX) = index;
    uint32_t value = *register_at(apic, IO_APIC_DATA);
    spin_unlock_irqrestore(&lock, flags);
    return value;
}

static void io_apic_write(const struct io_apic *apic, uint32_t index, uint32_t value) {
    uint64_t flags = spin_lock_irqsave(&lock);
    *register_at(apic, IO_APIC_INDEX) = index;
    *register_at(apic, IO_APIC_DATA) = value;
    spin_unlock_irqrestore(&lock, flags);
}

static const struct io_apic *find(unsigned gsi) {
    for (unsigned i = 0; i < io_apic_count; i++) {
        if (gsi >= io_apics[i].gsi_base && gsi - io_apics[i].gsi_base < io_apics[i].pin_count)
            return &io_apics[i];
    }
    return NULL;
}

bool io_apic_has_line(unsigned gsi) {
    return find(gsi) != NULL;
}

/* Masked first, the upper half before the lower: the entry is never half valid. */
static void write_entry(unsigned gsi, uint32_t low, uint32_t high) {
    const struct io_apic *apic = find(gsi);
    if (!apic)
        return;
    uint32_t index = REGISTER_REDIRECTION + 2 * (gsi - apic->gsi_base);
    io_apic_write(apic, index, ENTRY_MASKED);
    io_apic_write(apic, index + 1, high);
    io_apic_write(apic, index, low);
}

static void io_apic_enable(unsigned gsi, enum irq_trigger trigger, unsigned vector) {
    uint32_t low = vector;

    if (trigger == IRQ_LEVEL_LOW || trigger == IRQ_LEVEL_HIGH)
        low |= ENTRY_LEVEL;
    if (trigger == IRQ_LEVEL_LOW || trigger == IRQ_EDGE_LOW)
        low |= ENTRY_ACTIVE_LOW;
    write_entry(gsi, low, boot_apic_id << ENTRY_DESTINATION_SHIFT);
}

static void io_apic_mask(unsigned gsi) {
    write_entry(gsi, ENTRY_MASKED, 0);
}

static void io_apic_end(unsigned gsi) {
    (void)gsi;
    local_apic_end(); /* broadcast to the IO-APICs for level interrupts, SDM 3A §10.8.5 */
}

const struct irq_chip io_apic_chip = {
    .name = "IO-APIC",
    .enable = io_apic_enable,
    .mask = io_apic_mask,
    .end = io_apic_end,
};

static void add(uint64_t phys, uint32_t gsi_base) {
    struct io_apic *apic = &io_apics[io_apic_count];

    apic->registers = kernel_map_device(phys, IO_APIC_REGISTERS_SIZE, MAP_UNCACHED);
    if (!apic->registers)
        return;
    uint32_t version = io_apic_read(apic, REGISTER_VERSION);
    if (version == UINT32_MAX || gsi_base >= IRQ_LINES_MAX) {
        log_warn("no usable IO-APIC at %#llx", (unsigned long long)phys);
        kernel_unmap_device((void *)(uintptr_t)apic->registers, IO_APIC_REGISTERS_SIZE);
        return;
    }
    apic->gsi_base = gsi_base;
    apic->pin_count = MIN(VERSION_LAST_PIN(version) + 1, IRQ_LINES_MAX - gsi_base);
    io_apic_count++;
    for (uint32_t pin = 0; pin < apic->pin_count; pin++)
        io_apic_mask(gsi_base + pin);
}

int io_apic_init(const struct acpi_madt *madt) {
    boot_apic_id = local_apic_id();
    for (unsigned i = 0; i < madt->io_apic_count; i++)
        add(madt->io_apics[i].phys, madt->io_apics[i].gsi_base);
    return io_apic_count ? 0 : -ENODEV;
}
