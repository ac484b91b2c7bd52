/* Names of calls: "PC/AT Technical Reference", EDD 3.0, VBE 3.0, ACPI 6.4 §15.1, "Ralf Brown's Interrupt List". */
#include "user/boottrace/bios_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CARRY 1u
#define ANY 0x100u

static const struct {
    unsigned vector, function; /* AH, or ANY */
    const char *name;
} call_names[] = {
    {0x10, 0x00, "set video mode"},    {0x10, 0x01, "cursor shape"},     {0x10, 0x02, "move cursor"},
    {0x10, 0x03, "where is the cursor"}, {0x10, 0x06, "scroll up"},      {0x10, 0x09, "write characters"},
    {0x10, 0x0e, "write a character"}, {0x10, 0x0f, "which video mode"}, {0x10, 0x4f, "VESA BIOS"},
    {0x12, ANY, "memory below 1 MiB"}, {0x13, 0x00, "reset disk"},       {0x13, 0x02, "read"},
    {0x13, 0x08, "disk geometry"},     {0x13, 0x41, "EDD there?"},       {0x13, 0x42, "read"},
    {0x13, 0x48, "disk parameters"},   {0x15, 0x24, "A20 gate"},         {0x15, 0x86, "wait"},
    {0x15, 0x88, "memory above 1 MiB"}, {0x15, 0xe8, "memory map"},      {0x15, 0xec, "64-bit code follows"},
    {0x16, ANY, "keyboard"},           {0x18, ANY, "next boot device"},  {0x1a, ANY, "clock"},
};

static const char *name_of(unsigned vector, unsigned function) {
    for (size_t i = 0; i < sizeof call_names / sizeof *call_names; i++)
        if (call_names[i].vector == vector && (call_names[i].function == ANY || call_names[i].function == function))
            return call_names[i].name;
    return "";
}

static const struct table *sorted_calls; /* qsort passes no context */

static int compare_duration(const void *a, const void *b) {
    const size_t *left = a, *right = b;
    uint64_t left_ticks = table_number(sorted_calls, *left, "ticks");
    uint64_t right_ticks = table_number(sorted_calls, *right, "ticks");

    if (left_ticks != right_ticks)
        return left_ticks < right_ticks ? 1 : -1;
    return *left < *right ? -1 : 1;
}

static const char *const registers[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ds", "es"};

static void print_register_names(void) {
    printf("     ");
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        printf(" %-*s", registers[i][0] == 'e' && registers[i][2] ? 8 : 4, registers[i]);
    printf(" flags\n");
}

static void print_registers(const struct table *calls, size_t row, const char *title, const char *prefix) {
    char heading[32];

    printf("  %-3s", title);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++) {
        snprintf(heading, sizeof heading, "%s%s", prefix, registers[i]);
        printf(" %s", table_text(calls, row, heading));
    }
    snprintf(heading, sizeof heading, "%sflags", prefix);
    printf(" %s\n", table_text(calls, row, heading));
}

static void print_call(const struct bios_listing *listing, const struct table *calls, size_t row) {
    unsigned vector = (unsigned)table_hex(calls, row, "vector");
    unsigned function = (unsigned)(table_hex(calls, row, "eax") >> 8 & 0xff);
    double ticks_per_ms = (double)listing->tsc_hz / 1000.0;

    printf("%4s", table_text(calls, row, "number"));
    if (listing->tsc_hz)
        printf("%9.2f%9.3f", (double)table_number(calls, row, "time_ns") / 1e6,
               (double)table_number(calls, row, "ticks") / ticks_per_ms);
    printf("%6s %-7s %02Xh AH=%02X  %s", table_text(calls, row, "calls"), table_text(calls, row, "step"), vector,
           function, name_of(vector, function));
    if (table_number(calls, row, "sectors"))
        printf(" %s at %s", table_text(calls, row, "sectors"), table_text(calls, row, "lba"));
    if (table_hex(calls, row, "out_flags") & CARRY)
        printf("; CF, AH=%02X", (unsigned)(table_hex(calls, row, "out_eax") >> 8 & 0xff));
    printf("\n");
    if (listing->registers) {
        print_registers(calls, row, "in", "");
        print_registers(calls, row, "out", "out_");
    }
}

static bool list_calls(const struct bios_listing *listing, const struct table *calls) {
    size_t *order = calloc(calls->rows + 1, sizeof *order);

    if (!order)
        return false;
    for (size_t i = 0; i < calls->rows; i++)
        order[i] = i;
    sorted_calls = calls;
    if (!listing->in_order)
        qsort(order, calls->rows, sizeof *order, compare_duration);
    printf("%4s%s%6s %-7s %s\n", "no", listing->tsc_hz ? "    at ms  ms long" : "", "calls", "step", "interrupt");
    if (listing->registers)
        print_register_names();
    for (size_t i = 0; i < calls->rows && i < listing->limit; i++)
        print_call(listing, calls, order[i]);
    free(order);
    return true;
}

bool bios_calls_print(const struct bios_listing *listing) {
    struct table calls;

    if (!table_read(&calls, listing->folder, "bios_calls"))
        return false;
    bool done = list_calls(listing, &calls);

    if (calls.rows > listing->limit)
        printf("%zu more; --all shows them\n", calls.rows - listing->limit);
    table_free(&calls);
    return done;
}
