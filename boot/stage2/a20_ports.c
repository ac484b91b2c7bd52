/*
 * The ports of the A20 line's switches: the machine's.
 */
#include "boot/stage2/a20_ports.h"

#include "boot/stage2/io.h"

uint8_t a20_inb(uint16_t port) {
    return inb(port);
}

void a20_outb(uint16_t port, uint8_t value) {
    outb(port, value);
}
