/* boot/stage2/line_edit.c: any keys at any width; the text stays terminated, the cursor in sight. */
#include "boot/stage2/line_edit.h"

#include <string.h>

#include "boot/stage2/key_decode.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

#define CAPACITY 24u

int fuzz_one(const uint8_t *data, size_t size) {
    char text[CAPACITY + 1] = "quiet";
    struct line_edit edit;

    line_edit_start(&edit, text, CAPACITY);
    for (size_t i = 0; i < size; i++) {
        uint32_t width = 2 + data[i] % 30u;

        line_edit_key(&edit, data[i] < 0x80 ? data[i] : KEY_UP + data[i] % 16);
        line_edit_scroll(&edit, width);
        ASSERT(edit.length <= CAPACITY && edit.cursor <= edit.length);
        ASSERT(strlen(text) == edit.length);
        ASSERT(edit.view <= edit.cursor && edit.cursor - edit.view < width);
    }
    return 0;
}
