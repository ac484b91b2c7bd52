/*
 * Screen and COM1. Facts: "PC/AT Technical Reference" (INT 10h, BIOS data area);
 * National Semiconductor PC16550D data sheet §8 (registers).
 */
#include "boot/stage2/console.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/io.h"
#include "boot/stage2/keys.h"
#include "boot/stage2/state.h"
#include "boot/stage2/timeout.h"
#include "lib/format.h"

enum uart_port {
    UART_DATA = 0x3f8,
    UART_INTERRUPT_ENABLE = 0x3f9,
    UART_FIFO_CONTROL = 0x3fa,
    UART_LINE_CONTROL = 0x3fb,
    UART_MODEM_CONTROL = 0x3fc,
    UART_LINE_STATUS = 0x3fd,
    UART_SCRATCH = 0x3ff
};

#define UART_8N1            0x03u
#define UART_DIVISOR_LATCH  0x80u
#define UART_FIFO_ON        0xc7u /* enabled, both queues emptied; an emulator hands over 14 bytes at a time */
#define UART_DTR_RTS        0x03u
#define UART_RECEIVED       0x01u
#define UART_INPUT_ERRORS   0x1cu /* parity, framing, break */
#define UART_CAN_SEND       0x20u
#define UART_ABSENT         0xffu /* what an empty bus reads as */
#define UART_SEND_READS     1000000u /* of a microsecond or less, */
#define UART_SEND_LIMIT_MS  1000u    /* and so long: an emulator reads faster, and whoever takes its bytes may be held up */

#define TEXT_MODE_COLOUR 3u
#define TEXT_MODE_MONO   7u
#define TEXT_PHYS_COLOUR 0xb8000u
#define TEXT_PHYS_MONO   0xb0000u
#define TEXT_CRTC_MONO   0x3b4u
#define TEXT_ATTRIBUTE   7u
#define STEP_NAME_WIDTH  9

static bool uart_present, uart_stuck;
static bool input_ignored;
static bool line_started; /* something stands on the current line */

static bool uart_init(void) {
    outb(UART_LINE_CONTROL, UART_DIVISOR_LATCH | UART_8N1);
    outb(UART_DATA, 1); /* 115200 baud */
    outb(UART_INTERRUPT_ENABLE, 0);
    outb(UART_LINE_CONTROL, UART_8N1);
    outb(UART_INTERRUPT_ENABLE, 0);
    outb(UART_FIFO_CONTROL, UART_FIFO_ON);
    outb(UART_MODEM_CONTROL, UART_DTR_RTS);
    return inb(UART_LINE_CONTROL) == UART_8N1 && inb(UART_LINE_STATUS) != UART_ABSENT;
}

static bool uart_can_send(void) {
    return inb(UART_LINE_STATUS) & UART_CAN_SEND;
}

static bool uart_drains(void) {
    struct timeout timeout;
    unsigned reads = 0;

    timeout_start(&timeout, UART_SEND_LIMIT_MS);
    while (!uart_can_send())
        if (++reads >= UART_SEND_READS && (timeout.start_tsc == 0 || timeout_left_ms(&timeout) == 0))
            return false;
    return true;
}

/* A port that does not drain is waited for once; then bytes are lost until it drains again. */
static void uart_send(uint8_t byte) {
    uart_stuck = !uart_can_send() && (uart_stuck || !uart_drains());
    if (!uart_stuck)
        outb(UART_DATA, byte);
}

static void screen_send(uint8_t byte) {
    struct bios_regs regs = {.eax = 0x0e00u | byte, .ebx = TEXT_ATTRIBUTE};

    bios_call(BIOS_VIDEO, &regs);
}

static void send(uint8_t byte) {
    line_started = byte != '\n' && (line_started || byte != '\r');
    if (uart_present)
        uart_send(byte);
    screen_send(byte);
}

static void send_text(void *context, const char *text, size_t length) {
    (void)context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            send('\r');
        send((uint8_t)text[i]);
    }
}

static bool screen_is_text(uint8_t mode) {
    return mode <= TEXT_MODE_COLOUR || mode == TEXT_MODE_MONO;
}

void console_ensure_text(void) {
    if (!screen_is_text(bios_byte(BDA_VIDEO_MODE))) {
        struct bios_regs regs = {.eax = TEXT_MODE_COLOUR};

        bios_call(BIOS_VIDEO, &regs);
    }
}

void console_init(void) {
    uart_present = uart_init();
    console_ensure_text();
}

void console_printf(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)format_callback(send_text, NULL, format, arguments);
    va_end(arguments);
}

void console_step(const char *name) {
    keys_watch();
    console_printf("  %-*s", STEP_NAME_WIDTH, name);
}

void console_fresh_line(void) {
    if (line_started)
        console_printf("\n");
}

void console_rewind(void) {
    send('\r');
}

int console_receive(void) {
    uint8_t status = uart_present && !input_ignored ? inb(UART_LINE_STATUS) : 0;

    if (status == UART_ABSENT || !(status & UART_RECEIVED))
        return -1;
    uint8_t byte = inb(UART_DATA);

    return status & UART_INPUT_ERRORS ? -1 : byte;
}

void console_ignore_serial_input(void) {
    input_ignored = true;
}

void console_send_serial(const char *text, size_t length) {
    for (size_t i = 0; i < length && uart_present; i++)
        uart_send((uint8_t)text[i]);
}

void console_describe_screen(void) {
    struct boot_video *video = &boot_info()->video;
    uint16_t columns = bios_word(BDA_VIDEO_COLUMNS), crtc = bios_word(BDA_CRTC_PORT);

    *video = (struct boot_video){.mode = BOOT_VIDEO_NONE};
    if (columns == 0 || crtc == 0 || !screen_is_text(bios_byte(BDA_VIDEO_MODE)))
        return;
    video->mode = BOOT_VIDEO_TEXT;
    video->phys = crtc == TEXT_CRTC_MONO ? TEXT_PHYS_MONO : TEXT_PHYS_COLOUR;
    video->columns = columns;
    video->rows = (uint16_t)(bios_byte(BDA_LAST_ROW) + 1u);
    video->pitch = columns * 2u;
    video->size = (uint64_t)video->pitch * video->rows;
    video->crtc_port = crtc;
    video->cursor_column = bios_byte(BDA_CURSOR_COLUMN);
    video->cursor_row = bios_byte(BDA_CURSOR_ROW);
}
