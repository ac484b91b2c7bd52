/*
 * Page: address line A20.
 */
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

    explain_print("  %u %-20s ", i, methods[i]);
    if (test->passes == 0)
        explain_print("not needed\n");
    else
        explain_print(VALUE " %08x  %08x     %08x %6u  %s\n", test->written, test->low, test->high,
                      test->passes, test->low != test->high ? "on" : "off");
}

unsigned explain_a20(unsigned part) {
    (void)part;
    explain_text("The 8086 had address lines A0 to A19: behind ffff:000f came 0 again, and "
                 "programs relied on it. The PC/AT, with more lines, got a gate that holds A20 "
                 "at 0. While it is shut every second MiB is out of reach, and 100500 is the "
                 "same byte as 500:");
    explain_print("     500 = 0 0000 0000 0101 0000 0000\n"
                  "  100500 = 1 0000 0000 0101 0000 0000\n"
                  "           ^ A20\n\n");
    explain_text("The test: write to 500 a number that is not at 100500, then read both. "
                 "Different: two places, A20 is on. The same in every pass: it is off, and the "
                 "next method is tried.");
    explain_print("  method                 wrote 500  read 500  read 100500 passes  A20\n");
    for (unsigned i = 0; i < FACTS_A20_TRIES; i++)
        print_test(i);
    return 1;
}
