/*
 * The line editor.
 */
#include "boot/stage2/line_edit.h"

#include "boot/stage2/key_decode.h"
#include "lib/assert.h"
#include "lib/string.h"

enum control { CTRL_A = 1, CTRL_E = 5, CTRL_K = 11, CTRL_U = 21 };

void line_edit_start(struct line_edit *edit, char *text, uint32_t capacity) {
    uint32_t length = (uint32_t)strnlen(text, capacity);

    text[length] = '\0';
    *edit = (struct line_edit){.text = text, .capacity = capacity, .length = length,
                               .cursor = length};
}

/* Removes `count` bytes from `position` on. */
static bool remove(struct line_edit *edit, uint32_t position, uint32_t count) {
    char *at = edit->text + position;

    ASSERT(position + count <= edit->length);
    memmove(at, at + count, edit->length - position - count + 1);
    edit->length -= count;
    edit->cursor = position;
    return count > 0;
}

static bool insert(struct line_edit *edit, char c) {
    char *at = edit->text + edit->cursor;

    if (edit->length == edit->capacity)
        return false;
    memmove(at + 1, at, edit->length - edit->cursor + 1);
    *at = c;
    edit->length++;
    edit->cursor++;
    return true;
}

static bool move(struct line_edit *edit, uint32_t position) {
    if (position > edit->length) /* also: left of the first byte */
        return false;
    edit->cursor = position;
    return true;
}

bool line_edit_key(struct line_edit *edit, int key) {
    uint32_t cursor = edit->cursor, rest = edit->length - cursor;

    switch (key) {
    case KEY_LEFT: return move(edit, cursor - 1);
    case KEY_RIGHT: return move(edit, cursor + 1);
    case KEY_HOME: case CTRL_A: return move(edit, 0);
    case KEY_END: case CTRL_E: return move(edit, edit->length);
    case KEY_BACKSPACE: return cursor > 0 && remove(edit, cursor - 1, 1);
    case KEY_DELETE: return rest > 0 && remove(edit, cursor, 1);
    case CTRL_K: return remove(edit, cursor, rest);
    case CTRL_U: return remove(edit, 0, cursor);
    default: return key_is_printable(key) && insert(edit, (char)key);
    }
}

void line_edit_scroll(struct line_edit *edit, uint32_t width) {
    ASSERT(width > 1);
    if (edit->cursor < edit->view)
        edit->view = edit->cursor;
    if (edit->cursor - edit->view >= width)
        edit->view = edit->cursor - width + 1;
}
