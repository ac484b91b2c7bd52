/* 8254 programming: data sheet, "Control word format" and "Mode definitions". */
#include "kernel/time/pit.h"

#include "kernel/arch/io.h"
#include "lib/bits.h"

enum pit_port { PIT_CHANNEL_0 = 0x40, PIT_CHANNEL_2 = 0x42, PIT_CONTROL = 0x43, SYSTEM_CONTROL = 0x61 };

#define CONTROL_CHANNEL_0_MODE_0 0x30 /* both bytes, interrupt on terminal count */
#define CONTROL_CHANNEL_2_MODE_2 0xb4 /* both bytes, rate generator: counts by one */
#define CONTROL_LATCH_CHANNEL_2 0x80
#define GATE_2 BIT(0) /* of port 0x61, IBM AT Technical Reference */
#define SPEAKER BIT(1)

void pit_reference_start(void) {
    io_out8(SYSTEM_CONTROL, (uint8_t)((io_in8(SYSTEM_CONTROL) & ~SPEAKER) | GATE_2));
    io_out8(PIT_CONTROL, CONTROL_CHANNEL_2_MODE_2);
    io_out8(PIT_CHANNEL_2, 0); /* 0 means 65536 */
    io_out8(PIT_CHANNEL_2, 0);
}

uint32_t pit_reference_read(void) {
    io_out8(PIT_CONTROL, CONTROL_LATCH_CHANNEL_2);
    uint32_t count = io_in8(PIT_CHANNEL_2);
    count |= (uint32_t)io_in8(PIT_CHANNEL_2) << 8;
    return -count & UINT16_MAX;
}

void pit_one_shot(uint32_t ticks) {
    io_out8(PIT_CONTROL, CONTROL_CHANNEL_0_MODE_0);
    io_out8(PIT_CHANNEL_0, (uint8_t)ticks);
    io_out8(PIT_CHANNEL_0, (uint8_t)(ticks >> 8));
}
