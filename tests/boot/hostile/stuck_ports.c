/*
 * In place of boot/stage2/a20_ports.c in a stage2 for tests: switches of the A20 line that do not
 * work, as the misbehaving BIOS' parameters say. The line itself is real: the boot sector has
 * switched it off, and what is not passed on to the ports here leaves it so.
 */
#include "boot/stage2/a20_ports.h"

#include <stdbool.h>

#include "boot/stage2/io.h"
#include "tests/boot/hostile/faults.h"

enum port {
    KBC_DATA = 0x60,
    KBC_STATUS = 0x64,
    KBC_OUTPUT_FULL = 1,
    KBC_INPUT_FULL = 2,
    PORT_A = 0x92,
    COM2_DATA = 0x2f8,
    COM2_STATUS = 0x2fd,
    COM_CAN_SEND = 0x20,
    ABSENT = 0xff
};

#define FIRST_LETTER 0x30u
#define SAID_MAX     100u /* busy loops ask very often */
#define PATIENCE     100000u

/* True if the fault is on; it takes effect now. */
static bool suffers(unsigned fault) {
    static uint8_t said[FAULT_COUNT];
    const volatile uint16_t *parameters =
        (const volatile uint16_t *)(HOSTILE_PHYS + HOSTILE_PARAMETERS);

    if (parameters[fault] == 0)
        return false;
    if (said[fault] < SAID_MAX) {
        for (unsigned i = 0; i < PATIENCE && !(inb(COM2_STATUS) & COM_CAN_SEND); i++)
            continue;
        outb(COM2_DATA, (uint8_t)(FIRST_LETTER + fault));
        said[fault]++;
    }
    return true;
}

uint8_t a20_inb(uint16_t port) {
    if (port == PORT_A)
        return suffers(FAULT_PORT_A_ABSENT) ? ABSENT : inb(port);
    if (suffers(FAULT_KBC_ABSENT))
        return ABSENT;
    if (port == KBC_STATUS && suffers(FAULT_KBC_BUSY))
        return KBC_INPUT_FULL;
    if (suffers(FAULT_KBC_CHATTERS))
        return port == KBC_STATUS ? KBC_OUTPUT_FULL : 0;
    return inb(port);
}

void a20_outb(uint16_t port, uint8_t value) {
    bool keyboard = port == KBC_STATUS || port == KBC_DATA;

    if (port == PORT_A && (suffers(FAULT_PORT_A_ABSENT) || suffers(FAULT_PORT_A_DEAF)))
        return;
    if (keyboard && suffers(FAULT_KBC_DEAF))
        return;
    outb(port, value);
}
