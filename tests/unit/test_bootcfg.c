/*
 * The reader of astra.cfg.
 */
#include "lib/bootcfg.h"
#include "tests/unit/unit.h"

static struct bootcfg config;
static unsigned last_line;
static const char *last_problem;
static char last_text[100];

static void report(void *context, const struct bootcfg_problem *problem) {
    (void)context;
    last_line = problem->line;
    last_problem = problem->what;
    snprintf(last_text, sizeof(last_text), "%.*s", (int)problem->length, problem->text);
}

static unsigned parse(const char *text) {
    last_line = 0;
    last_problem = NULL;
    bootcfg_defaults(&config);
    return bootcfg_parse(&config, text, strlen(text), report, NULL);
}

TEST(defaults) {
    CHECK_EQ(parse(""), 0);
    CHECK_STR(config.kernel, "boot/kernel.elf");
    CHECK_STR(config.ramfs, "boot/ramfs.cpio");
    CHECK_STR(config.append, "");
    CHECK_EQ(config.video_width, 0);
}

TEST(all_keys) {
    CHECK_EQ(parse("kernel = a/b.elf\nramfs=c.cpio\n\tvideo =1280x800 \r\nappend = quiet x=y\n"), 0);
    CHECK_STR(config.kernel, "a/b.elf");
    CHECK_STR(config.ramfs, "c.cpio");
    CHECK_EQ(config.video_width, 1280);
    CHECK_EQ(config.video_height, 800);
    CHECK_STR(config.append, "quiet x=y");
    CHECK_EQ(config.append_length, 9);
    CHECK_EQ(config.video_bits, 0);
}

TEST(no_newline_at_end_and_byte_order_mark) {
    CHECK_EQ(parse("\xef\xbb\xbf" "append = one"), 0);
    CHECK_STR(config.append, "one");
}

TEST(comments_and_blank_lines) {
    CHECK_EQ(parse("# kernel = x\n\n   \n  # more\nappend = a # b\nkernel = x#y\n"), 0);
    CHECK_STR(config.append, "a");
    CHECK_STR(config.kernel, "x#y");
}

TEST(append_lines_are_joined) {
    CHECK_EQ(parse("append = a\nappend =\nappend = b c\n"), 0);
    CHECK_STR(config.append, "a b c");
}

TEST(quotes_in_append_stay) {
    CHECK_EQ(parse("append = init=\"/bin/a # b\" x='it\\' y=\\\"z\n"), 0);
    CHECK_STR(config.append, "init=\"/bin/a # b\" x='it\\' y=\\\"z");
}

TEST(quoted_values) {
    CHECK_EQ(parse("kernel = \"my kernel\"\nramfs = ''\nvideo = \"text\"\n"), 0);
    CHECK_STR(config.kernel, "my kernel");
    CHECK_STR(config.ramfs, "");
}

static void check_problem(const char *text, unsigned line, const char *problem) {
    CHECK_EQ(parse(text), 1);
    CHECK_EQ(last_line, line);
    CHECK_STR(last_problem, problem);
}

TEST(bits_of_a_pixel) {
    CHECK_EQ(parse("video = 1024x768x16\n"), 0);
    CHECK_EQ(config.video_width, 1024);
    CHECK_EQ(config.video_height, 768);
    CHECK_EQ(config.video_bits, 16);
    check_problem("video = 640x480x\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 640x480x16x\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
}

TEST(problems) {
    check_problem("append = a\nnonsense\n", 2, "no '=' in the line");
    check_problem("\n\ncolour = blue\n", 3, "unknown key");
    check_problem("append = \"open\n", 1, "a quote is not closed");
    check_problem("append = end\\\n", 1, "nothing follows the backslash");
    check_problem("kernel =\n", 1, "the value names no file");
    check_problem("kernel = ''\n", 1, "the value names no file");
    check_problem("video = 1280\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 1280x\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 12x12\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 99999x800\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 640x480x2\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
    check_problem("video = 42949672965x800\n", 1, "video is neither text nor WIDTHxHEIGHT[xBITS]");
}

TEST(explain) {
    CHECK_EQ(parse(""), 0);
    CHECK(!config.explain);
    CHECK_EQ(parse("explain = yes\n"), 0);
    CHECK(config.explain);
    CHECK_EQ(parse("explain = yes\nexplain = 'no'\n"), 0);
    CHECK(!config.explain);
    check_problem("explain = perhaps\n", 1, "neither yes nor no");
    CHECK(!config.explain);
}

TEST(menu) {
    CHECK_EQ(parse(""), 0);
    CHECK_EQ(config.menu_seconds, 0);
    CHECK_STR(config.kernel_old, "boot/kernel-old.elf");
    CHECK_EQ(parse("menu = 15\nkernel_old = 'boot/last one.elf'\n"), 0);
    CHECK_EQ(config.menu_seconds, 15);
    CHECK_STR(config.kernel_old, "boot/last one.elf");
    CHECK_EQ(parse("menu = 999\nmenu = \"0\"\n"), 0);
    CHECK_EQ(config.menu_seconds, 0);
    check_problem("menu = 1000\n", 1, "menu is no number of seconds from 0 to 999");
    check_problem("menu = 4294967297\n", 1, "menu is no number of seconds from 0 to 999");
    check_problem("menu =\n", 1, "menu is no number of seconds from 0 to 999");
    check_problem("menu = 5 s\n", 1, "menu is no number of seconds from 0 to 999");
    check_problem("kernel_old = \n", 1, "the value names no file");
}

TEST(a_problem_comes_with_its_line) {
    CHECK_EQ(parse("append = a\n  colour = blue # sky\r\n"), 1);
    CHECK_EQ(last_line, 2);
    CHECK_STR(last_text, "  colour = blue # sky\r");
}

TEST(a_bad_line_leaves_the_others) {
    CHECK_EQ(parse("append = a\n???\nappend = b\n"), 1);
    CHECK_STR(config.append, "a b");
}

TEST(nul_byte) {
    static const char text[] = "append = a\0b\nappend = c\n";

    bootcfg_defaults(&config);
    CHECK_EQ(bootcfg_parse(&config, text, sizeof(text) - 1, report, NULL), 1);
    CHECK_STR(config.append, "c");
}

static unsigned parse_append_of(size_t length) {
    static char text[BOOT_CMDLINE_MAX + 100];

    memset(text, 'x', sizeof(text));
    memcpy(text, "append = ", 9);
    text[9 + length] = '\0';
    return parse(text);
}

TEST(append_limit) {
    CHECK_EQ(parse_append_of(BOOT_CMDLINE_MAX), 0);
    CHECK_EQ(config.append_length, BOOT_CMDLINE_MAX);
    CHECK_EQ(parse_append_of(BOOT_CMDLINE_MAX + 1), 1);
    CHECK_EQ(config.append_length, 0);
}

TEST(path_limit) {
    char text[400] = "kernel = ";

    memset(text + 9, 'k', BOOTCFG_PATH_MAX);
    CHECK_EQ(parse(text), 0);
    text[9 + BOOTCFG_PATH_MAX] = 'k';
    check_problem(text, 1, "the path is too long");
    CHECK_STR(config.kernel, "boot/kernel.elf");
}
