/*
 * Serial ports: the 16550 and its relatives down to the 8250.
 *
 * Flow. Received bytes go to the terminal class as long as it has room; then the receive interrupt
 * is turned off and bytes wait in the FIFO - and, on an emulator, in the host - until there is room
 * again: nothing is lost to a slow reader. Output is taken from the terminal's ring, a FIFO at a
 * time. The log is written by polling, so that it works in any context.
 *
 * Locks: `lock` (irqsave, inside tty->lock) guards the registers and the cached ones.
 */
#define LOG_TAG "uart"
#include "drivers/char/uart16550.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/debug/serial.h"
#include "kernel/device/device.h"
#include "kernel/irq/irq.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/sync/spinlock.h"
#include "kernel/tty/console.h"
#include "kernel/tty/tty.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define BASE_BAUD 115200u /* 1.8432 MHz / 16 */
#define FIFO_BYTES 16u
#define RECEIVE_CHUNK 64u
#define SEND_BURST 256u        /* bytes sent with interrupts off where the device takes them at once */
#define INTERRUPT_PASSES 64u   /* bounds a port that never stops asking */
#define SEND_SPINS 2000000u    /* a byte takes 87 us at full speed, but whoever takes an emulator's may be held up */
#define COM1_BASE 0x3f8u
#define TTY_MAJOR 4u
#define TTYS0_MINOR 64u

struct uart {
    struct tty tty;
    char name[8];
    uint16_t base;
    uint8_t fifo_bytes;
    bool urgent_waits;         /* [lock] a byte that goes before the ring */
    uint8_t urgent;            /* [lock] */
    uint8_t enabled;           /* [lock] the interrupt-enable register */
    uint8_t line;              /* [lock] the line-control register */
    uint32_t cflag;            /* [lock] what the line is set to */
    bool stuck;                /* [lock] it did not drain: of the log bytes are lost, and not waited for, until it does */
    struct spinlock lock;
    struct irq_handler irq;
    struct log_sink sink;
};

DEFINE_LOCK_CLASS(uart_lock_class, "uart");

static uint8_t port_read(uint16_t base, enum uart_register reg) {
    return io_in8((uint16_t)(base + reg));
}

static void port_write(uint16_t base, enum uart_register reg, uint64_t value) {
    io_out8((uint16_t)(base + reg), (uint8_t)value);
}

static uint8_t uart_read(const struct uart *uart, enum uart_register reg) {
    return port_read(uart->base, reg);
}

static void uart_write(const struct uart *uart, enum uart_register reg, uint64_t value) {
    port_write(uart->base, reg, value);
}

static void set_enabled(struct uart *uart, uint64_t enabled) {
    if (uart->enabled == enabled)
        return;
    uart->enabled = (uint8_t)enabled;
    uart_write(uart, UART_INTERRUPT_ENABLE, enabled);
}

static bool can_send(const struct uart *uart) {
    return uart_read(uart, UART_LINE_STATUS) & STATUS_CAN_SEND;
}

/* ---- sending ---- */

static void send_urgent_locked(struct uart *uart) {
    if (uart->urgent_waits && can_send(uart)) {
        uart_write(uart, UART_DATA, uart->urgent);
        uart->urgent_waits = false;
    }
}

static void uart_start_output(struct tty *tty) {
    struct uart *uart = tty->driver_data;
    uint8_t bytes[FIFO_BYTES];
    size_t sent = 0, count = 1;

    spin_lock(&uart->lock);
    send_urgent_locked(uart);
    while (count > 0 && sent < SEND_BURST && can_send(uart)) {
        count = tty_take_output(tty, bytes, uart->fifo_bytes);
        for (size_t i = 0; i < count; i++)
            uart_write(uart, UART_DATA, bytes[i]);
        sent += count;
    }
    bool more = ring_count(&tty->output) > 0 || uart->urgent_waits;
    set_enabled(uart, more ? uart->enabled | ENABLE_TRANSMIT_EMPTY : uart->enabled & ~ENABLE_TRANSMIT_EMPTY);
    spin_unlock(&uart->lock);
}

static void uart_send_urgent(struct tty *tty, uint8_t byte) {
    struct uart *uart = tty->driver_data;

    spin_lock(&uart->lock);
    uart->urgent = byte;
    uart->urgent_waits = true;
    send_urgent_locked(uart);
    if (uart->urgent_waits)
        set_enabled(uart, uart->enabled | ENABLE_TRANSMIT_EMPTY);
    spin_unlock(&uart->lock);
}

static bool uart_is_sending(struct tty *tty) {
    return !(uart_read(tty->driver_data, UART_LINE_STATUS) & STATUS_ALL_SENT);
}

/* The device can take more: the urgent byte first, then the class decides. Nothing left: no more interrupts. */
static void transmit_interrupt(struct uart *uart) {
    uint64_t flags = spin_lock_irqsave(&uart->lock);
    send_urgent_locked(uart);
    if (!uart->urgent_waits)
        set_enabled(uart, uart->enabled & ~ENABLE_TRANSMIT_EMPTY);
    spin_unlock_irqrestore(&uart->lock, flags);
    tty_output_ready(&uart->tty);
}

static bool drains(const struct uart *uart) {
    for (unsigned spins = 0; spins < SEND_SPINS; spins++) {
        if (can_send(uart))
            return true;
        cpu_pause();
    }
    return false;
}

/* Only where there is room: the FIFO may hold a program's output. */
static void log_put(struct uart *uart, char byte) {
    uart->stuck = !can_send(uart) && (uart->stuck || !drains(uart));
    if (!uart->stuck)
        uart_write(uart, UART_DATA, (uint8_t)byte);
}

static void uart_log_write(struct log_sink *sink, const char *text, size_t length) {
    struct uart *uart = container_of(sink, struct uart, sink);

    if (panic_in_progress()) /* kernel/debug/serial.c has COM1 then */
        return;
    uint64_t flags = spin_lock_irqsave(&uart->lock);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            log_put(uart, '\r');
        log_put(uart, text[i]);
    }
    spin_unlock_irqrestore(&uart->lock, flags);
}

/* ---- receiving ---- */

static void note_errors(struct uart *uart, uint8_t status) {
    if (status & STATUS_OVERRUN)
        tty_input_overrun(&uart->tty, 1);
    if (status & STATUS_BREAK)
        tty_input_break(&uart->tty);
}

static void pause_receiving(struct uart *uart) {
    uint64_t flags = spin_lock_irqsave(&uart->lock);
    set_enabled(uart, uart->enabled & ~(ENABLE_RECEIVED | ENABLE_LINE_STATUS));
    spin_unlock_irqrestore(&uart->lock, flags);
}

static void resume_receiving(struct uart *uart) {
    uint64_t flags = spin_lock_irqsave(&uart->lock);
    set_enabled(uart, uart->enabled | ENABLE_RECEIVED | ENABLE_LINE_STATUS);
    spin_unlock_irqrestore(&uart->lock, flags);
}

/* How much the terminal takes; 0: receiving is paused until it offers room. Asked again after pausing: a reader may just
 * have made room, and would not say so twice. */
static size_t room_or_pause(struct uart *uart) {
    size_t room = tty_input_room(&uart->tty);

    if (room > 0)
        return room;
    pause_receiving(uart);
    room = tty_input_room(&uart->tty);
    if (room > 0)
        resume_receiving(uart);
    return room;
}

static void receive(struct uart *uart) {
    uint8_t bytes[RECEIVE_CHUNK], status;
    size_t count = 0, room = room_or_pause(uart);

    while (room > 0 && (status = uart_read(uart, UART_LINE_STATUS)) & STATUS_RECEIVED) {
        uint8_t byte = uart_read(uart, UART_DATA);
        note_errors(uart, status);
        if (!(status & STATUS_BREAK)) /* a break shows as a character 0 */
            bytes[count++] = byte;
        if (count == sizeof bytes || count == room) {
            tty_input(&uart->tty, bytes, count);
            count = 0;
            room = room_or_pause(uart);
        }
    }
    if (count > 0)
        tty_input(&uart->tty, bytes, count);
}

static void uart_input_room(struct tty *tty) {
    resume_receiving(tty->driver_data);
}

/* The line is edge-triggered and shared: it must be seen idle before this returns. */
static bool uart_handle(struct irq_handler *handler) {
    struct uart *uart = container_of(handler, struct uart, irq);
    bool handled = false;

    for (unsigned pass = 0; pass < INTERRUPT_PASSES; pass++) {
        if (uart_read(uart, UART_INTERRUPT_ID) & ID_NONE_PENDING)
            break;
        handled = true;
        if (uart->enabled & ENABLE_RECEIVED)
            receive(uart);
        uart_read(uart, UART_MODEM_STATUS); /* reading it ends that interrupt */
        if (uart->enabled & ENABLE_TRANSMIT_EMPTY && can_send(uart))
            transmit_interrupt(uart);
    }
    return handled;
}

/* ---- settings ---- */

static void set_divisor(struct uart *uart, uint32_t divisor) {
    uart_write(uart, UART_LINE, uart->line | LINE_DIVISOR);
    uart_write(uart, UART_DATA, divisor & UINT8_MAX);
    uart_write(uart, UART_INTERRUPT_ENABLE, divisor >> 8);
    uart_write(uart, UART_LINE, uart->line);
}

static uint8_t line_of(uint32_t cflag) {
    uint64_t line = (cflag & CSIZE) >> 4; /* CS5..CS8 are 0..3 in both */

    if (cflag & CSTOPB)
        line |= LINE_STOP_2;
    if (cflag & PARENB)
        line |= LINE_PARITY | (cflag & PARODD ? 0 : LINE_EVEN);
    return (uint8_t)line;
}

static void uart_set_modes(struct tty *tty) {
    struct uart *uart = tty->driver_data;
    uint32_t cflag = tty->ldisc.termios.c_cflag, speed = tty_speed(&tty->ldisc.termios);

    spin_lock(&uart->lock);
    if (cflag != uart->cflag) {
        uart->cflag = cflag;
        uart->line = line_of(cflag);
        uart_write(uart, UART_MODEM, speed ? MODEM_DTR | MODEM_RTS | MODEM_OUT2 : MODEM_OUT2); /* B0 hangs up */
        if (speed > 0)
            set_divisor(uart, MAX(BASE_BAUD / speed, 1u));
    }
    spin_unlock(&uart->lock);
}

static void uart_set_break(struct tty *tty, bool on) {
    struct uart *uart = tty->driver_data;

    spin_lock(&uart->lock);
    uart_write(uart, UART_LINE, on ? uart->line | LINE_BREAK : uart->line);
    spin_unlock(&uart->lock);
}

static void uart_flush_output(struct tty *tty) {
    struct uart *uart = tty->driver_data;
    spin_lock(&uart->lock);
    uart->urgent_waits = false;
    spin_unlock(&uart->lock);
}

static int uart_open(struct tty *tty) {
    resume_receiving(tty->driver_data);
    return 0;
}

/* Bytes that nobody will read stay on the line's other side. */
static void uart_close(struct tty *tty) {
    pause_receiving(tty->driver_data);
}

static const struct tty_ops uart_ops = {
    .open = uart_open,
    .close = uart_close,
    .start_output = uart_start_output,
    .send_urgent = uart_send_urgent,
    .flush_output = uart_flush_output,
    .is_sending = uart_is_sending,
    .set_modes = uart_set_modes,
    .set_break = uart_set_break,
    .input_room = uart_input_room,
};

/* ---- probing ---- */

/* Writable enable bits and a working loop-back: only a UART has both. */
static bool is_present(uint16_t base) {
    if (port_read(base, UART_LINE_STATUS) == STATUS_ABSENT)
        return false;
    port_write(base, UART_INTERRUPT_ENABLE, 0);
    uint8_t none = port_read(base, UART_INTERRUPT_ENABLE);
    port_write(base, UART_INTERRUPT_ENABLE, ENABLE_ALL);
    uint8_t all = port_read(base, UART_INTERRUPT_ENABLE);
    port_write(base, UART_INTERRUPT_ENABLE, 0);
    if ((none & ENABLE_ALL) != 0 || (all & ENABLE_ALL) != ENABLE_ALL)
        return false;
    port_write(base, UART_MODEM, MODEM_LOOP | MODEM_OUT2 | MODEM_RTS);
    uint8_t looped = port_read(base, UART_MODEM_STATUS);
    port_write(base, UART_MODEM, MODEM_DTR | MODEM_RTS | MODEM_OUT2);
    return (looped & MODEM_LINES) == MODEM_LOOPED_LINES;
}

/* An emulated line does not overrun, and hands over as many bytes at a time as the trigger says. */
static void set_up(struct uart *uart) {
    uint64_t trigger = cpu_has(CPU_HYPERVISOR) ? FIFO_TRIGGER_14 : FIFO_TRIGGER_8;

    uart->line = LINE_8N1;
    uart_write(uart, UART_INTERRUPT_ENABLE, 0);
    set_divisor(uart, 1);
    uart_write(uart, UART_FIFO, FIFO_ENABLE | FIFO_CLEAR | trigger);
    uart->fifo_bytes = (uart_read(uart, UART_INTERRUPT_ID) & ID_FIFOS) == ID_FIFOS ? FIFO_BYTES : 1;
    uart_write(uart, UART_MODEM, MODEM_DTR | MODEM_RTS | MODEM_OUT2);
}

/* The first port's lines have been shown already, by the early console. */
static void offer_console(struct uart *uart) {
    bool has_history = uart->base == COM1_BASE;

    if (has_history)
        early_console_release();
    uart->sink = (struct log_sink){.name = uart->name, .write = uart_log_write, .skip_history = has_history};
    console_offer(uart->name, &uart->sink);
}

static int uart_register(struct uart *uart, struct device *device, unsigned number) {
    format_snprintf(uart->name, sizeof uart->name, "ttyS%u", number);
    spin_init(&uart->lock, uart_lock_class);
    uart->tty.name = uart->name;
    uart->tty.ops = &uart_ops;
    uart->tty.driver_data = uart;
    int error = tty_register(&uart->tty, TTY_MAJOR, TTYS0_MINOR + number);
    if (error)
        return error;
    uart->cflag = uart->tty.ldisc.termios.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
    uart->irq = (struct irq_handler){.name = uart->name, .handle = uart_handle};
    return irq_request_isa((unsigned)device->irq, &uart->irq);
}

static int uart_probe(struct device *device) {
    unsigned number = (unsigned)(device->name[strlen(device->name) - 1] - '1'); /* "com1" is ttyS0 */

    if (!is_present(device->io[0].base))
        return -ENODEV;
    struct uart *uart = kzalloc(sizeof *uart);
    if (!uart)
        return -ENOMEM;
    uart->base = device->io[0].base;
    set_up(uart);
    int error = uart_register(uart, device, number);
    if (error)
        return error; /* the terminal may be known by now: nothing is freed */
    device->driver_data = uart;
    offer_console(uart);
    log_info("%s at port %#x, line %d, %s", uart->name, uart->base, device->irq,
             uart->fifo_bytes > 1 ? "16550" : "8250");
    return 0;
}

static const char *const uart_ids[] = {"PNP0500", "PNP0501", NULL};

DRIVER(uart16550) = {.name = "uart16550", .bus = "isa", .ids = uart_ids, .probe = uart_probe};
