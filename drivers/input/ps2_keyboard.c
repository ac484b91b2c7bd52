/*
 * Keyboard behind an i8042 controller (IBM PS/2 Technical Reference, "Keyboard and auxiliary device
 * controller"). The controller translates to scan code set 1. Every wait is bounded: a machine
 * whose controller is missing or dead boots on.
 *
 * Bytes arrive by interrupt only; answers to commands are handed to the thread that waits for them.
 */
#define LOG_TAG "ps2"
#include "kernel/arch/io.h"
#include "kernel/device/device.h"
#include "kernel/input/input.h"
#include "kernel/irq/irq.h"
#include "kernel/log/log.h"
#include "kernel/sched/wait.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"

#define PORT_DATA 0x60u
#define PORT_COMMAND 0x64u /* write: command; read: status */
#define STATUS_OUTPUT_FULL BIT(0)
#define STATUS_INPUT_FULL BIT(1)
#define STATUS_FROM_MOUSE BIT(5)
#define STATUS_ABSENT 0xffu

enum controller_command {
    COMMAND_READ_CONFIG = 0x20, COMMAND_WRITE_CONFIG = 0x60, COMMAND_MOUSE_OFF = 0xa7, COMMAND_KEYBOARD_OFF = 0xad,
    COMMAND_KEYBOARD_ON = 0xae,
};
#define CONFIG_KEYBOARD_IRQ BIT(0)
#define CONFIG_MOUSE_IRQ BIT(1)
#define CONFIG_KEYBOARD_CLOCK_OFF BIT(4)
#define CONFIG_TRANSLATE BIT(6)

enum keyboard_command { KEYBOARD_SET_LEDS = 0xed, KEYBOARD_ENABLE = 0xf4 };
#define KEYBOARD_ACK 0xfau
#define KEYBOARD_RESEND 0xfeu

#define WAIT_STEP_US 10u
#define CONTROLLER_WAIT_STEPS 2000u /* 20 ms */
#define DRAIN_BYTES_MAX 32u
#define ANSWER_NS (200 * NS_PER_MS)
#define INTERRUPT_BYTES_MAX 64u

static struct {
    struct input_device input;
    struct scancode_decoder decoder; /* interrupt context */
    struct wait_queue answer_wait;
    uint8_t answer;                  /* 0: none yet; atomic */
    bool answer_wanted;              /* a command has been sent; atomic */
} keyboard;

/* ---- the controller, by polling ---- */

static bool wait_status(uint8_t mask, bool set) {
    for (unsigned i = 0; i < CONTROLLER_WAIT_STEPS; i++) {
        if (((io_in8(PORT_COMMAND) & mask) != 0) == set)
            return true;
        clock_delay_us(WAIT_STEP_US);
    }
    return false;
}

static bool send_command(enum controller_command command) {
    if (!wait_status(STATUS_INPUT_FULL, false))
        return false;
    io_out8(PORT_COMMAND, (uint8_t)command);
    return true;
}

static bool send_data(uint8_t byte) {
    if (!wait_status(STATUS_INPUT_FULL, false))
        return false;
    io_out8(PORT_DATA, byte);
    return true;
}

static void drain(void) {
    for (unsigned i = 0; i < DRAIN_BYTES_MAX && (io_in8(PORT_COMMAND) & STATUS_OUTPUT_FULL); i++) {
        io_in8(PORT_DATA);
        io_delay();
    }
}

/* Both devices silent, translation on; interrupts come last. */
static bool set_up_controller(void) {
    if (io_in8(PORT_COMMAND) == STATUS_ABSENT)
        return false;
    if (!send_command(COMMAND_KEYBOARD_OFF) || !send_command(COMMAND_MOUSE_OFF))
        return false;
    drain();
    if (!send_command(COMMAND_READ_CONFIG) || !wait_status(STATUS_OUTPUT_FULL, true))
        return false;
    uint64_t config = io_in8(PORT_DATA);
    config = (config | CONFIG_TRANSLATE) & ~(CONFIG_KEYBOARD_IRQ | CONFIG_MOUSE_IRQ | CONFIG_KEYBOARD_CLOCK_OFF);
    return send_command(COMMAND_WRITE_CONFIG) && send_data((uint8_t)config) && send_command(COMMAND_KEYBOARD_ON) &&
           send_command(COMMAND_WRITE_CONFIG) && send_data((uint8_t)(config | CONFIG_KEYBOARD_IRQ));
}

/* ---- the keyboard ---- */

static bool take_answer(uint8_t byte) {
    if ((byte != KEYBOARD_ACK && byte != KEYBOARD_RESEND) || !atomic_load(&keyboard.answer_wanted))
        return false;
    atomic_store(&keyboard.answer, byte);
    wait_wake_all(&keyboard.answer_wait);
    return true;
}

static void take_byte(uint8_t byte) {
    uint8_t code;
    bool pressed;

    if (take_answer(byte))
        return;
    if (scancode_decode(&keyboard.decoder, byte, &code, &pressed))
        input_report_key(&keyboard.input, code, pressed);
}

static bool handle(struct irq_handler *handler) {
    bool handled = false;
    (void)handler;

    for (unsigned i = 0; i < INTERRUPT_BYTES_MAX; i++) {
        uint8_t status = io_in8(PORT_COMMAND);
        if (status == STATUS_ABSENT || !(status & STATUS_OUTPUT_FULL))
            break;
        uint8_t byte = io_in8(PORT_DATA);
        handled = true;
        if (!(status & STATUS_FROM_MOUSE))
            take_byte(byte);
    }
    return handled;
}

static struct irq_handler irq_handler = {.name = "ps2kbd", .handle = handle};

/* Sends a byte and sleeps until the keyboard acknowledges it; false if it does not. */
static bool send_to_keyboard(uint8_t byte) {
    atomic_store(&keyboard.answer, 0);
    atomic_store(&keyboard.answer_wanted, true);
    int error = send_data(byte) ? 0 : -EIO;
    uint64_t deadline_ns = clock_monotonic_ns() + ANSWER_NS;
    if (!error)
        error = WAIT_EVENT_INTERRUPTIBLE(&keyboard.answer_wait, atomic_load(&keyboard.answer) != 0, deadline_ns);
    atomic_store(&keyboard.answer_wanted, false);
    return !error && atomic_load(&keyboard.answer) == KEYBOARD_ACK;
}

static void set_leds(struct input_device *device, uint8_t leds) {
    (void)device;
    if (send_to_keyboard(KEYBOARD_SET_LEDS))
        (void)send_to_keyboard(leds); /* lights are not worth an error */
}

static int ps2_probe(struct device *device) {
    if (!set_up_controller())
        return -ENODEV;
    wait_queue_init(&keyboard.answer_wait);
    keyboard.input.name = "PS/2 keyboard";
    keyboard.input.set_leds = set_leds;
    int error = irq_request_isa((unsigned)device->irq, &irq_handler);
    if (error)
        return error;
    send_data(KEYBOARD_ENABLE); /* its acknowledgement is no key: the decoder drops it */
    input_register(&keyboard.input);
    log_info("keyboard on line %d", device->irq);
    return 0;
}

static const char *const ps2_ids[] = {"PNP0303", NULL};

DRIVER(ps2_keyboard) = {.name = "ps2_keyboard", .bus = "isa", .ids = ps2_ids, .probe = ps2_probe};
