/*
 * lib/tty_ldisc*.c: the input is a script. Bytes 0xf0 … 0xff are operations (change flags, read,
 * write, flush, …) with an argument byte; others are typed.
 */
#include "lib/tty_ldisc.h"

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void take_bytes(void *ctx, const uint8_t *bytes, size_t count) {
    (void)ctx;
    ASSERT(bytes && count >= 1 && count <= LDISC_OUTPUT_MAX);
}

static void take_signal(void *ctx, enum ldisc_signal signal) {
    (void)ctx;
    ASSERT(signal == LDISC_SIGINT || signal == LDISC_SIGQUIT || signal == LDISC_SIGTSTP);
}

static void take_stopped(void *ctx, bool stopped) {
    (void)ctx;
    (void)stopped;
}

static void take_urgent(void *ctx, uint8_t byte) {
    (void)ctx;
    (void)byte;
}

static void take_flush(void *ctx) {
    (void)ctx;
}

static const struct ldisc_ops ops = {
    take_bytes, take_signal, take_stopped, take_urgent, take_flush,
};
static struct tty_ldisc ld;

static void check_invariants(void) {
    ASSERT(ld.line_end - ld.tail <= ld.head - ld.tail);
    ASSERT(ld.head - ld.tail <= LDISC_BUFFER_BYTES);
    ASSERT(ld.termios.c_lflag & ICANON || ld.line_end == ld.tail);
}

static void read_some(size_t size) {
    uint8_t buf[256];
    size_t held = ld.head - ld.tail;
    bool ready = tty_ldisc_has_input(&ld, 1);
    int count = tty_ldisc_read(&ld, buf, size);

    ASSERT(tty_ldisc_input_bytes(&ld) <= held);
    ASSERT(count <= (int)size && (count >= 0) == (ready || !size));
}

/* As if many bytes had been typed: typing them would take most of the time. */
static void fill_up_to(uint32_t held) {
    ld.head = ld.tail + MAX(ld.head - ld.tail, held);
}

static void operate(uint8_t operation, uint8_t argument) {
    struct termios termios = ld.termios;
    uint8_t out[LDISC_OUTPUT_MAX];

    switch (operation & 0xf) {
    case 0: termios.c_lflag ^= 1u << argument % 17; break;
    case 1: termios.c_iflag ^= 1u << argument % 15; break;
    case 2: termios.c_oflag ^= 1u << argument % 13; break;
    case 3: termios.c_cc[argument % NCCS] = (uint8_t)(argument / NCCS); break;
    case 4: tty_ldisc_flush_input(&ld); break;
    case 5: tty_ldisc_input_break(&ld); break;
    case 6: tty_ldisc_set_stopped(&ld, argument & 1); break;
    case 7: ASSERT(tty_ldisc_output(&ld, argument, out) <= LDISC_OUTPUT_MAX); break;
    case 8: fill_up_to(LDISC_BUFFER_BYTES - 1 - argument); break;
    default: read_some(argument); break;
    }
    tty_ldisc_set_termios(&ld, &termios);
}

int fuzz_one(const uint8_t *data, size_t size) {
    tty_ldisc_init(&ld, &ops, NULL);
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= 0xf0 && i + 1 < size) {
            operate(data[i], data[i + 1]);
            i++;
        } else {
            tty_ldisc_input(&ld, data[i]);
        }
        check_invariants();
    }
    return 0;
}
