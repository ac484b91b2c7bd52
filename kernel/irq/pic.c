/*
 * 8259A pair: the only controller of machines without APIC, and silenced on all others.
 * Spec: 8259A data sheet, "Initialization command words" and "Operation command words".
 */
#include "kernel/irq/pic.h"

#include "kernel/arch/io.h"
#include "kernel/irq/vectors.h"
#include "lib/bits.h"

enum pic_port { MASTER_COMMAND = 0x20, MASTER_DATA = 0x21, SLAVE_COMMAND = 0xa0, SLAVE_DATA = 0xa1 };

#define ICW1_INIT_WITH_ICW4 0x11
#define ICW3_MASTER_SLAVE_ON_2 0x04
#define ICW3_SLAVE_IDENTITY_2 0x02
#define ICW4_8086 0x01
#define OCW2_SPECIFIC_END 0x60
#define OCW3_READ_ISR 0x0b
#define LINES_PER_CHIP 8u
#define CASCADE_LINE 2u

static uint16_t masked = 0xffff;

static void write_masks(void) {
    io_out8(MASTER_DATA, (uint8_t)masked);
    io_out8(SLAVE_DATA, (uint8_t)(masked >> LINES_PER_CHIP));
}

/* Old chips need a pause between command words. */
static void command(uint16_t port, uint8_t value) {
    io_out8(port, value);
    io_delay();
}

void pic_init(void) {
    command(MASTER_COMMAND, ICW1_INIT_WITH_ICW4);
    command(SLAVE_COMMAND, ICW1_INIT_WITH_ICW4);
    command(MASTER_DATA, IRQ_VECTOR_PIC);
    command(SLAVE_DATA, IRQ_VECTOR_PIC + LINES_PER_CHIP);
    command(MASTER_DATA, ICW3_MASTER_SLAVE_ON_2);
    command(SLAVE_DATA, ICW3_SLAVE_IDENTITY_2);
    command(MASTER_DATA, ICW4_8086);
    command(SLAVE_DATA, ICW4_8086);
    write_masks();
}

static void pic_enable(unsigned line, enum irq_trigger trigger, unsigned vector) {
    (void)trigger; /* edge or level is the board's choice (ELCR) and already made */
    (void)vector;
    masked &= (uint16_t)~BIT(line);
    if (line >= LINES_PER_CHIP)
        masked &= (uint16_t)~BIT(CASCADE_LINE);
    write_masks();
}

static void pic_mask(unsigned line) {
    masked |= (uint16_t)BIT(line);
    write_masks();
}

static void pic_end(unsigned line) {
    if (line >= LINES_PER_CHIP) {
        io_out8(SLAVE_COMMAND, (uint8_t)(OCW2_SPECIFIC_END | (line - LINES_PER_CHIP)));
        line = CASCADE_LINE;
    }
    io_out8(MASTER_COMMAND, (uint8_t)(OCW2_SPECIFIC_END | line));
}

/* A request that vanished before it was acknowledged shows as line 7 with its in-service bit clear. */
static bool pic_is_spurious(unsigned line) {
    if (line % LINES_PER_CHIP != LINES_PER_CHIP - 1)
        return false;
    uint16_t port = line < LINES_PER_CHIP ? MASTER_COMMAND : SLAVE_COMMAND;
    io_out8(port, OCW3_READ_ISR);
    if (io_in8(port) & BIT(LINES_PER_CHIP - 1))
        return false;
    if (port == SLAVE_COMMAND)
        pic_end(CASCADE_LINE); /* the master did see its cascade line */
    return true;
}

const struct irq_chip pic_chip = {
    .name = "XT-PIC",
    .enable = pic_enable,
    .mask = pic_mask,
    .is_spurious = pic_is_spurious,
    .end = pic_end,
};
