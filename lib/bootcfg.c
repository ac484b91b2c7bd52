/*
 * The reader of astra.cfg: cut into lines, each into key and value, each value by its key.
 */
#include "lib/bootcfg.h"

#include "lib/string.h"

/* A piece of the text; not terminated. */
struct slice {
    const char *start;
    size_t length;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trim(struct slice s) {
    while (s.length > 0 && is_blank(s.start[0])) {
        s.start++;
        s.length--;
    }
    while (s.length > 0 && is_blank(s.start[s.length - 1]))
        s.length--;
    return s;
}

static bool slice_equal(struct slice s, const char *text) {
    return s.length == strlen(text) && memcmp(s.start, text, s.length) == 0;
}

/*
 * Cuts `line` before a comment. NULL, or what is wrong: a quote that does not end in this line,
 * a backslash with nothing behind it.
 */
static const char *cut_comment(struct slice *line) {
    char quote = 0;

    for (size_t i = 0; i < line->length; i++) {
        char c = line->start[i];

        if (c == '\\' && quote != '\'') {
            if (++i == line->length)
                return "nothing follows the backslash";
        } else if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '#' && (i == 0 || is_blank(line->start[i - 1]))) {
            line->length = i;
        }
    }
    return quote != 0 ? "a quote is not closed" : NULL;
}

static struct slice unquote(struct slice s) {
    bool quoted = s.length >= 2 && (s.start[0] == '"' || s.start[0] == '\'') &&
                  s.start[s.length - 1] == s.start[0];

    return quoted ? (struct slice){s.start + 1, s.length - 2} : s;
}

static const char *set_path(char path[BOOTCFG_PATH_MAX + 1], struct slice value) {
    value = unquote(value);
    if (value.length > BOOTCFG_PATH_MAX)
        return "the path is too long";
    memcpy(path, value.start, value.length);
    path[value.length] = '\0';
    return NULL;
}

static const char *add_arguments(struct bootcfg *config, struct slice value) {
    uint32_t separator = config->append_length > 0 && value.length > 0;

    if (value.length + separator > BOOT_CMDLINE_MAX - config->append_length)
        return "more than 2048 bytes of kernel arguments";
    if (separator)
        config->append[config->append_length++] = ' ';
    memcpy(config->append + config->append_length, value.start, value.length);
    config->append_length += (uint32_t)value.length;
    config->append[config->append_length] = '\0';
    return NULL;
}

/* Reads decimal digits at the front of `s`; a number above `max` counts as max + 1. */
static uint32_t take_number(struct slice *s, uint32_t max) {
    uint32_t number = 0;

    while (s->length > 0 && s->start[0] >= '0' && s->start[0] <= '9') {
        number = MIN(number * 10 + (uint32_t)(s->start[0] - '0'), max + 1);
        s->start++;
        s->length--;
    }
    return number;
}

/* The same for a number of pixels; 0 if there are no digits or too many pixels. */
static uint32_t take_pixels(struct slice *s) {
    uint32_t pixels = take_number(s, BOOTCFG_PIXELS_MAX);

    return pixels > BOOTCFG_PIXELS_MAX ? 0 : pixels;
}

/* Skips the x of WIDTHxHEIGHT; false if there is none. */
static bool take_x(struct slice *s) {
    if (s->length == 0 || s->start[0] != 'x')
        return false;
    s->start++;
    s->length--;
    return true;
}

static bool is_depth(uint32_t bits) {
    return bits == 15 || bits == 16 || bits == 24 || bits == 32;
}

static const char *set_video(struct bootcfg *config, struct slice value) {
    static const char problem[] = "video is neither text nor WIDTHxHEIGHT[xBITS]";
    uint32_t height = 0, bits = 0;

    value = unquote(value);
    if (slice_equal(value, "text")) {
        config->video_width = config->video_height = config->video_bits = 0;
        return NULL;
    }
    uint32_t width = take_pixels(&value);
    if (!take_x(&value))
        return problem;
    height = take_pixels(&value);
    if (take_x(&value) && !is_depth(bits = take_pixels(&value)))
        return problem;
    if (value.length != 0 || width < BOOTCFG_PIXELS_MIN || height == 0)
        return problem;
    config->video_width = width;
    config->video_height = height;
    config->video_bits = bits;
    return NULL;
}

static const char *set_switch(bool *setting, struct slice value) {
    value = unquote(value);
    *setting = slice_equal(value, "yes");
    return *setting || slice_equal(value, "no") ? NULL : "neither yes nor no";
}

static const char *set_menu(struct bootcfg *config, struct slice value) {
    value = unquote(value);
    bool digits = value.length > 0;
    uint32_t seconds = take_number(&value, BOOTCFG_MENU_SECONDS_MAX);

    if (!digits || value.length != 0 || seconds > BOOTCFG_MENU_SECONDS_MAX)
        return "menu is no number of seconds from 0 to 999";
    config->menu_seconds = seconds;
    return NULL;
}

static const char *set_file(char path[BOOTCFG_PATH_MAX + 1], struct slice value) {
    return unquote(value).length == 0 ? "the value names no file" : set_path(path, value);
}

static const char *set_value(struct bootcfg *config, struct slice key, struct slice value) {
    if (slice_equal(key, "kernel"))
        return set_file(config->kernel, value);
    if (slice_equal(key, "kernel_old"))
        return set_file(config->kernel_old, value);
    if (slice_equal(key, "menu"))
        return set_menu(config, value);
    if (slice_equal(key, "ramfs"))
        return set_path(config->ramfs, value);
    if (slice_equal(key, "append"))
        return add_arguments(config, value);
    if (slice_equal(key, "video"))
        return set_video(config, value);
    if (slice_equal(key, "explain"))
        return set_switch(&config->explain, value);
    return "unknown key";
}

static const char *parse_line(struct bootcfg *config, struct slice line) {
    if (memchr(line.start, '\0', line.length))
        return "the line holds a NUL byte";
    line = trim(line);
    if (line.length == 0 || line.start[0] == '#')
        return NULL;
    const char *equals = memchr(line.start, '=', line.length);

    if (!equals)
        return "no '=' in the line";
    struct slice key = {line.start, (size_t)(equals - line.start)};
    struct slice value = {equals + 1, line.length - key.length - 1};
    const char *problem = cut_comment(&value);

    return problem ? problem : set_value(config, trim(key), trim(value));
}

static const char default_kernel[] = "boot/kernel.elf";
static const char default_kernel_old[] = "boot/kernel-old.elf";
static const char default_ramfs[] = "boot/ramfs.cpio";

void bootcfg_defaults(struct bootcfg *config) {
    memset(config, 0, sizeof(*config));
    memcpy(config->kernel, default_kernel, sizeof(default_kernel));
    memcpy(config->kernel_old, default_kernel_old, sizeof(default_kernel_old));
    memcpy(config->ramfs, default_ramfs, sizeof(default_ramfs));
}

unsigned bootcfg_parse(struct bootcfg *config, const char *text, size_t size,
                       bootcfg_report_fn *report, void *context) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    unsigned problems = 0;
    size_t offset = 0;

    if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        offset = 3;
    for (unsigned number = 1; offset < size; number++) {
        const char *start = text + offset;
        const char *newline = memchr(start, '\n', size - offset);
        struct slice line = {start, newline ? (size_t)(newline - start) : size - offset};
        const char *problem = parse_line(config, line);

        if (problem) {
            report(context, &(struct bootcfg_problem){number, line.start, line.length, problem});
            problems++;
        }
        offset += line.length + 1;
    }
    return problems;
}
