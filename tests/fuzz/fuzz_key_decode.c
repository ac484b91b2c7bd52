/* boot/stage2/key_decode.c: any bytes give keys that exist, and the end of input always ends a sequence. */
#include "boot/stage2/key_decode.h"

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void check(int key) {
    ASSERT((key >= 0 && key < 0x7f) || (key >= KEY_UP && key <= KEY_DELETE));
}

int fuzz_one(const uint8_t *data, size_t size) {
    struct key_decoder decoder = {0};

    for (size_t i = 0; i < size; i++) {
        check(key_decode_byte(&decoder, data[i]));
        check(key_decode_bios((uint16_t)(data[i] | data[i / 2] << 8)));
        if (data[i] == 0xff) {
            check(key_decode_end(&decoder));
            ASSERT(!key_decode_pending(&decoder));
        }
    }
    return 0;
}
