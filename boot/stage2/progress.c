/*
 * The progress bar. Loads that are half done after a third of a second go by without one.
 */
#include "boot/stage2/progress.h"

#include "boot/stage2/console.h"
#include "boot/stage2/cpu.h"
#include "boot/stage2/io.h"
#include "lib/div64.h"

#define QUIET_MS    300u
#define INTERVAL_MS 250u
#define CELLS       24u
#define LINE_CELLS  70

void progress_start(struct progress *progress, const char *label, uint32_t total) {
    *progress = (struct progress){.label = label, .start_tsc = read_tsc(), .total = total};
}

/* Bytes in ms milliseconds as tenths of a megabyte a second. */
static uint32_t tenths_mb_per_s(uint32_t bytes, uint32_t ms) {
    uint32_t remainder;

    return (uint32_t)div64_u32((uint64_t)bytes, ms * 100, &remainder);
}

void progress_show(struct progress *progress, uint32_t done) {
    char bar[CELLS + 1];
    uint32_t remainder, ms = cpu_elapsed_ms(progress->start_tsc);

    done = MIN(done, progress->total);
    if (!progress->label || ms < QUIET_MS || ms - progress->shown_ms < INTERVAL_MS ||
        (progress->shown_ms == 0 && done > progress->total / 2)) /* nearly there: no bar now */
        return;
    progress->shown_ms = ms;
    uint32_t full = (uint32_t)div64_u32((uint64_t)done * CELLS, progress->total, &remainder);
    uint32_t rate = tenths_mb_per_s(done, ms);

    for (uint32_t i = 0; i < CELLS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[CELLS] = '\0';
    console_rewind();
    console_step(progress->label);
    console_printf("[%s] %u of %u KiB, %u.%u MB/s ", bar, done >> 10, progress->total >> 10,
                   rate / 10, rate % 10);
}

void progress_end(struct progress *progress) {
    if (progress->shown_ms == 0)
        return;
    console_rewind();
    console_printf("%*s", LINE_CELLS, "");
    console_rewind();
    console_step(progress->label);
}

void progress_print_rate(uint64_t start_tsc, uint32_t bytes) {
    uint32_t ms = cpu_elapsed_ms(start_tsc);

    if (ms == 0)
        return;
    uint32_t rate = tenths_mb_per_s(bytes, ms);

    console_printf(", %u.%u MB/s", rate / 10, rate % 10);
}
