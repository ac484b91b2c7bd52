/*
 * Editing the kernel's arguments.
 */
#include "boot/stage2/key_decode.h"
#include "boot/stage2/line_edit.h"
#include "boot/stage2/menu_pages.h"
#include "boot/stage2/page.h"
#include "boot/stage2/state.h"
#include "lib/string.h"

#define TEXT_ROW  4u
#define COUNT_ROW 6u
#define MARGIN    3u

static char draft[BOOT_CMDLINE_MAX + 1];

static void draw(struct line_edit *edit) {
    unsigned right = page_columns() - MARGIN, width = right - MARGIN;

    line_edit_scroll(edit, width);
    page_hide_cursor();
    page_at(COUNT_ROW, MARGIN);
    page_print(PAGE_DIM, "%u of %u bytes", edit->length, edit->capacity);
    page_fill(PAGE_NORMAL, right);
    page_at(TEXT_ROW, MARGIN - 1);
    page_print(PAGE_ALERT, edit->view > 0 ? "<" : " ");
    page_print(PAGE_SELECTED, "%.*s", (int)width, edit->text + edit->view);
    page_fill(PAGE_SELECTED, right);
    page_print(PAGE_ALERT, edit->length - edit->view > width ? ">" : " ");
    page_at(TEXT_ROW, MARGIN + edit->cursor - edit->view);
    page_show_cursor();
}

void menu_edit_arguments(void) {
    struct boot_info *info = boot_info();
    struct line_edit edit;
    int key;

    memcpy(draft, info->cmdline, info->cmdline_length + 1);
    line_edit_start(&edit, draft, BOOT_CMDLINE_MAX);
    page_open();
    menu_head("Kernel arguments for this boot");
    menu_foot("Enter: use them   Esc: leave them as they were");
    draw(&edit);
    while ((key = menu_key()) != KEY_NONE && key != KEY_ENTER && key != KEY_ESCAPE) {
        if (line_edit_key(&edit, key))
            draw(&edit);
    }
    page_hide_cursor();
    if (key != KEY_ENTER)
        return;
    memcpy(info->cmdline, draft, edit.length + 1);
    info->cmdline_length = edit.length;
}
