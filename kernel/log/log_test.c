#define LOG_TAG "selftest"
#include "kernel/log/log.h"

#include "kernel/debug/selftest.h"
#include "kernel/log/cmdline.h"
#include "lib/string.h"

#define FLOOD 3000 /* records: more than the ring holds */

SELFTEST(log_order, "log.order") {
    char text[256];
    struct log_record_info info;
    uint64_t sequence = log_sequence_end();
    log_debug("record %d", 1);
    log_debug("record %d", 2);
    CHECK(log_read(&sequence, &info, text, sizeof text) && strcmp(text, "selftest: record 1") == 0);
    CHECK(info.level == LOG_DEBUG);
    CHECK(log_read(&sequence, &info, text, sizeof text) && strcmp(text, "selftest: record 2") == 0);
    CHECK(log_read(&sequence, &info, text, sizeof text) == 0);
}

SELFTEST(log_wrap, "log.wrap") {
    char text[256];
    struct log_record_info info;
    uint64_t oldest = log_sequence_end(), sequence = oldest, count = 0;
    for (int i = 0; i < FLOOD; i++)
        log_debug("flood %d: filling the ring until the oldest records are gone", i);
    while (log_read(&sequence, &info, text, sizeof text)) {
        CHECK(strncmp(text, "selftest: flood ", 16) == 0);
        count++;
    }
    CHECK(sequence == oldest + FLOOD && count < FLOOD && count > 100);
}

SELFTEST(log_cmdline, "log.cmdline") {
    CHECK(cmdline_has("selftest") && !cmdline_has("no-such-word"));
    CHECK(cmdline_number("no-such-word", 7) == 7);
}
