#include "user/boottrace/chart.h"

#include <stdio.h>
#include <string.h>

#define BAR_CELLS 26u
#define MS_PER_S 1000.0
#define LINES_ABOVE 4u /* usually: remarks come on top */

/* Background colours (ECMA-48 §8.3.117) and the letters that stand for them without colours. */
static const struct style {
    const char *name, *colour;
    char letter;
} bios_style = {"BIOS", "\033[43m", 'B'}, styles[] = {
    [OWNER_LOADER] = {"loader", "\033[44m", 'l'},
    [OWNER_KERNEL] = {"kernel", "\033[42m", 'k'},
    [OWNER_PROGRAMS] = {"programs", "\033[46m", 'p'},
};
#define PLAIN "\033[0m"
#define BOLD "\033[1m"

static double milliseconds(const struct timeline *timeline, uint64_t ticks) {
    return (double)ticks * MS_PER_S / (double)timeline->tsc_hz;
}

static uint64_t phase_ticks(const struct phase *phase) {
    return phase->end_tsc - phase->start_tsc;
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_cells(const struct style *style, bool colours, unsigned count) {
    if (count == 0)
        return;
    printf("%s", colours ? style->colour : "");
    for (unsigned i = 0; i < count; i++)
        putchar(colours ? ' ' : style->letter);
    printf("%s", colours ? PLAIN : "");
}

/* Where a moment lies on the bar, in cells. */
static unsigned cell_of(const struct timeline *timeline, uint64_t tsc) {
    double whole = (double)(timeline->end_tsc - timeline->start_tsc);
    if (tsc <= timeline->start_tsc || tsc >= timeline->end_tsc)
        return tsc <= timeline->start_tsc ? 0 : BAR_CELLS;
    return (unsigned)((double)(tsc - timeline->start_tsc) * BAR_CELLS / whole);
}

static void print_bar(const struct timeline *timeline, const struct phase *phase, bool colours) {
    unsigned start = cell_of(timeline, phase->start_tsc), end = cell_of(timeline, phase->end_tsc);
    if (start >= BAR_CELLS)
        start = BAR_CELLS - 1;
    unsigned length = end > start ? end - start : 1;
    unsigned bios = (unsigned)(percent(phase->bios_ticks, phase_ticks(phase)) * length / 100.0 + 0.5);

    printf("%*s", (int)start, "");
    print_cells(&bios_style, colours, bios);
    print_cells(&styles[phase->owner], colours, length - bios);
    putchar('\n');
}

static void print_load(const struct timeline *timeline, const struct phase *phase) {
    double seconds = (double)phase_ticks(phase) / (double)timeline->tsc_hz;

    if (phase->bytes == 0)
        printf("%18s", "");
    else
        printf("%10llu %7.1f", (unsigned long long)phase->bytes,
               seconds > 0 ? (double)phase->bytes / 1e6 / seconds : 0.0);
}

static void print_phase(const struct timeline *timeline, const struct phase *phase, bool colours) {
    uint64_t ticks = phase_ticks(phase);

    printf("%-13s%9.2f%5.1f%%", phase->name, milliseconds(timeline, ticks),
           percent(ticks, timeline->end_tsc - timeline->start_tsc));
    if (phase->owner != OWNER_LOADER)
        printf("%6s", "");
    else if (phase->bios_known)
        printf("%5.0f%%", percent(phase->bios_ticks, ticks));
    else
        printf("%6s", "?");
    print_load(timeline, phase);
    printf("  ");
    print_bar(timeline, phase, colours);
}

static uint64_t owner_ticks(const struct timeline *timeline, enum owner owner) {
    uint64_t ticks = 0;

    for (size_t i = 0; i < timeline->count; i++)
        if (timeline->phases[i].owner == owner)
            ticks += phase_ticks(&timeline->phases[i]);
    return ticks;
}

/* The colours, and how long whose work took. */
static void print_legend(const struct timeline *timeline, bool colours) {
    for (enum owner owner = OWNER_LOADER; owner <= OWNER_PROGRAMS; owner++) {
        print_cells(&styles[owner], colours, 2);
        printf(" %s %.1f ms  ", styles[owner].name, milliseconds(timeline, owner_ticks(timeline, owner)));
    }
    print_cells(&bios_style, colours, 2);
    printf(" %s\n", bios_style.name);
}

static void print_bios(const struct timeline *timeline) {
    const char *folder = timeline->folder;
    uint64_t calls = value_read(folder, "info", "bios_calls"), ticks = value_read(folder, "info", "bios_ticks");
    uint64_t dropped = value_read(folder, "info", "bios_dropped_calls");

    printf("stage2 called the BIOS %llu times; that is %.1f ms of the loader's\n", (unsigned long long)calls,
           milliseconds(timeline, ticks));
    if (dropped)
        printf("%llu of these calls, %.1f ms, were too many for the log of --bios\n", (unsigned long long)dropped,
               milliseconds(timeline, value_read(folder, "info", "bios_dropped_ticks")));
}

static void print_remarks(const struct timeline *timeline) {
    if (timeline->lost_events)
        printf("the first %llu events are lost: more came than are kept\n",
               (unsigned long long)timeline->lost_events);
    if (timeline->retries)
        printf("%u reads of the disk failed at first\n", timeline->retries);
    if (timeline->warnings)
        printf("%u warnings of the loader\n", timeline->warnings);
    if (!timeline->reached_prompt)
        printf("no shell has waited for input yet: this ends with the last event there is\n");
}

/* How many phases are longer than this one; of two equally long the first counts as longer. */
static size_t rank(const struct timeline *timeline, size_t index) {
    uint64_t ticks = phase_ticks(&timeline->phases[index]);
    size_t longer = 0;

    for (size_t i = 0; i < timeline->count; i++) {
        uint64_t other = phase_ticks(&timeline->phases[i]);
        longer += other > ticks || (other == ticks && i < index);
    }
    return longer;
}

static void print_phases(const struct timeline *timeline, const struct chart *chart, size_t shown) {
    uint64_t left_out = 0;

    for (size_t i = 0; i < timeline->count; i++) {
        if (rank(timeline, i) < shown)
            print_phase(timeline, &timeline->phases[i], chart->colours);
        else
            left_out += phase_ticks(&timeline->phases[i]);
    }
    if (shown < timeline->count)
        printf("and %zu shorter ones, %.2f ms together; --all shows them\n", timeline->count - shown,
               milliseconds(timeline, left_out));
}

void chart_print(const struct timeline *timeline, const struct chart *chart) {
    double total_ms = milliseconds(timeline, timeline->end_tsc - timeline->start_tsc);
    bool fits = chart->lines == 0 || timeline->count + LINES_ABOVE <= chart->lines;

    printf("%sFrom the boot sector to %s: %.1f ms%s (TSC at %.1f MHz)\n", chart->colours ? BOLD : "",
           timeline->reached_prompt ? "the prompt" : "here", total_ms, chart->colours ? PLAIN : "",
           (double)timeline->tsc_hz / 1e6);
    print_bios(timeline);
    print_remarks(timeline);
    print_legend(timeline, chart->colours);
    printf("%-13s%9s%6s%6s%10s%8s  0%*.0f ms\n", "", "ms", "share", "BIOS", "bytes", "MB/s", (int)BAR_CELLS - 4, total_ms);
    print_phases(timeline, chart, fits ? timeline->count : chart->lines - LINES_ABOVE - 1);
}

void chart_print_order(const struct timeline *timeline) {
    printf("This processor has no time stamp counter that can be used: only the order is known.\n");
    print_remarks(timeline);
    for (size_t i = 0; i < timeline->count; i++)
        printf("%-13s %s\n", timeline->phases[i].name, styles[timeline->phases[i].owner].name);
}
