/*
 * Keys from a terminal's bytes and from the BIOS.
 */
#include "boot/stage2/key_decode.h"
#include "tests/unit/unit.h"

/* Feeds all of `bytes`; the last key that came out, or what the end of input makes of the rest. */
static int decode(const char *bytes) {
    struct key_decoder decoder = {0};
    int key = KEY_NONE;

    for (; *bytes; bytes++) {
        int found = key_decode_byte(&decoder, (uint8_t)*bytes);

        key = found != KEY_NONE ? found : key;
    }
    return key_decode_pending(&decoder) ? key_decode_end(&decoder) : key;
}

TEST(plain_bytes) {
    CHECK_EQ(decode("a"), 'a');
    CHECK_EQ(decode("~"), '~');
    CHECK_EQ(decode("\r"), KEY_ENTER);
    CHECK_EQ(decode("\n"), KEY_ENTER);
    CHECK_EQ(decode("\b"), KEY_BACKSPACE);
    CHECK_EQ(decode("\x7f"), KEY_BACKSPACE);
    CHECK_EQ(decode("\x01"), 1);
    CHECK_EQ(decode("\xe4"), KEY_NONE);
}

TEST(escape_alone_and_twice) {
    struct key_decoder decoder = {0};

    CHECK_EQ(key_decode_byte(&decoder, 0x1b), KEY_NONE);
    CHECK(key_decode_pending(&decoder));
    CHECK_EQ(key_decode_end(&decoder), KEY_ESCAPE);
    CHECK(!key_decode_pending(&decoder));
    CHECK_EQ(key_decode_byte(&decoder, 0x1b), KEY_NONE);
    CHECK_EQ(key_decode_byte(&decoder, 0x1b), KEY_ESCAPE);
    CHECK_EQ(key_decode_byte(&decoder, '['), KEY_NONE);
    CHECK_EQ(key_decode_byte(&decoder, 'A'), KEY_UP);
}

TEST(cursor_keys) {
    CHECK_EQ(decode("\x1b[A"), KEY_UP);
    CHECK_EQ(decode("\x1bOB"), KEY_DOWN);
    CHECK_EQ(decode("\x1b[C"), KEY_RIGHT);
    CHECK_EQ(decode("\x1b[D"), KEY_LEFT);
    CHECK_EQ(decode("\x1b[H"), KEY_HOME);
    CHECK_EQ(decode("\x1b[1~"), KEY_HOME);
    CHECK_EQ(decode("\x1bOF"), KEY_END);
    CHECK_EQ(decode("\x1b[4~"), KEY_END);
    CHECK_EQ(decode("\x1b[8~"), KEY_END);
    CHECK_EQ(decode("\x1b[3~"), KEY_DELETE);
    CHECK_EQ(decode("\x1b[5~"), KEY_PAGE_UP);
    CHECK_EQ(decode("\x1b[6~"), KEY_PAGE_DOWN);
    CHECK_EQ(decode("\x1bOM"), KEY_ENTER);
}

TEST(sequences_without_a_meaning_swallow_themselves) {
    CHECK_EQ(decode("\x1b[15~"), KEY_NONE);
    CHECK_EQ(decode("\x1b[1;5A"), KEY_NONE);
    CHECK_EQ(decode("\x1b[99999999999~"), KEY_NONE);
    CHECK_EQ(decode("\x1b[?1;2c"), KEY_NONE);
    CHECK_EQ(decode("\x1bx"), KEY_NONE);
    CHECK_EQ(decode("\x1b[1;5Ab"), 'b');
}

TEST(a_control_byte_breaks_a_sequence_off) {
    CHECK_EQ(decode("\x1b[1\r"), KEY_ENTER);
    CHECK_EQ(decode("\x1b[\x1b[B"), KEY_DOWN);
    CHECK_EQ(decode("\x1b[3"), KEY_NONE); /* and then nothing */
}

TEST(bios) {
    CHECK_EQ(key_decode_bios(0x1e61), 'a');
    CHECK_EQ(key_decode_bios(0x1c0d), KEY_ENTER);
    CHECK_EQ(key_decode_bios(0xe00d), KEY_ENTER);
    CHECK_EQ(key_decode_bios(0xe02f), '/');
    CHECK_EQ(key_decode_bios(0x0e08), KEY_BACKSPACE);
    CHECK_EQ(key_decode_bios(0x0e7f), KEY_BACKSPACE); /* with Ctrl */
    CHECK_EQ(key_decode_bios(0x011b), KEY_ESCAPE);
    CHECK_EQ(key_decode_bios(0x4800), KEY_UP);
    CHECK_EQ(key_decode_bios(0x48e0), KEY_UP);
    CHECK_EQ(key_decode_bios(0x5000), KEY_DOWN);
    CHECK_EQ(key_decode_bios(0x4be0), KEY_LEFT);
    CHECK_EQ(key_decode_bios(0x4d00), KEY_RIGHT);
    CHECK_EQ(key_decode_bios(0x4700), KEY_HOME);
    CHECK_EQ(key_decode_bios(0x4f00), KEY_END);
    CHECK_EQ(key_decode_bios(0x4900), KEY_PAGE_UP);
    CHECK_EQ(key_decode_bios(0x5100), KEY_PAGE_DOWN);
    CHECK_EQ(key_decode_bios(0x53e0), KEY_DELETE);
    CHECK_EQ(key_decode_bios(0x3b00), KEY_NONE); /* F1 */
    CHECK_EQ(key_decode_bios(0), KEY_NONE);
}
