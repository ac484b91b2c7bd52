/*
 * The pager of explain mode.
 */
#include "boot/stage2/explain.h"

#include "boot/stage2/boot_options.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/keys.h"
#include "lib/bootcfg.h"

#define FIRST_WAIT_MS  30000u  /* until a key shows that somebody is there */
#define READER_WAIT_MS 900000u

struct page {
    enum explain_point point;
    const char *title;
    const char *live; /* how to see it happen */
    const char *source;
    explain_show_fn *show;
};

static const struct page pages[] = {
    {EXPLAIN_CONFIG, "The boot sector", "./astra tour mbr", "stage1/stage1.asm",
     explain_boot_sector},
    {EXPLAIN_CONFIG, "Segment descriptors", "./astra debug, gdt", "stage2/entry.asm",
     explain_segments},
    {EXPLAIN_CONFIG, "From real mode to protected mode", "./astra tour modes", "stage2/entry.asm",
     explain_protected_mode},
    {EXPLAIN_CONFIG, "The processor", "./astra exec cat /proc/cpuinfo", "stage2/cpu.c",
     explain_cpu},
    {EXPLAIN_CONFIG, "Address line A20", "./astra tour a20", "stage2/a20.c", explain_a20},
    {EXPLAIN_CONFIG, "The memory map: what the BIOS says", "./astra tour e820", "stage2/memory.c",
     explain_raw_map},
    {EXPLAIN_CONFIG, "The memory map: made clean", "./astra debug, e820", "stage2/memory.c",
     explain_clean_map},
    {EXPLAIN_CONFIG, "The disk", "./astra exec boottrace", "stage2/disk.c", explain_disk},
    {EXPLAIN_CONFIG, "The configuration", "mdir -i build/astra.img@@1M ::boot", "stage2/config.c",
     explain_config},
    {EXPLAIN_VIDEO, "The screen", "./astra debug, bootinfo", "stage2/video.c", explain_video},
    {EXPLAIN_VIDEO, "Next: the kernel", "./astra debug, break kernel_load", "stage2/kernel_load.c",
     explain_kernel_before},
    {EXPLAIN_KERNEL, "The kernel: header and checksum", "readelf -h build/kernel.elf",
     "stage2/kernel_load.c", explain_kernel_header},
    {EXPLAIN_KERNEL, "The kernel: segments", "readelf -l build/kernel.elf", "stage2/kernel_load.c",
     explain_kernel_segments},
    {EXPLAIN_RAMFS, "The ramfs", "cpio -itv < build/boot/ramfs.cpio", "stage2/ramfs.c",
     explain_ramfs},
    {EXPLAIN_ACPI, "ACPI's root pointer", "./astra debug, bootinfo", "stage2/acpi.c", explain_acpi},
    {EXPLAIN_ACPI, "Next: page tables", "./astra debug, break paging_build", "stage2/paging.c",
     explain_paging_before},
    {EXPLAIN_PAGING, "The page walk of the kernel's entry point", "./astra tour page-table",
     "stage2/paging.c", explain_page_walk},
    {EXPLAIN_PAGING, "One memory at two addresses", "./astra debug, pagewalk", "stage2/paging.c",
     explain_low_maps},
    {EXPLAIN_HANDOFF, "Long mode, there and back", "./astra tour modes", "stage2/long_mode.asm",
     explain_long_mode},
    {EXPLAIN_HANDOFF, "The jump", "./astra debug, bootinfo", "stage2/handoff_jump.asm",
     explain_jump},
};

static unsigned next_page;  /* the first not shown yet */
static bool reader_present; /* a key was pressed */

/* Shows one part of a page with its frame. Returns how many parts there are. */
static unsigned show(unsigned index, unsigned part) {
    const struct page *page = &pages[index];

    page_open();
    page_print(PAGE_BAR, " %u/%u  %s", index + 1, (unsigned)ARRAY_SIZE(pages), page->title);
    page_fill(PAGE_BAR, page_columns());
    explain_begin();
    unsigned parts = page->show(part);

    page_at(explain_rows_end(), EXPLAIN_MARGIN);
    page_print(PAGE_DIM, "live: %s   source: boot/%s", page->live, page->source);
    page_at(explain_rows_end() + 1, 0);
    page_print(PAGE_BAR, " Enter next   b back   q boot on%s",
               reader_present ? "   (waits 15 minutes)" : "   (boots on after 30 s without a key)");
    page_fill(PAGE_BAR, page_columns());
    return parts;
}

enum answer { ANSWER_NEXT, ANSWER_BACK, ANSWER_QUIT };

static enum answer ask(void) {
    for (;;) {
        int key = keys_wait(reader_present ? READER_WAIT_MS : FIRST_WAIT_MS);

        reader_present = true;
        if (key == KEY_ENTER || key == ' ' || key == KEY_PAGE_DOWN || key == KEY_RIGHT)
            return ANSWER_NEXT;
        if (key == 'b' || key == KEY_PAGE_UP || key == KEY_LEFT || key == KEY_BACKSPACE)
            return ANSWER_BACK;
        if (key == 'q' || key == KEY_ESCAPE || key == KEY_NONE)
            return ANSWER_QUIT;
    }
}

void explain(enum explain_point point) {
    unsigned index = next_page, part = 0;
    enum answer answer = ANSWER_NEXT;

    if (!boot_options()->explain)
        return;
    reader_present |= !boot_facts.config->explain; /* a key chose it in the menu */
    while (answer != ANSWER_QUIT && index < ARRAY_SIZE(pages) && pages[index].point <= point) {
        unsigned parts = show(index, part);

        answer = ask();
        if (answer == ANSWER_NEXT && part + 1 < parts) {
            part++;
        } else if (answer == ANSWER_NEXT) {
            index++;
            part = 0;
        } else if (part > 0) {
            part--;
        } else if (index > 0) {
            index--;
        }
    }
    next_page = index;
    boot_options()->explain = answer != ANSWER_QUIT;
    page_close();
}
