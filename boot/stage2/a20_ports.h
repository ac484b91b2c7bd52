/*
 * The ports of the A20 line's switches. Two functions of their own, so that a test can link a
 * stage2 with others in their place, whose switches are stuck (tests/boot/hostile/stuck_ports.c).
 */
#pragma once

#include <stdint.h>

uint8_t a20_inb(uint16_t port);
void a20_outb(uint16_t port, uint8_t value);
