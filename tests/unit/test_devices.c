/* Small pure parts of drivers: BLAKE2s, calendar, code page 437, scan codes, keyboard layout. */
#include "lib/blake2s.h"
#include "lib/calendar.h"
#include "lib/cp437.h"
#include "lib/keymap.h"
#include "lib/scancode.h"
#include "tests/unit/unit.h"

static void hash_hex(const char *text, size_t piece, char hex[65]) {
    struct blake2s state;
    uint8_t digest[BLAKE2S_DIGEST_SIZE];
    size_t length = strlen(text);

    blake2s_init(&state);
    for (size_t at = 0; at < length; at += piece)
        blake2s_update(&state, text + at, at + piece < length ? piece : length - at);
    blake2s_final(&state, digest);
    for (unsigned i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

TEST(blake2s_vectors) { /* RFC 7693 appendix B, and Python's hashlib */
    char hex[65], longer[129];

    hash_hex("abc", 3, hex);
    CHECK_STR(hex, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    hash_hex("", 1, hex);
    CHECK_STR(hex, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
    memset(longer, 'x', 128);
    longer[128] = 0;
    for (size_t piece = 1; piece <= 128; piece += 21) {
        hash_hex(longer, piece, hex);
        CHECK_STR(hex, "0b81df8f2e8616dc992bff767a30f204a479af922fcb6bcd0a4bebeead30ab06");
    }
}

TEST(calendar_known_dates) {
    struct calendar_time time = {2000, 2, 29, 23, 59, 59};

    CHECK(calendar_is_valid(&time));
    CHECK_EQ(calendar_to_unix(&time), 951868799);
    calendar_from_unix(951868800, &time);
    CHECK(time.year == 2000 && time.month == 3 && time.day == 1 && time.hour == 0);
    CHECK(!calendar_is_valid(&(struct calendar_time){2100, 2, 29, 0, 0, 0}));
    CHECK(!calendar_is_valid(&(struct calendar_time){2024, 13, 1, 0, 0, 0}));
    CHECK(!calendar_is_valid(&(struct calendar_time){2024, 4, 31, 0, 0, 0}));
    CHECK(!calendar_is_valid(&(struct calendar_time){1969, 12, 31, 0, 0, 0}));
}

TEST(calendar_there_and_back) {
    for (int64_t seconds = 0; seconds < 8000000000; seconds += 86399 * 7 + 13) {
        struct calendar_time time;
        calendar_from_unix(seconds, &time);
        CHECK(calendar_is_valid(&time));
        CHECK_EQ(calendar_to_unix(&time), seconds);
    }
}

TEST(cp437_there_and_back) {
    for (unsigned c = 1; c < 256; c++)
        CHECK_EQ(cp437_from_unicode(cp437_to_unicode((uint8_t)c)), c);
    CHECK_EQ(cp437_from_unicode(0x2500), 0xc4);
    CHECK_EQ(cp437_from_unicode(0x2019), '\'');
    CHECK_EQ(cp437_from_unicode(0x4e00), CP437_UNKNOWN);
}

/* Types scan codes on a keyboard and collects what comes out. */
static void type(struct keymap *keymap, const char *scancodes, size_t count, char *out) {
    struct scancode_decoder decoder = {0};
    bool down[KEY_CODE_MAX] = {false};
    uint8_t code;
    bool pressed;

    for (size_t i = 0; i < count; i++) {
        if (!scancode_decode(&decoder, (uint8_t)scancodes[i], &code, &pressed))
            continue;
        struct keymap_result result = keymap_key(keymap, code, pressed, pressed && down[code], false);
        down[code] = pressed;
        memcpy(out, result.bytes, result.count);
        out += result.count;
    }
    *out = 0;
}

#define TYPED(scancodes, expected) \
    do { \
        struct keymap keymap = {0}; \
        char out[64]; \
        type(&keymap, scancodes, sizeof(scancodes) - 1, out); \
        CHECK_STR(out, expected); \
    } while (0)

TEST(keys_to_bytes) {
    TYPED("\x1e\x9e", "a");
    TYPED("\x2a\x1e\x9e\xaa\x1e", "Aa");
    TYPED("\x1d\x2e\xae\x9d\x2e", "\003c");
    TYPED("\x38\x30\xb8", "\033b");
    TYPED("\x0e\x0f\x1c\x01", "\177\t\r\033");
    TYPED("\xe0\x48\xe0\xc8\xe0\x50", "\033[A\033[B");
    TYPED("\x3b\x44\x57\x58", "\033[[A\033[21~\033[23~\033[24~");
    TYPED("\xe0\x53\xe0\x47\xe0\x4f\xe0\x49", "\033[3~\033[1~\033[4~\033[5~");
    TYPED("\x3a\xba\x1e\x02", "A1");           /* Caps Lock: letters only */
    TYPED("\x47\x45\xc5\x47\x37", "\033[1~7*"); /* keypad, then with Num Lock */
    TYPED("\xe1\x1d\x45\xe1\x9d\xc5\x1e", "a"); /* Pause is swallowed whole */
    TYPED("\xe0\x2a\xe0\x4b", "\033[D");        /* a faked shift is no shift */
    TYPED("\x1d\x03\x1d\x35\x1d\x39", "");      /* Ctrl-2 is NUL: the text ends there */
}

TEST(keys_with_other_meanings) {
    struct keymap keymap = {0};

    keymap_key(&keymap, KEY_LEFT_CTRL, true, false, false);
    keymap_key(&keymap, KEY_LEFT_ALT, true, false, false);
    CHECK_EQ(keymap_key(&keymap, KEY_DELETE, true, false, false).action, KEYMAP_REBOOT);
    keymap = (struct keymap){.right_shift = true};
    CHECK_EQ(keymap_key(&keymap, KEY_PAGE_UP, true, false, false).action, KEYMAP_SCROLL_UP);
    CHECK_EQ(keymap_key(&keymap, KEY_PAGE_DOWN, true, false, false).action, KEYMAP_SCROLL_DOWN);
    CHECK_EQ(keymap_key(&keymap, KEY_NUM_LOCK, true, false, false).action, KEYMAP_LOCKS);
    CHECK_EQ(keymap.locks, KEYMAP_NUM);
    CHECK_EQ(keymap_key(&keymap, KEY_NUM_LOCK, true, true, false).action, KEYMAP_NOTHING);
    keymap = (struct keymap){0};
    struct keymap_result up = keymap_key(&keymap, KEY_UP, true, false, true);
    CHECK(up.count == 3 && memcmp(up.bytes, "\033OA", 3) == 0);
}
