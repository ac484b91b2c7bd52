#include "kernel/debug/serial.h"

#include "kernel/arch/io.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_INTERRUPTS (COM1 + 1)
#define UART_LINE (COM1 + 3)
#define UART_LINE_8N1 0x03
#define UART_DIVISOR_ACCESS 0x80
#define UART_DIVISOR_LOW (COM1 + 0)
#define UART_DIVISOR_HIGH (COM1 + 1)
#define UART_STATUS (COM1 + 5)
#define UART_RECEIVED 0x01
#define UART_TRANSMIT_EMPTY 0x20
#define UART_ABSENT 0xff /* nothing drives the bus */
#define WAIT_LOOPS 2000000 /* a character takes 87 us, but whoever takes an emulator's may be held up */

static bool released;
static bool stuck; /* it did not drain: characters are lost, and not waited for, until it does */

void serial_init(void) {
    io_out8(UART_INTERRUPTS, 0);
    io_out8(UART_LINE, UART_DIVISOR_ACCESS);
    io_out8(UART_DIVISOR_LOW, 1); /* 115200 baud */
    io_out8(UART_DIVISOR_HIGH, 0);
    io_out8(UART_LINE, UART_LINE_8N1);
}

static bool can_send(void) {
    return io_in8(UART_STATUS) & UART_TRANSMIT_EMPTY;
}

static bool drains(void) {
    for (int i = 0; i < WAIT_LOOPS; i++)
        if (can_send())
            return true;
    return false;
}

static void serial_put(char c) {
    stuck = !can_send() && (stuck || !drains());
    if (!stuck)
        io_out8(UART_DATA, (uint8_t)c);
}

void serial_write(const char *text, size_t length) {
    if (io_in8(UART_STATUS) == UART_ABSENT)
        return;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            serial_put('\r');
        serial_put(text[i]);
    }
}

int serial_read(void) {
    uint8_t status = io_in8(UART_STATUS);
    return status != UART_ABSENT && (status & UART_RECEIVED) ? io_in8(UART_DATA) : -1;
}

static void sink_write(struct log_sink *sink, const char *text, size_t length) {
    (void)sink;
    if (!released || panic_in_progress())
        serial_write(text, length);
}

static struct log_sink sink = {.name = "early-console", .level = LOG_INFO, .write = sink_write};

void early_console_init(void) {
    log_sink_add(&sink);
}

void early_console_release(void) {
    released = true;
}
