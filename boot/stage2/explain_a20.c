/*
 * Page: address line A20.
 */
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"

static const char *const methods[FACTS_A20_TRIES] = {
    "as the BIOS left it",
    "INT 15h AX=2401h",
    "keyboard controller",
    "port 92h, bit 1",
};

static void print_test(unsigned i) {
    const struct a20_test *test = &boot_facts.a20[i];

    console_printf("  %u %-20s ", i, methods[i]);
    if (test->passes == 0)
        console_printf("not needed\n");
    else
        console_printf("%08x  %08x  %08x %7u  %s\n", test->written, test->low, test->high,
                       test->passes, test->low != test->high ? "on" : "off");
}

unsigned explain_a20(unsigned part) {
    (void)part;
    console_printf(
        "The 8086 had 20 address lines, A0 to A19: behind ffff:000f addresses began again at\n"
        "0, and some programs relied on it. The PC/AT, with more lines, therefore got a gate\n"
        "that holds line A20 at 0. While it does, 100500 is 500, and half of all memory (every\n"
        "second MiB) cannot be reached.\n\n"
        "   500 = 0000 0000 0000 0101 0000 0000\n"
        "100500 = 0001 0000 0000 0101 0000 0000\n"
        "            ^ A20\n\n"
        "The test: write to 500 what is not at 100500, and read both. Different: two places,\n"
        "so A20 is on. The same, often enough: the gate is shut; the next method is tried.\n\n"
        "  method                 wrote 500 read 500  read 100500 passes  A20\n");
    for (unsigned i = 0; i < FACTS_A20_TRIES; i++)
        print_test(i);
    return 1;
}
