/* The US layout. Sequences: console_codes(4) and the `linux` entry of terminfo. */
#include "lib/keymap.h"

#include "lib/bits.h"
#include "lib/scancode.h"
#include "lib/string.h"

#define ESCAPE '\033'
#define DELETE_CHARACTER '\177'
#define CONTROL_MASK 0x1f

/* By key code from KEY_ESCAPE to KEY_SPACE; 0: not a character key. */
static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof plain - 1 == KEY_SPACE + 1 && sizeof shifted == sizeof plain, "one entry a key");

static const char keypad[] = "789-456+1230."; /* KEY_KP_7 .. KEY_KP_DOT */
static const uint8_t keypad_keys[] = {        /* without Num Lock */
    KEY_HOME, KEY_UP, KEY_PAGE_UP, KEY_KP_MINUS, KEY_LEFT, KEY_NONE, KEY_RIGHT, KEY_KP_PLUS,
    KEY_END, KEY_DOWN, KEY_PAGE_DOWN, KEY_INSERT, KEY_DELETE,
};

static const struct {
    uint8_t code;
    char sequence[6]; /* after ESC */
} special_keys[] = {
    {KEY_F1, "[[A"}, {KEY_F1 + 1, "[[B"}, {KEY_F1 + 2, "[[C"}, {KEY_F1 + 3, "[[D"}, {KEY_F1 + 4, "[[E"},
    {KEY_F1 + 5, "[17~"}, {KEY_F1 + 6, "[18~"}, {KEY_F1 + 7, "[19~"}, {KEY_F1 + 8, "[20~"}, {KEY_F10, "[21~"},
    {KEY_F11, "[23~"}, {KEY_F12, "[24~"}, {KEY_HOME, "[1~"}, {KEY_INSERT, "[2~"}, {KEY_DELETE, "[3~"},
    {KEY_END, "[4~"}, {KEY_PAGE_UP, "[5~"}, {KEY_PAGE_DOWN, "[6~"},
    {KEY_UP, "[A"}, {KEY_DOWN, "[B"}, {KEY_RIGHT, "[C"}, {KEY_LEFT, "[D"},
};

static void put(struct keymap_result *result, const char *bytes, size_t count) {
    if (count > sizeof result->bytes - result->count)
        return;
    memcpy(result->bytes + result->count, bytes, count);
    result->count += count;
}

/* Keeps track of shift, control and alt; true if the key is one of them. */
static bool modifier(struct keymap *keymap, uint8_t code, bool pressed) {
    switch (code) {
    case KEY_LEFT_SHIFT: keymap->left_shift = pressed; return true;
    case KEY_RIGHT_SHIFT: keymap->right_shift = pressed; return true;
    case KEY_LEFT_CTRL: keymap->left_ctrl = pressed; return true;
    case KEY_RIGHT_CTRL: keymap->right_ctrl = pressed; return true;
    case KEY_LEFT_ALT: keymap->left_alt = pressed; return true;
    case KEY_RIGHT_ALT: keymap->right_alt = pressed; return true;
    default: return false;
    }
}

static uint8_t lock_of(uint8_t code) {
    switch (code) {
    case KEY_CAPS_LOCK: return KEYMAP_CAPS;
    case KEY_NUM_LOCK: return KEYMAP_NUM;
    case KEY_SCROLL_LOCK: return KEYMAP_SCROLL;
    default: return 0;
    }
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Control with a character: letters and @[\]^_ lose their upper bits; a few digits stand for the others, as on VT100s. */
static char controlled(char c) {
    static const char digits[] = "2345678", codes[] = "\0\033\034\035\036\037\177";
    const char *digit = c ? strchr(digits, c) : NULL;

    if (digit)
        return codes[digit - digits];
    if (is_letter(c) || (c >= '@' && c <= '_'))
        return (char)(c & CONTROL_MASK);
    if (c == ' ' || c == '`')
        return 0;
    if (c == '/' || c == '-')
        return '_' & CONTROL_MASK;
    return c;
}

static void character(const struct keymap *keymap, uint8_t code, struct keymap_result *result) {
    bool shift = keymap->left_shift || keymap->right_shift;

    if ((keymap->locks & KEYMAP_CAPS) && is_letter(plain[code]))
        shift = !shift;
    char c = shift ? shifted[code] : plain[code];
    if (c == 0)
        return;
    if (shift && code == KEY_TAB) {
        put(result, "\033[Z", 3);
        return;
    }
    if (keymap->left_alt || keymap->right_alt)
        put(result, "\033", 1);
    if (keymap->left_ctrl || keymap->right_ctrl)
        c = controlled(c);
    put(result, &c, 1);
}

static void special(uint8_t code, bool application_cursor, struct keymap_result *result) {
    for (unsigned i = 0; i < ARRAY_SIZE(special_keys); i++) {
        if (special_keys[i].code != code)
            continue;
        bool arrow = code == KEY_UP || code == KEY_DOWN || code == KEY_LEFT || code == KEY_RIGHT;
        put(result, "\033", 1);
        if (arrow && application_cursor) {
            put(result, "O", 1);
            put(result, special_keys[i].sequence + 1, 1);
        } else {
            put(result, special_keys[i].sequence, strlen(special_keys[i].sequence));
        }
        return;
    }
}

/* Keys whose meaning depends on Num Lock; returns the key it stands for, or KEY_NONE when it gave a character. */
static uint8_t keypad_key(const struct keymap *keymap, uint8_t code, struct keymap_result *result) {
    unsigned index = code - KEY_KP_7;

    if ((keymap->locks & KEYMAP_NUM) || code == KEY_KP_MINUS || code == KEY_KP_PLUS) {
        put(result, &keypad[index], 1);
        return KEY_NONE;
    }
    return keypad_keys[index];
}

static enum keymap_action combination(const struct keymap *keymap, uint8_t code) {
    bool shift = keymap->left_shift || keymap->right_shift;
    bool ctrl = keymap->left_ctrl || keymap->right_ctrl, alt = keymap->left_alt || keymap->right_alt;

    if (ctrl && alt && code == KEY_DELETE)
        return KEYMAP_REBOOT;
    if (shift && code == KEY_PAGE_UP)
        return KEYMAP_SCROLL_UP;
    if (shift && code == KEY_PAGE_DOWN)
        return KEYMAP_SCROLL_DOWN;
    return KEYMAP_NOTHING;
}

struct keymap_result keymap_key(struct keymap *keymap, uint8_t code, bool pressed, bool repeated, bool application_cursor) {
    struct keymap_result result = {.action = KEYMAP_NOTHING};

    if (modifier(keymap, code, pressed) || !pressed)
        return result;
    if (lock_of(code)) {
        if (!repeated) {
            keymap->locks ^= lock_of(code);
            result.action = KEYMAP_LOCKS;
        }
        return result;
    }
    if (code >= KEY_KP_7 && code <= KEY_KP_DOT)
        code = keypad_key(keymap, code, &result);
    result.action = combination(keymap, code);
    if (result.action != KEYMAP_NOTHING || code == KEY_NONE)
        return result;
    if (code == KEY_KP_ENTER || code == KEY_KP_SLASH)
        put(&result, code == KEY_KP_ENTER ? "\r" : "/", 1);
    else if (code == KEY_102ND)
        put(&result, keymap->left_shift || keymap->right_shift ? ">" : "<", 1);
    else if (code <= KEY_SPACE)
        character(keymap, code, &result);
    else
        special(code, application_cursor, &result);
    return result;
}
