/*
 * Keys of two devices. Facts: "PC/AT Technical Reference" and "Ralf Brown's Interrupt List"
 * (INT 16h functions 00h-02h, 10h, 11h; BIOS data area).
 */
#include "boot/stage2/keys.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/timeout.h"

enum keyboard_function { KEYBOARD_READ = 0x0000, KEYBOARD_PEEK = 0x0100, KEYBOARD_ENHANCED = 0x1000 };

#define BDA_ENHANCED      0x10u /* there is an enhanced keyboard: functions 10h and 11h */
#define BDA_SHIFT_KEYS    0x03u
#define ESCAPE_WAIT_MS    100u
#define QUIET_MS          100u
#define DRAIN_MAX_MS      1000u
#define SERIAL_NEVER_BYTE 0xff
#define DRAIN_MAX_KEYS    80u /* more than a buffer holds and a finger repeats in DRAIN_MAX_MS */

static struct key_decoder decoder;
static struct timeout escape_timeout; /* runs while the decoder is within a sequence */
static bool wanted, watch_over;
static bool keyboard_ignored; /* it says that there is a key whenever it is asked */

static int keyboard_poll(void) {
    uint16_t enhanced = bios_byte(BDA_KEYBOARD_KIND) & BDA_ENHANCED ? KEYBOARD_ENHANCED : 0;
    struct bios_regs regs = {.eax = KEYBOARD_PEEK | enhanced};
    uint16_t asked = (uint16_t)regs.eax;

    bios_call(BIOS_KEYBOARD, &regs);
    if ((regs.flags & BIOS_ZERO) || (uint16_t)regs.eax == asked) /* as asked: nobody is there */
        return KEY_NONE;
    if (keyboard_ignored || bios_word(BDA_KEY_HEAD) == bios_word(BDA_KEY_TAIL))
        return KEY_NONE; /* to fetch a key that is not there would take for ever */
    regs = (struct bios_regs){.eax = KEYBOARD_READ | enhanced};
    bios_call(BIOS_KEYBOARD, &regs);
    return key_decode_bios((uint16_t)regs.eax);
}

static int serial_poll(void) {
    int byte = console_receive();

    if (byte < 0) {
        bool late = key_decode_pending(&decoder) && timeout_left_ms(&escape_timeout) == 0;

        return late ? key_decode_end(&decoder) : KEY_NONE;
    }
    int key = key_decode_byte(&decoder, (uint8_t)byte);

    if (key_decode_pending(&decoder))
        timeout_start(&escape_timeout, ESCAPE_WAIT_MS);
    return key;
}

int keys_poll(void) {
    int key = serial_poll();

    return key != KEY_NONE ? key : keyboard_poll();
}

int keys_wait(uint32_t limit_ms) {
    struct timeout timeout;
    int key;

    timeout_start(&timeout, limit_ms);
    while ((key = keys_poll()) == KEY_NONE) {
        if (limit_ms != KEYS_FOREVER && timeout_left_ms(&timeout) == 0)
            break;
    }
    return key;
}

void keys_drain(void) {
    struct timeout timeout;

    unsigned from_keyboard = 0;

    timeout_start(&timeout, DRAIN_MAX_MS); /* a device that never stops is not waited for */
    while (keys_wait(QUIET_MS) != KEY_NONE && timeout_left_ms(&timeout) != 0) {
        while (!keyboard_ignored && keyboard_poll() != KEY_NONE)
            keyboard_ignored = ++from_keyboard == DRAIN_MAX_KEYS;
    }
}

/* True if COM1 sends back what it is sent, as a modem does: then nothing on it is a key. */
static bool serial_echoes(void) {
    static const char probe[] = " \b"; /* a terminal shows nothing of it */
    struct timeout timeout;
    unsigned matched = 0;

    keys_drain();
    console_send_serial(probe, sizeof(probe) - 1);
    timeout_start(&timeout, QUIET_MS);
    while (matched < sizeof(probe) - 1 && timeout_left_ms(&timeout) != 0) {
        int byte = console_receive();

        if (byte >= 0 && byte == probe[matched])
            matched++;
        (void)keyboard_poll(); /* a BIOS call: the clock moves on */
    }
    return matched == sizeof(probe) - 1;
}

void keys_watch(void) {
    if (watch_over || wanted)
        return;
    int byte = console_receive();

    if (byte > 0 && byte != SERIAL_NEVER_BYTE) {
        wanted = !serial_echoes();
        if (!wanted)
            console_ignore_serial_input();
    }
    wanted |= (bios_byte(BDA_SHIFT_STATE) & BDA_SHIFT_KEYS) != 0;
}

bool keys_watch_end(void) {
    struct bios_regs regs = {.eax = 0x0200}; /* some BIOSes look at their keyboard only now */

    bios_call(BIOS_KEYBOARD, &regs);
    keys_watch();
    watch_over = true;
    return wanted;
}
