/* Scan code set 1: IBM PS/2 Technical Reference, "Keyboard scan code set 1". */
#include "lib/scancode.h"

#include "lib/bits.h"

#define PREFIX_EXTENDED 0xe0u
#define PREFIX_PAUSE 0xe1u /* begins a sequence of two codes that only the Pause key sends */
#define RELEASED 0x80u
#define PLAIN_LAST KEY_F12

/* Keys with the prefix. Not in the table: the shifts that old keyboards fake around them. */
static const struct {
    uint8_t scancode, code;
} extended_keys[] = {
    {0x1c, KEY_KP_ENTER}, {0x1d, KEY_RIGHT_CTRL}, {0x35, KEY_KP_SLASH}, {0x37, KEY_PRINT}, {0x38, KEY_RIGHT_ALT},
    {0x46, KEY_PAUSE},    {0x47, KEY_HOME},       {0x48, KEY_UP},       {0x49, KEY_PAGE_UP}, {0x4b, KEY_LEFT},
    {0x4d, KEY_RIGHT},    {0x4f, KEY_END},        {0x50, KEY_DOWN},     {0x51, KEY_PAGE_DOWN}, {0x52, KEY_INSERT},
    {0x53, KEY_DELETE},   {0x5b, KEY_LEFT_META},  {0x5c, KEY_RIGHT_META}, {0x5d, KEY_MENU},
};

static uint8_t extended_key(uint8_t scancode) {
    for (unsigned i = 0; i < ARRAY_SIZE(extended_keys); i++) {
        if (extended_keys[i].scancode == scancode)
            return extended_keys[i].code;
    }
    return KEY_NONE;
}

bool scancode_decode(struct scancode_decoder *decoder, uint8_t byte, uint8_t *code, bool *pressed) {
    uint8_t prefix = decoder->prefix, scancode = byte & (uint8_t)~RELEASED;

    if (byte == PREFIX_EXTENDED || byte == PREFIX_PAUSE) {
        decoder->prefix = byte;
        decoder->skip = byte == PREFIX_PAUSE ? 1 : 0;
        return false;
    }
    if (prefix == PREFIX_PAUSE && decoder->skip > 0) {
        decoder->skip--;
        return false;
    }
    decoder->prefix = 0;
    *pressed = !(byte & RELEASED);
    if (prefix == PREFIX_PAUSE)
        *code = KEY_PAUSE;
    else if (prefix == PREFIX_EXTENDED)
        *code = extended_key(scancode);
    else
        *code = scancode <= PLAIN_LAST ? scancode : KEY_NONE;
    return *code != KEY_NONE;
}
