/*
 * Reader of boot/astra.cfg. Pure; usable in any context.
 *
 *   # a comment: '#' at the start of a line, or after white space outside quotes
 *   key = value
 *
 * kernel, ramfs   paths on the boot partition; `ramfs =` with nothing behind it: none
 * video           `text`, or WIDTHxHEIGHT in pixels, or WIDTHxHEIGHTxBITS of a pixel (15, 16, 24, 32)
 * append          arguments for the kernel. Words are separated by white space; '...', "..." and
 *                 backslash quote as in a shell. The text reaches the kernel as it stands, quotes
 *                 included, for the kernel to take apart. Several lines are joined by a space
 * kernel_old      the path of a kernel that the menu offers beside `kernel`
 * menu            seconds, 0 to 999, for which a key brings the menu up; 0: it is not offered
 * explain         `yes`: the loader pauses at each step and shows what happens; `no`
 *
 * Lines end with LF or CR LF; a UTF-8 byte order mark at the start is skipped. The other values
 * may be quoted as a whole; the quotes are removed.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

#define BOOTCFG_PATH_MAX 255u  /* bytes of a path */
#define BOOTCFG_MENU_SECONDS_MAX 999u
#define BOOTCFG_PIXELS_MIN 320u
#define BOOTCFG_PIXELS_MAX 16384u

struct bootcfg {
    char kernel[BOOTCFG_PATH_MAX + 1];
    char kernel_old[BOOTCFG_PATH_MAX + 1];
    char ramfs[BOOTCFG_PATH_MAX + 1]; /* "": no ramfs */
    char append[BOOT_CMDLINE_MAX + 1];
    uint32_t append_length;
    uint32_t video_width, video_height; /* 0: text mode */
    uint32_t video_bits; /* a pixel; 0: as many as there are */
    uint32_t menu_seconds;
    bool explain;        /* pause at each step and show what happens */
};

/* A line that cannot be used and is ignored. */
struct bootcfg_problem {
    unsigned line;    /* from 1 */
    const char *text; /* the line in the caller's text; any bytes, not terminated */
    size_t length;
    const char *what; /* is wrong with it */
};

/* Told of every such line. */
typedef void bootcfg_report_fn(void *context, const struct bootcfg_problem *problem);

/*
 * The settings that hold when the file says nothing: boot/kernel.elf, boot/kernel-old.elf,
 * boot/ramfs.cpio, text.
 */
void bootcfg_defaults(struct bootcfg *config);

/* Reads `size` bytes of text into `config`. Returns the number of problems reported. */
unsigned bootcfg_parse(struct bootcfg *config, const char *text, size_t size,
                       bootcfg_report_fn *report, void *context);
