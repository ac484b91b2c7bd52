/*
 * A20. Facts: "PC/AT Technical Reference", 8042 keyboard controller; PS/2 system control port A
 * (92h). Order and patience follow what real machines were found to need.
 */
#include "boot/stage2/a20.h"

#include "boot/stage2/a20_ports.h"
#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/io.h"
#include "boot/stage2/trace.h"
#include "lib/bits.h"

#define TEST_LOW   0x500u                /* after the BIOS data area, used by nobody */
#define TEST_HIGH  (TEST_LOW + 0x100000u)
#define SHORT_TEST 32u
#define LONG_TEST  200000u               /* the line may take its time to settle */

enum keyboard_controller {
    KBC_DATA = 0x60,
    KBC_STATUS = 0x64,
    KBC_COMMAND = 0x64,
    KBC_OUTPUT_FULL = 1,
    KBC_INPUT_FULL = 2,
    KBC_WRITE_OUTPUT_PORT = 0xd1,
    KBC_OUTPUT_PORT_A20 = 0xdf,
    KBC_NULL_COMMAND = 0xff,
    KBC_PATIENCE = 100000
};

enum system_control {
    PORT_A = 0x92,
    PORT_A_RESET = 1, /* a 1 written here resets the machine */
    PORT_A_A20 = 2,
    PORT_A_ABSENT = 0xff
};

/* True as soon as a change at one address does not show at the other. Notes the last look. */
static bool is_enabled(unsigned tries, struct a20_test *test) {
    volatile uint32_t *low = (volatile uint32_t *)TEST_LOW;
    volatile uint32_t *high = (volatile uint32_t *)TEST_HIGH;
    uint32_t saved = *low;
    bool differs = false;

    for (unsigned i = 0; i < tries && !differs; i++) {
        *test = (struct a20_test){.passes = i + 1, .written = *high + i + 1};
        *low = test->written;
        io_delay();
        test->low = *low;
        test->high = *high;
        differs = test->low != test->high;
    }
    *low = saved;
    return differs;
}

static void by_bios(void) {
    struct bios_regs regs = {.eax = 0x2401};

    bios_call(BIOS_SYSTEM, &regs);
}

/* Waits until the controller takes a byte, and throws away what it offers meanwhile. */
static bool keyboard_ready(void) {
    for (unsigned i = 0; i < KBC_PATIENCE; i++) {
        uint8_t status = a20_inb(KBC_STATUS);

        io_delay();
        if (status == 0xff)
            return false; /* no controller */
        if (status & KBC_OUTPUT_FULL)
            (void)a20_inb(KBC_DATA);
        else if (!(status & KBC_INPUT_FULL))
            return true;
    }
    return false;
}

static void by_keyboard_controller(void) {
    if (!keyboard_ready())
        return;
    a20_outb(KBC_COMMAND, KBC_WRITE_OUTPUT_PORT);
    if (!keyboard_ready())
        return;
    a20_outb(KBC_DATA, KBC_OUTPUT_PORT_A20);
    if (!keyboard_ready())
        return;
    a20_outb(KBC_COMMAND, KBC_NULL_COMMAND); /* some controllers act only on the next command */
    (void)keyboard_ready();
}

static void by_port_a(void) {
    uint8_t value = a20_inb(PORT_A);

    if (value != PORT_A_ABSENT)
        a20_outb(PORT_A, (uint8_t)((value | PORT_A_A20) & ~PORT_A_RESET));
}

struct method {
    const char *name;
    void (*enable)(void);
    unsigned tries;
};

static const struct method methods[] = {
    {"was on", NULL, SHORT_TEST},
    {"on, by the BIOS", by_bios, SHORT_TEST},
    {"on, by the keyboard controller", by_keyboard_controller, LONG_TEST},
    {"on, by port 92h", by_port_a, LONG_TEST},
};

_Static_assert(ARRAY_SIZE(methods) == FACTS_A20_TRIES, "facts.h");

/* Goes through the methods until the line is on. Which one did it; does not return if none. */
static int switch_on(void) {
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (methods[i].enable)
            methods[i].enable();
        if (is_enabled(methods[i].tries, &boot_facts.a20[i]))
            return (int)i;
    }
    error_fatal(ERROR_A20, "tried the BIOS, the keyboard controller and port 92h");
}

void a20_enable(void) {
    trace_step(BOOT_STEP_A20);
    console_step("a20");
    int method = switch_on();

    console_printf("%s\n", methods[method].name);
    trace_step_done(BOOT_STEP_A20, (uint64_t)method);
}

void a20_keep(void) {
    struct a20_test test;

    if (!is_enabled(1, &test))
        (void)switch_on();
}
