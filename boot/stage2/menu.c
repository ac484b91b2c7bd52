/*
 * The menu's first page, and when it comes up.
 */
#include "boot/stage2/menu.h"

#include "boot/stage2/boot_options.h"
#include "boot/stage2/config.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/keys.h"
#include "boot/stage2/menu_pages.h"
#include "boot/stage2/page.h"
#include "boot/stage2/state.h"
#include "boot/stage2/timeout.h"
#include "boot/stage2/trace.h"
#include "boot/stage2/volume.h"
#include "lib/assert.h"
#include "lib/version.h"

#define WANTED_MS  30000u  /* until the machine goes on by itself: the menu was asked for */
#define PROBLEM_MS 10000u  /* nobody asked for it: a line of astra.cfg is wrong */
#define IDLE_MS    300000u /* somebody was there and has gone */
#define SHOWN_MS   60000u  /* the countdown's last part */

#define NOTE_ROW     2u
#define ENTRIES_ROW  6u
#define FACTS_ROW    15u
#define KEY_COLUMN   3u
#define LABEL_COLUMN 6u
#define LETTER_COLUMN 32u
#define REMARK_COLUMN 36u
#define COUNTDOWN_CELLS 15u
#define WIDE         70u /* columns: room for remarks beside the entries */

enum choice { CHOICE_BOOT, CHOICE_EXPLAIN, CHOICE_EDIT, CHOICE_PREVIOUS, CHOICE_MEMORY, CHOICE_DISK,
              CHOICE_LEAVE, CHOICES };

static const struct {
    char letter;
    const char *label, *remark;
} entries[CHOICES] = {
    [CHOICE_BOOT] = {'b', "Boot", ""},
    [CHOICE_EXPLAIN] = {'x', "Explain each step", "pause, and show what happens here"},
    [CHOICE_EDIT] = {'e', "Edit the arguments", "for this boot only"},
    [CHOICE_PREVIOUS] = {'p', "Boot the previous kernel", ""},
    [CHOICE_MEMORY] = {'m', "Memory map", "as the BIOS gives it, and cleaned"},
    [CHOICE_DISK] = {'d', "Disk", "drive, partitions, volume, files"},
    [CHOICE_LEAVE] = {'n', "Next boot device", "leave Astra"},
};

static struct {
    const struct bootcfg *config;
    bool previous_there;
    bool failed; /* a kernel could not be loaded */
    enum choice selected;
    struct timeout timeout;
    uint32_t shown_s; /* of the countdown; 0: none */
} menu;

/* ---- the frame of all pages ---- */

void menu_head(const char *title) {
    page_at(0, 0);
    page_print(PAGE_BAR, "   Astra %s   %s", astra_version, title);
    page_fill(PAGE_BAR, page_columns());
}

static void draw_countdown(void) {
    unsigned column = page_columns() - MIN(page_columns(), COUNTDOWN_CELLS);

    page_at(page_rows() - 1, column);
    if (menu.shown_s != 0)
        page_print(PAGE_BAR, "%s in %u s", menu.failed ? "off" : "boot", menu.shown_s);
    page_fill(PAGE_BAR, page_columns());
}

void menu_foot(const char *help) {
    page_at(page_rows() - 1, 0);
    page_print(PAGE_BAR, "   %s", help);
    page_fill(PAGE_BAR, page_columns());
    draw_countdown();
}

/* The next key, counting down; KEY_NONE when the time is up. */
static int next_key(void) {
    uint32_t left_ms;

    while ((left_ms = timeout_left_ms(&menu.timeout)) != 0) {
        uint32_t left_s = left_ms <= SHOWN_MS ? (left_ms + 999) / 1000 : 0;

        if (left_s != menu.shown_s) {
            menu.shown_s = left_s;
            draw_countdown();
        }
        int key = keys_poll();

        if (key != KEY_NONE)
            return key;
    }
    return KEY_NONE;
}

static void somebody_is_there(void) {
    timeout_start(&menu.timeout, IDLE_MS);
}

int menu_key(void) {
    int key = next_key();

    if (key != KEY_NONE)
        somebody_is_there();
    return key;
}

/* ---- the first page ---- */

static bool offered(enum choice choice) {
    return choice != CHOICE_PREVIOUS || menu.previous_there;
}

static void print_remark(enum choice choice, enum page_style style) {
    if (choice == CHOICE_BOOT)
        page_print(style, "%s", menu.config->kernel);
    else if (choice == CHOICE_PREVIOUS)
        page_print(style, "%s%s", menu.config->kernel_old, menu.previous_there ? "" : " is not there");
    else
        page_print(style, "%s", entries[choice].remark);
}

static void draw_entry(enum choice choice) {
    bool selected = choice == menu.selected;
    enum page_style style = selected ? PAGE_SELECTED : offered(choice) ? PAGE_NORMAL : PAGE_DIM;

    page_at(ENTRIES_ROW + choice, 1);
    page_print(style, "%s", selected ? ">" : " ");
    page_fill(style, KEY_COLUMN);
    page_print(style, "%u", choice + 1u);
    page_fill(style, LABEL_COLUMN);
    page_print(style == PAGE_NORMAL ? PAGE_BRIGHT : style, "%s", entries[choice].label);
    page_fill(style, LETTER_COLUMN);
    page_print(style, "%c", entries[choice].letter);
    page_fill(style, REMARK_COLUMN);
    if (page_columns() >= WIDE)
        print_remark(choice, style);
    page_fill(style, page_columns() - 1);
}

static void draw_fact(unsigned row, const char *name, const char *value) {
    page_at(FACTS_ROW + row, KEY_COLUMN);
    page_print(PAGE_NORMAL, "%-11s", name);
    page_print(PAGE_BRIGHT, "%s", value);
}

/* Why the menu is here, if it was not asked for. */
static void draw_note(void) {
    const struct config_problem *problem = config_problem();

    page_at(NOTE_ROW, KEY_COLUMN);
    if (menu.failed) {
        page_print(PAGE_ALERT, "Error %u: %s", error_last()->code, error_last()->sentence);
        page_at(NOTE_ROW + 1, KEY_COLUMN);
        page_print(PAGE_NORMAL, "%s", error_last()->detail);
    } else if (problem) {
        page_print(PAGE_ALERT, "boot/astra.cfg, line %u: %s", problem->line, problem->what);
        page_at(NOTE_ROW + 1, KEY_COLUMN);
        page_print(PAGE_NORMAL, "%s", problem->text);
        if (problem->others != 0) {
            page_at(NOTE_ROW + 2, KEY_COLUMN);
            page_print(PAGE_DIM, "and %u more lines that cannot be used", problem->others);
        }
    }
}

static void draw(void) {
    page_open();
    menu_head("Boot menu");
    draw_note();
    for (unsigned i = 0; i < CHOICES; i++)
        draw_entry((enum choice)i);
    draw_fact(0, "ramfs", menu.config->ramfs[0] ? menu.config->ramfs : "none");
    draw_fact(1, "arguments", boot_info()->cmdline[0] ? boot_info()->cmdline : "none");
    menu_foot("Up, Down and Enter, a number or a letter");
}

/* The next entry up (-1) or down (1) that can be had. */
static void move(int step) {
    enum choice before = menu.selected, choice = before;

    do
        choice = (enum choice)(((int)choice + step + CHOICES) % CHOICES);
    while (!offered(choice));
    menu.selected = choice;
    draw_entry(before);
    draw_entry(choice);
}

/* The entry that a digit or letter names, or CHOICES. */
static enum choice find_choice(int key) {
    unsigned i = 0;

    while (i < CHOICES && key != '1' + (int)i && (key | 0x20) != entries[i].letter)
        i++;
    return (enum choice)i;
}

/* Does what was chosen; true if the boot goes on with it. */
static bool act(void) {
    struct boot_options *options = boot_options();

    switch (menu.selected) {
    case CHOICE_EDIT: menu_edit_arguments(); menu.selected = CHOICE_BOOT; break;
    case CHOICE_MEMORY: page_open(); menu_show_memory(); break;
    case CHOICE_DISK: page_open(); menu_show_disk(); break;
    case CHOICE_LEAVE: page_close(); error_next_device();
    default:
        options->explain |= menu.selected == CHOICE_EXPLAIN;
        options->previous_kernel = menu.selected == CHOICE_PREVIOUS;
        return true;
    }
    draw();
    return false;
}

/*
 * One key at the first page; true if the boot goes on. Only a key that means something tells that
 * somebody is there: one that is stuck, or noise on the line, does not.
 */
static bool take_key(int key) {
    enum choice named = find_choice(key);
    bool moves = key == KEY_UP || key == KEY_DOWN;
    bool names = named != CHOICES && offered(named);

    if (!moves && !names && key != KEY_ENTER)
        return false;
    somebody_is_there();
    if (names)
        menu.selected = named;
    if (!moves)
        return act();
    move(key == KEY_UP ? -1 : 1);
    return false;
}

/* Shows the menu. False: nobody pressed a key in time. */
static bool run(uint32_t limit_ms) {
    int key;

    keys_drain(); /* what brought us here is no choice */
    timeout_start(&menu.timeout, limit_ms);
    menu.shown_s = 0;
    draw();
    while ((key = next_key()) != KEY_NONE && !take_key(key))
        continue;
    page_close();
    console_printf("Astra %s\n", astra_version);
    console_step("menu");
    console_printf("%s\n", key == KEY_NONE ? "no key" : entries[menu.selected].label);
    return key != KEY_NONE;
}

static void look(const struct bootcfg *config) {
    static struct fat_entry entry;

    menu.config = config;
    menu.previous_there = volume_find(config->kernel_old, &entry) == 0;
}

/* ---- when it comes up ---- */

/* The line that `menu = SECONDS` gives; true if a key is pressed while it stands. */
static bool countdown(uint32_t seconds) {
    int key = KEY_NONE;

    if (seconds > 0)
        keys_drain(); /* keys for the BIOS are none for us */
    for (; seconds > 0 && key == KEY_NONE; seconds--) {
        console_rewind();
        console_step("menu");
        console_printf("press a key for it: %u s ", seconds);
        key = keys_wait(1000);
    }
    console_fresh_line();
    return key != KEY_NONE;
}

void menu_offer(const struct bootcfg *config) {
    bool wanted = keys_watch_end(), shown;

    trace_step(BOOT_STEP_MENU);
    wanted = wanted || (!config_problem() && countdown(config->menu_seconds));
    shown = wanted || config_problem();
    if (shown) {
        look(config);
        (void)run(wanted ? WANTED_MS : PROBLEM_MS);
    }
    trace_step_done(BOOT_STEP_MENU, shown);
}

void menu_after_failure(const struct bootcfg *config) {
    bool failed_previous = boot_options()->previous_kernel;

    look(config);
    if (!menu.previous_there || failed_previous)
        error_give_up();
    console_printf("Press a key for the menu: %s is there.\n"
                   "Without a key the next boot device follows.\n", config->kernel_old);
    if (keys_wait(WANTED_MS) == KEY_NONE)
        error_next_device();
    menu.failed = true;
    menu.selected = CHOICE_PREVIOUS;
    if (!run(WANTED_MS))
        error_next_device();
}
