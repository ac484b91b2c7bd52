/* lib/tty_ldisc*.c: what Linux's line discipline does, case by case. */
#include "lib/tty_ldisc.h"

#include "tests/unit/unit.h"

#include "lib/errno.h"

/* What the engine told its device. */
static char echoed[9000], urgent[16];
static int signals[8], nsignals, nflushes;
static bool output_stopped;

static void record_echo(void *ctx, const uint8_t *bytes, size_t count) {
    (void)ctx;
    strncat(echoed, (const char *)bytes, count);
}

static void record_signal(void *ctx, enum ldisc_signal signal) {
    (void)ctx;
    signals[nsignals++ % 8] = (int)signal;
}

static void record_stopped(void *ctx, bool stopped) {
    (void)ctx;
    output_stopped = stopped;
}

static void record_urgent(void *ctx, uint8_t byte) {
    (void)ctx;
    strncat(urgent, (const char *)&byte, 1);
}

static void record_flush(void *ctx) {
    (void)ctx;
    nflushes++;
}

static const struct ldisc_ops ops = { record_echo, record_signal, record_stopped, record_urgent, record_flush };
static struct tty_ldisc ld;

static void start(void) {
    tty_ldisc_init(&ld, &ops, NULL);
    echoed[0] = urgent[0] = '\0';
    nsignals = nflushes = 0;
    output_stopped = false;
}

static void change(uint32_t *(*flags)(struct termios *), uint32_t clear, uint32_t set) {
    struct termios termios = ld.termios;

    *flags(&termios) = (*flags(&termios) & ~clear) | set;
    tty_ldisc_set_termios(&ld, &termios);
}

static uint32_t *iflag(struct termios *t) { return &t->c_iflag; }
static uint32_t *oflag(struct termios *t) { return &t->c_oflag; }
static uint32_t *lflag(struct termios *t) { return &t->c_lflag; }

static void type(const char *text) {
    while (*text)
        tty_ldisc_input(&ld, (uint8_t)*text++);
}

/* What read() gives: its text, or a word for the other results. */
static const char *read_up_to(size_t size) {
    static char buf[LDISC_BUFFER_BYTES + 2];
    int count = tty_ldisc_read(&ld, (uint8_t *)buf, size);

    if (count == -EAGAIN)
        return "<nothing>";
    if (count == 0)
        return "<eof>";
    buf[count] = '\0';
    return buf;
}

static const char *read_some(void) {
    return read_up_to(LDISC_BUFFER_BYTES);
}

static void expect_echo(const char *expected) {
    CHECK_STR(echoed, expected);
    echoed[0] = '\0';
}

TEST(lines) {
    start();
    type("hello");
    CHECK_STR(read_some(), "<nothing>");
    type("\rtwo\n");
    CHECK_EQ(tty_ldisc_input_bytes(&ld), 10);
    CHECK_STR(read_some(), "hello\n");
    CHECK_STR(read_up_to(2), "tw");
    CHECK_STR(read_up_to(2), "o\n");
    CHECK_STR(read_some(), "<nothing>");
    expect_echo("hello\r\ntwo\r\n");
}

TEST(end_of_file) {
    start();
    type("\004ab\004cd\n\004");
    CHECK_EQ(tty_ldisc_input_bytes(&ld), 5);
    CHECK_STR(read_some(), "<eof>");
    CHECK_STR(read_up_to(2), "ab"); /* takes the mark along */
    CHECK_STR(read_some(), "cd\n");
    CHECK_STR(read_some(), "<eof>");
    CHECK_STR(read_some(), "<nothing>");
    expect_echo("abcd\r\n");
}

TEST(erase) {
    start();
    type("\177abc\177\177x\n");
    CHECK_STR(read_some(), "ax\n");
    expect_echo("abc\b \b\b \bx\r\n");
    type("a\001\177b\n");
    CHECK_STR(read_some(), "ab\n");
    expect_echo("a^A\b \b\b \bb\r\n");
    change(lflag, ECHOE, 0);
    type("ab\177\n");
    expect_echo("ab^?\r\n");
}

TEST(erase_utf8) {
    start();
    type("\xc3\xa9\177\n");
    CHECK_STR(read_some(), "\xc3\n");
    change(iflag, 0, IUTF8);
    type("a\xc3\xa9\xe2\x82\xac\177\177\n");
    CHECK_STR(read_some(), "a\n");
    type("\xa9\177\027\025\n"); /* never erased in part */
    CHECK_STR(read_some(), "\xa9\n");
    echoed[0] = '\0';
}

TEST(erase_tab) {
    start();
    type("ab\t\177");
    expect_echo("ab\t\b\b\b\b\b\b");
    type("\n\t\t\177");
    expect_echo("\r\n\t\t\b\b\b\b\b\b\b\b");
    start();
    uint8_t out[LDISC_OUTPUT_MAX];
    for (const char *prompt = "sh> "; *prompt; prompt++)
        tty_ldisc_output(&ld, (uint8_t)*prompt, out);
    type("a\t\177");
    expect_echo("a\t\b\b\b");
}

TEST(erase_word_and_line) {
    start();
    type("one two  \027three\n");
    CHECK_STR(read_some(), "one three\n");
    type("junk\025ok\n");
    CHECK_STR(read_some(), "ok\n");
    echoed[0] = '\0';
    change(lflag, ECHOKE, 0);
    type("junk\025ok\n");
    expect_echo("junk^U\r\nok\r\n");
    change(lflag, ECHO, 0);
    type("junk\025\027\177quiet\n");
    CHECK_STR(read_some(), "ok\n");
    CHECK_STR(read_some(), "quiet\n");
    expect_echo("");
}

TEST(literal_next_and_reprint) {
    start();
    type("a\026\003b\026\177\n");
    CHECK_STR(read_some(), "a\003b\177\n");
    expect_echo("a^\b^Cb^\b^?\r\n");
    CHECK_EQ(nsignals, 0);
    type("ab\022c\n");
    expect_echo("ab^R\r\nabc\r\n");
    change(lflag, IEXTEN, 0);
    CHECK_STR(read_some(), "abc\n");
    type("\026\n");
    CHECK_STR(read_some(), "\026\n");
}

TEST(signals) {
    start();
    type("lost\003");
    CHECK(nsignals == 1 && signals[0] == LDISC_SIGINT && nflushes == 1);
    expect_echo("lost^C");
    type("kept\n");
    CHECK_STR(read_some(), "kept\n");
    type("\034\032");
    CHECK(nsignals == 3 && signals[1] == LDISC_SIGQUIT && signals[2] == LDISC_SIGTSTP);
    change(lflag, 0, NOFLSH);
    type("a\003b\n");
    CHECK_STR(read_some(), "ab\n");
    CHECK_EQ(nflushes, 3);
    change(lflag, ISIG, 0);
    type("\003\n");
    CHECK_STR(read_some(), "\003\n");
    CHECK_EQ(nsignals, 4);
}

TEST(break_condition) {
    start();
    tty_ldisc_input_break(&ld);
    type("\n");
    CHECK_EQ(tty_ldisc_input_bytes(&ld), 2);
    tty_ldisc_flush_input(&ld);
    change(iflag, 0, BRKINT);
    tty_ldisc_input_break(&ld);
    CHECK(nsignals == 1 && signals[0] == LDISC_SIGINT);
    change(iflag, 0, IGNBRK);
    tty_ldisc_input_break(&ld);
    CHECK(nsignals == 1 && tty_ldisc_input_bytes(&ld) == 0);
}

TEST(output_flow) {
    start();
    type("\023");
    CHECK(output_stopped);
    type("a");
    CHECK(output_stopped);
    type("\021");
    CHECK(!output_stopped);
    change(iflag, 0, IXANY);
    type("\023b");
    CHECK(!output_stopped);
    type("\023\003");
    CHECK(!output_stopped);
    type("\023");
    change(iflag, IXON, 0);
    CHECK(!output_stopped);
    type("\023\n");
    CHECK_STR(read_some(), "\023\n");
}

TEST(input_flow) {
    start();
    change(iflag, 0, IXOFF);
    change(lflag, ICANON, 0);
    while (tty_ldisc_room(&ld))
        type("x");
    CHECK_STR(urgent, "\023");
    CHECK_EQ(strlen(read_up_to(3000)), 3000);
    CHECK_STR(urgent, "\023");
    read_some();
    CHECK_STR(urgent, "\023\021");
}

TEST(long_line) {
    start();
    for (int i = 0; i < 5000; i++)
        type("x");
    CHECK_EQ(tty_ldisc_room(&ld), 1);
    type("\177\177yz!\n");
    CHECK_EQ(tty_ldisc_room(&ld), 0);
    const char *line = read_some();
    CHECK_EQ(strlen(line), LDISC_BUFFER_BYTES);
    CHECK_STR(line + LDISC_BUFFER_BYTES - 4, "xyz\n");
    CHECK_STR(read_some(), "<nothing>");
    change(iflag, 0, IMAXBEL);
    for (int i = 0; i < 4095; i++)
        type("x");
    echoed[0] = '\0';
    type("x");
    expect_echo("\a");
}

TEST(raw_mode) {
    start();
    change(lflag, ICANON | ECHO | ISIG | IEXTEN, 0);
    change(iflag, ICRNL | IXON, 0);
    type("\r\003\004\177");
    CHECK(tty_ldisc_has_input(&ld, 4) && !tty_ldisc_has_input(&ld, 5));
    CHECK_EQ(tty_ldisc_input_bytes(&ld), 4);
    CHECK_STR(read_up_to(3), "\r\003\004");
    CHECK_STR(read_some(), "\177");
    CHECK(!tty_ldisc_has_input(&ld, 0));
    CHECK_STR(read_some(), "<nothing>");
    expect_echo("");
}

TEST(raw_mode_echo) {
    start();
    change(lflag, ICANON, 0);
    type("a\r\n\t\033");
    expect_echo("a\r\n^J\t^[");
}

TEST(poll_threshold) {
    start();
    CHECK_EQ(tty_ldisc_poll_min(&ld), 1);
    ld.termios.c_cc[VMIN] = 5;
    CHECK_EQ(tty_ldisc_poll_min(&ld), 5);
    ld.termios.c_cc[VTIME] = 1;
    CHECK_EQ(tty_ldisc_poll_min(&ld), 1);
}

TEST(changing_modes_keeps_input) {
    start();
    type("li\nne");
    change(lflag, ICANON, 0);
    CHECK_STR(read_up_to(4), "li\nn");
    change(lflag, 0, ICANON);
    CHECK_STR(read_some(), "e"); /* one line, without delimiter */
    type("x\n");
    CHECK_STR(read_some(), "x\n");
}

TEST(input_flags) {
    start();
    change(iflag, 0, IGNCR);
    type("a\rb\n");
    CHECK_STR(read_some(), "ab\n");
    change(iflag, IGNCR | ICRNL, INLCR);
    type("a\nb");
    CHECK_STR(read_some(), "<nothing>"); /* \n became \r, which ends no line */
    type("\004");
    CHECK_STR(read_some(), "a\rb");
    change(iflag, INLCR, ISTRIP | IUCLC);
    type("\xC1" "B\xc3\n");
    CHECK_STR(read_some(), "abc\n");
}

TEST(extra_delimiters) {
    start();
    ld.termios.c_cc[VEOL] = ';';
    ld.termios.c_cc[VEOL2] = '|';
    type("a;b|");
    CHECK_STR(read_some(), "a;");
    CHECK_STR(read_some(), "b|");
    change(lflag, ECHO, ECHONL);
    echoed[0] = '\0';
    type("pw\n");
    expect_echo("\r\n");
}

/* Output processing of a text. */
static const char *written(const char *text) {
    static char result[128];
    size_t length = 0;

    for (; *text; text++) {
        uint8_t out[LDISC_OUTPUT_MAX];
        size_t count = tty_ldisc_output(&ld, (uint8_t)*text, out);
        memcpy(result + length, out, count);
        length += count;
    }
    result[length] = '\0';
    return result;
}

TEST(output_flags) {
    start();
    CHECK_STR(written("a\nb\tc\n"), "a\r\nb\tc\r\n");
    change(oflag, 0, TAB3);
    CHECK_STR(written("\tab\tc\b\b\tx\r\t"), "        ab      c\b\b x\r        ");
    change(oflag, ONLCR, OCRNL);
    CHECK_STR(written("a\rb\n"), "a\nb\n");
    change(oflag, OCRNL, ONOCR | ONLRET | OLCUC);
    CHECK_STR(written("ab\n\r\rc\r"), "AB\nC\r");
    change(oflag, OPOST, 0);
    CHECK_STR(written("\tx\n"), "\tx\n");
}
