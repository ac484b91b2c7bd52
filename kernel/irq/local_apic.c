/* Local APIC registers, SDM 3A §10.4 (xAPIC) and §10.12 (x2APIC). */
#include "kernel/irq/local_apic.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/mm/kernel_map.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"

/* Offsets from the base, table 10-1; the MSR of x2APIC is 0x800 + offset / 16, table 10-6. */
enum apic_register {
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_ERROR_STATUS = 0x280,
    APIC_COMMAND_LOW = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_X2APIC BIT(10) /* SDM 3A §10.12.1 */
#define APIC_BASE_ENABLED BIT(11)
#define APIC_SOFTWARE_ENABLED BIT(8)  /* in the spurious-interrupt register, §10.9 */
#define APIC_LVT_MASKED BIT(16)       /* §10.5.1 */
#define APIC_LVT_NMI (4u << 8)
#define APIC_LVT_TSC_DEADLINE (2u << 17)
#define APIC_COMMAND_PENDING BIT(12)  /* §10.6.1 */
#define APIC_COMMAND_ASSERT BIT(14)
#define APIC_COMMAND_NMI (4u << 8)
#define APIC_COMMAND_INIT (5u << 8)
#define APIC_COMMAND_STARTUP (6u << 8)
#define APIC_DIVIDE_BY_16 3u          /* §10.5.4 figure 10-10 */
#define APIC_REGISTERS_SIZE 0x400u
#define X2APIC_MSR_BASE 0x800u
#define X2APIC_MSR_COMMAND 0x830u
#define MSR_TSC_DEADLINE 0x6e0u
#define COMMAND_SPINS 100000u
#define STARTUP_END 0x100000u /* a CPU starts in real mode */
#define XAPIC_BROADCAST 0xffu /* §10.6.2.1 */

static volatile uint8_t *registers; /* NULL in x2APIC mode */
static bool in_use;

static uint32_t apic_read(enum apic_register reg) {
    if (!registers)
        return (uint32_t)msr_read((enum cpu_msr)(X2APIC_MSR_BASE + reg / 16));
    return *(volatile uint32_t *)(volatile void *)(registers + reg);
}

static void apic_write(enum apic_register reg, uint32_t value) {
    if (!registers)
        msr_write((enum cpu_msr)(X2APIC_MSR_BASE + reg / 16), value);
    else
        *(volatile uint32_t *)(volatile void *)(registers + reg) = value;
}

int local_apic_init(phys_addr_t phys) {
    if (!cpu_has(CPU_APIC))
        return -ENODEV;
    if (!(msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC)) {
        registers = kernel_map_device(phys, APIC_REGISTERS_SIZE, MAP_UNCACHED);
        if (!registers)
            return -ENOMEM;
    }
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLED);
    in_use = true;
    return 0;
}

void local_apic_init_cpu(void) {
    ASSERT(in_use);
    /* A CPU that was started may be in the other mode than the boot CPU. */
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLED | (registers ? 0 : APIC_BASE_X2APIC));
    apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLED | IRQ_VECTOR_SPURIOUS);
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | (IRQ_VECTOR_LOCAL + IRQ_LOCAL_TIMER));
    apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
    apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
    apic_write(APIC_LVT_ERROR, IRQ_VECTOR_LOCAL + IRQ_LOCAL_ERROR);
    local_apic_error();
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    apic_write(APIC_TIMER_INITIAL, 0);
    apic_write(APIC_LVT_TIMER, IRQ_VECTOR_LOCAL + IRQ_LOCAL_TIMER);
    apic_write(APIC_EOI, 0); /* whatever the firmware left in service */
}

bool local_apic_in_use(void) {
    return in_use;
}

uint32_t local_apic_id(void) {
    uint32_t id = apic_read(APIC_ID);
    return registers ? id >> 24 : id;
}

void local_apic_end(void) {
    apic_write(APIC_EOI, 0);
}

static void send_command(uint32_t apic_id, uint32_t command) {
    if (!registers) {
        msr_write((enum cpu_msr)X2APIC_MSR_COMMAND, (uint64_t)apic_id << 32 | command);
        return;
    }
    /* Two registers: an interrupt between the writes could send one of its own. */
    uint64_t flags = irq_save();
    for (unsigned spins = 0; spins < COMMAND_SPINS; spins++) {
        if (!(apic_read(APIC_COMMAND_LOW) & APIC_COMMAND_PENDING))
            break;
        cpu_pause();
    }
    apic_write(APIC_COMMAND_HIGH, apic_id << 24);
    apic_write(APIC_COMMAND_LOW, command);
    irq_restore(flags);
}

void local_apic_send(uint32_t apic_id, unsigned vector) {
    send_command(apic_id, APIC_COMMAND_ASSERT | vector);
}

void local_apic_send_nmi(uint32_t apic_id) {
    send_command(apic_id, APIC_COMMAND_ASSERT | APIC_COMMAND_NMI);
}

void local_apic_send_init(uint32_t apic_id) {
    send_command(apic_id, APIC_COMMAND_ASSERT | APIC_COMMAND_INIT);
}

void local_apic_send_startup(uint32_t apic_id, phys_addr_t page) {
    ASSERT(IS_ALIGNED(page, PAGE_SIZE) && page < STARTUP_END);
    send_command(apic_id, APIC_COMMAND_ASSERT | APIC_COMMAND_STARTUP | (uint32_t)(page >> PAGE_SHIFT));
}

bool local_apic_can_reach(uint32_t apic_id) {
    return !registers || apic_id < XAPIC_BROADCAST;
}

uint32_t local_apic_error(void) {
    apic_write(APIC_ERROR_STATUS, 0); /* latches: write before read */
    return apic_read(APIC_ERROR_STATUS);
}

void local_apic_timer_start(uint32_t count) {
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t local_apic_timer_count(void) {
    return apic_read(APIC_TIMER_CURRENT);
}

void local_apic_timer_use_deadline(void) {
    apic_write(APIC_LVT_TIMER, APIC_LVT_TSC_DEADLINE | (IRQ_VECTOR_LOCAL + IRQ_LOCAL_TIMER));
    memory_barrier(); /* the mode must be on before the first deadline: SDM 3A §10.5.4.1 */
}

void local_apic_timer_deadline(uint64_t tsc) {
    msr_write((enum cpu_msr)MSR_TSC_DEADLINE, tsc);
}
