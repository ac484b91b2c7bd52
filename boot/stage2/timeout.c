/*
 * Two clocks, either of which may stand still. Facts: "PC/AT Technical Reference" (BIOS data area).
 */
#include "boot/stage2/timeout.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/cpu.h"
#include "boot/stage2/io.h"
#include "boot/stage2/state.h"

#define TICK_US       54925u /* 65536 / 1193182 s */
#define STEP_MIN_MS   (TICK_US / 1000u + 1u)
#define STEPS         32u    /* the part of the limit that counts of a pause */
#define TSC_SLACK     2u     /* the loader's figure for the TSC's rate is an estimate */
#define FAST_TSC_BITS 22u    /* an unknown rate is taken as 2^22 kHz: above that of any PC */

void timeout_start(struct timeout *timeout, uint32_t limit_ms) {
    *timeout = (struct timeout){.start_tsc = cpu_has_tsc() ? read_tsc() : 0,
                                .limit_ms = MIN(limit_ms, TIMEOUT_MAX_MS),
                                .start_ticks = bios_word(BDA_TICKS)};
}

static uint32_t tsc_elapsed_ms(const struct timeout *timeout) {
    if (timeout->start_tsc == 0)
        return 0;
    if (boot_info()->cpu.tsc_khz != 0)
        return cpu_elapsed_ms(timeout->start_tsc) / TSC_SLACK;
    return (uint32_t)((read_tsc() - timeout->start_tsc) >> FAST_TSC_BITS) / TSC_SLACK;
}

static uint32_t elapsed_ms(const struct timeout *timeout) {
    uint16_t ticks = (uint16_t)(bios_word(BDA_TICKS) - timeout->start_ticks); /* midnight: too many, a pause */
    uint32_t ticks_ms = ticks * (TICK_US / 25u) / 40u; /* in steps that fit 32 bits */

    return MAX(ticks_ms, tsc_elapsed_ms(timeout));
}

uint32_t timeout_left_ms(struct timeout *timeout) {
    uint32_t now_ms = elapsed_ms(timeout);
    uint32_t step_ms = now_ms > timeout->seen_ms ? now_ms - timeout->seen_ms : 0;

    timeout->seen_ms = now_ms;
    timeout->counted_ms += MIN(step_ms, MAX(timeout->limit_ms / STEPS, STEP_MIN_MS));
    return timeout->counted_ms < timeout->limit_ms ? timeout->limit_ms - timeout->counted_ms : 0;
}
