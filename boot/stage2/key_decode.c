/*
 * Keys from bytes.
 */
#include "boot/stage2/key_decode.h"

enum state { STATE_IDLE, STATE_ESCAPE, STATE_BRACKET, STATE_SS3 };

#define ASCII_DELETE 0x7fu
#define PARAMETER_BAD 0xffu /* a sequence with more than one small number: ignored to its end */

static int plain(uint8_t byte) {
    if (byte == ASCII_DELETE)
        return KEY_BACKSPACE; /* what the Backspace key of most terminals sends */
    if (byte == '\n')
        return KEY_ENTER;
    return byte < ASCII_DELETE ? byte : KEY_NONE;
}

/* The final byte of `ESC [ x` and `ESC O x`. */
static int cursor_key(uint8_t byte) {
    switch (byte) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case 'M': return KEY_ENTER; /* that of the number pad */
    default: return KEY_NONE;
    }
}

/* The number of `ESC [ number ~`. */
static int numbered_key(uint8_t number) {
    switch (number) {
    case 1: case 7: return KEY_HOME;
    case 3: return KEY_DELETE;
    case 4: case 8: return KEY_END;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: return KEY_NONE;
    }
}

/* A byte behind `ESC [`. Final bytes are 40h to 7Eh (ECMA-48 §5.4); a control byte breaks off. */
static int in_bracket(struct key_decoder *decoder, uint8_t byte) {
    uint8_t number = decoder->parameter;

    if (byte >= '0' && byte <= '9') {
        decoder->parameter = number < 10 ? (uint8_t)(number * 10 + (byte - '0')) : PARAMETER_BAD;
        return KEY_NONE;
    }
    if (byte >= ' ' && byte < '@') {
        decoder->parameter = PARAMETER_BAD;
        return KEY_NONE;
    }
    *decoder = (struct key_decoder){0};
    if (byte < ' ')
        return key_decode_byte(decoder, byte);
    if (byte == '~')
        return numbered_key(number);
    return number <= 1 ? cursor_key(byte) : KEY_NONE;
}

int key_decode_byte(struct key_decoder *decoder, uint8_t byte) {
    switch (decoder->state) {
    case STATE_ESCAPE:
        if (byte == KEY_ESCAPE) /* the second may begin a sequence */
            return KEY_ESCAPE;
        decoder->state = byte == '[' ? STATE_BRACKET : byte == 'O' ? STATE_SS3 : STATE_IDLE;
        return KEY_NONE; /* Alt with a key means nothing here */
    case STATE_BRACKET:
        return in_bracket(decoder, byte);
    case STATE_SS3:
        decoder->state = STATE_IDLE;
        return cursor_key(byte);
    default:
        if (byte != KEY_ESCAPE)
            return plain(byte);
        *decoder = (struct key_decoder){.state = STATE_ESCAPE};
        return KEY_NONE;
    }
}

bool key_decode_pending(const struct key_decoder *decoder) {
    return decoder->state != STATE_IDLE;
}

int key_decode_end(struct key_decoder *decoder) {
    int key = decoder->state == STATE_ESCAPE ? KEY_ESCAPE : KEY_NONE;

    *decoder = (struct key_decoder){0};
    return key;
}

int key_decode_bios(uint16_t ax) {
    static const uint8_t scan_codes[] = {0x48, 0x50, 0x4b, 0x4d, 0x47, 0x4f, 0x49, 0x51, 0x53};
    const uint8_t enhanced = 0xe0; /* AL of a grey key, by the enhanced functions */
    uint8_t ascii = (uint8_t)ax, scan = (uint8_t)(ax >> 8);

    if (scan == enhanced) /* the number pad's Enter and / */
        return plain(ascii);
    if (ascii != 0 && ascii != enhanced)
        return plain(ascii);
    for (unsigned i = 0; i < ARRAY_SIZE(scan_codes); i++) {
        if (scan_codes[i] == scan)
            return KEY_UP + (int)i; /* in the order of enum key */
    }
    return KEY_NONE;
}
