/* The first line of scripts. */
#include "kernel/proc/script_line.h"
#include "lib/errno.h"
#include "tests/unit/unit.h"

enum { LINE_SIZE = 256 };

static char interpreter[LINE_SIZE], argument[LINE_SIZE];

static int parse(const char *text) {
    uint8_t *head = calloc(1, LINE_SIZE); /* exactly as large as told: the sanitiser sees a step beyond */
    struct script_line line;

    memcpy(head, text, strnlen(text, LINE_SIZE));
    int error = script_line_parse(head, LINE_SIZE, &line);
    if (!error) {
        snprintf(interpreter, sizeof interpreter, "%.*s", (int)line.interpreter_length, line.interpreter);
        snprintf(argument, sizeof argument, "%.*s", (int)line.argument_length, line.argument);
    }
    free(head);
    return error;
}

TEST(interpreter_alone) {
    CHECK_EQ(parse("#!/bin/sh\necho\n"), 0);
    CHECK_STR(interpreter, "/bin/sh");
    CHECK_STR(argument, "");
}

TEST(one_argument_with_blanks_inside) {
    CHECK_EQ(parse("#! \t/usr/bin/env  python3 -u \t\nx"), 0);
    CHECK_STR(interpreter, "/usr/bin/env");
    CHECK_STR(argument, "python3 -u");
}

TEST(no_newline_in_a_short_file) {
    CHECK_EQ(parse("#!/bin/sh -e"), 0);
    CHECK_STR(argument, "-e");
    CHECK_EQ(parse("#!/bin/sh"), 0);
    CHECK_STR(interpreter, "/bin/sh");
}

TEST(nothing_to_run) {
    CHECK_EQ(parse("#!"), -ENOEXEC);
    CHECK_EQ(parse("#!\n/bin/sh"), -ENOEXEC);
    CHECK_EQ(parse("#!  \t \n"), -ENOEXEC);
}

TEST(cut_off) {
    char text[LINE_SIZE + 1];

    memset(text, 'a', LINE_SIZE);
    text[LINE_SIZE] = 0;
    memcpy(text, "#!/bin/", 7);
    CHECK_EQ(parse(text), -ENOEXEC);
    text[100] = ' ';
    CHECK_EQ(parse(text), 0);
    CHECK_EQ(strlen(interpreter), 98);
    CHECK_EQ(strlen(argument), LINE_SIZE - 101);
}
