/*
 * The bad values of each kind of argument. Their names are what the record says.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "tests/vm/programs/arguments/arguments.h"

#define KERNEL_ADDRESS 0xffff800000001000l
#define WORDS_MAX 11 /* of a structure */

struct number {
    const char *name;
    long value;
};

static const struct number addresses[] = {
    {"null", 0}, {"one", 1}, {"unmapped", UNMAPPED}, {"none", NO_ACCESS}, {"user-end", 0x7ffffffff000},
    {"non-canonical", 0x0000900000000000}, {"middle", LONG_MIN}, {"kernel", KERNEL_ADDRESS},
    {"kernel-text", 0xffffffff81000000l}, {"last", -1}, {"last-8", -8}, {0},
};
static const struct number fds[] = {
    {"-1", -1}, {"closed", CLOSED_FD}, {"max", INT_MAX}, {"min", INT_MIN}, {"high", (1l << 32) | FILE_FD}, {"file", FILE_FD},
    {"read-only", READ_FD}, {"write-only", WRITE_FD}, {"dir", DIR_FD}, {"path", PATH_FD}, {"pipe-r", PIPE_READ},
    {"pipe-w", PIPE_WRITE}, {"event", EVENT_FD}, {"epoll", EPOLL_FD}, {"socket", SOCKET_FD}, {"pair", PAIR_FD},
    {"datagram", DATAGRAM_FD}, {"listener", LISTENER}, {"timer", TIMER_FD}, {"signals", SIGNAL_FD}, {"pidfd", PID_FD},
    {"null-dev", NULL_FD}, {0},
};
static const struct number directories[] = {
    {"-1", -1}, {"closed", CLOSED_FD}, {"min", INT_MIN}, {"max", INT_MAX}, {"file", FILE_FD}, {"path", PATH_FD},
    {"pipe", PIPE_READ}, {"high", (1l << 32) | DIR_FD}, {0},
};
static const struct number pids[] = {
    {"0", 0}, {"-1", -1}, {"min", INT_MIN}, {"max", INT_MAX}, {"-max", -INT_MAX}, {"nobody", 999999}, {"-nobody", -999999},
    {"init", 1}, {"high", (1l << 32)}, {0},
};
static const struct number choices[] = {
    {"-1", -1}, {"-2", -2}, {"-3", -3}, {"min", INT_MIN}, {"max", INT_MAX}, {"unsigned", UINT_MAX}, {"high", 1l << 32}, {"64", 64},
    {"100", 100}, {"256", 256}, {"1000", 1000}, {"4096", 4096}, {0},
};
static const struct number signals[] = {
    {"0", 0}, {"1", 1}, {"kill", 9}, {"usr1", 10}, {"cont", 18}, {"31", 31}, {"32", 32}, {"64", 64}, {"65", 65},
    {"128", 128}, {"-1", -1}, {"min", INT_MIN}, {"max", INT_MAX}, {"high", 1l << 32}, {0},
};
static const struct number modes[] = {
    {"0", 0}, {"07777", 07777}, {"010000", 010000}, {"socket", 0140644}, {"dir", 0040755}, {"char", 0020644}, {"block", 0060644},
    {"fifo", 0010644}, {"link", 0120777}, {"bad-type", 0170000}, {"bits", 0x10000}, {"-1", -1}, {"high", 1l << 32}, {0},
};
static const struct number owners[] = {
    {"0", 0}, {"1", 1}, {"65534", 65534}, {"65535", 65535}, {"65536", 65536}, {"max", INT_MAX}, {"min", INT_MIN}, {"-2", -2},
    {"-1", -1}, {"high", 1l << 32}, {0},
};
static const struct number lengths[] = {
    {"0", 0}, {"1", 1}, {"4", 4}, {"7", 7}, {"9", 9}, {"4095", 4095}, {"4097", 4097}, {"max", INT_MAX}, {"2^31", 1l << 31},
    {"2^32-1", UINT_MAX}, {"2^32", 1l << 32}, {"2^46", 1l << 46}, {"2^47", 1l << 47}, {"long-max", LONG_MAX}, {"long-min", LONG_MIN},
    {"-page", -PAGE}, {"-1", -1}, {0},
};
static const struct number offsets[] = {
    {"0", 0}, {"1", 1}, {"-1", -1}, {"4096", 4096}, {"max", INT_MAX}, {"2^32", 1l << 32}, {"2^62", 1l << 62}, {"long-max", LONG_MAX},
    {"long-min", LONG_MIN}, {"-page", -PAGE}, {0},
};
static const struct number ranges[] = {
    {"0", 0}, {"1", 1}, {"page", PAGE}, {"odd", RANGE + 1}, {"second", RANGE + PAGE}, {"end", RANGE + RANGE_PAGES * PAGE},
    {"last-page", RANGE + (RANGE_PAGES - 1) * PAGE}, {"none", NO_ACCESS}, {"unmapped", UNMAPPED}, {"user-last", 0x7fffffffe000},
    {"user-end", 0x7ffffffff000}, {"non-canonical", 0x0000900000000000}, {"middle", LONG_MIN}, {"kernel", KERNEL_ADDRESS},
    {"kernel-text", 0xffffffff81000000l}, {"-page", -PAGE}, {"-1", -1}, {0},
};
static const struct number seconds[] = {
    {"0", 0}, {"-1", -1}, {"min", INT_MIN}, {"max", INT_MAX}, {"unsigned", UINT_MAX}, {"high", 1l << 32}, {"long-max", LONG_MAX}, {0},
};
static const struct number set_sizes[] = {
    {"0", 0}, {"4", 4}, {"7", 7}, {"9", 9}, {"16", 16}, {"128", 128}, {"-1", -1}, {"high", (1l << 32) | 8}, {0},
};

static const char *const paths[][2] = {
    {"empty", ""}, {"missing", "missing"}, {"missing-dir", "missing/x"}, {"in-file", "file/x"}, {"file/", "file/"},
    {"missing/", "missing/"}, {"dir", "dir"}, {"dir/", "dir/"}, {"dot", "."}, {"dir-dot", "dir/."}, {"dotdot", ".."}, {"root", "/"},
    {"loop", "loop"}, {"link", "link"}, {"link/", "link/"}, {"dangling", "dangling"}, {"fifo", "fifo"}, {"full-dir", "full"},
    {"closed-dir", "closed/file"}, {NULL, NULL},
};

/* Spoiled words of a structure: the bits of `mask` stay. */
static const struct {
    const char *name;
    uint64_t mask, bits;
} spoilers[] = {
    {"0", 0, 0}, {"-1", 0, UINT64_MAX}, {"min", 0, 1ull << 63}, {"max", 0, INT64_MAX}, {"kernel", 0, KERNEL_ADDRESS},
    {"low", ~0xffffffffull, 0xffffffff}, {"high", 0xffffffffull, 0xffffffffull << 32},
};

static struct value *add(struct value *value, const char *name, long number) {
    *value = (struct value){.value = number, .word = -1};
    snprintf(value->name, sizeof value->name, "%s", name);
    return value + 1;
}

static struct value *add_numbers(struct value *value, const struct number *numbers) {
    for (; numbers->name; numbers++)
        value = add(value, numbers->name, numbers->value);
    return value;
}

static struct value *add_bits(struct value *value, long base) {
    char name[NAME_SIZE];
    for (int bit = 0; bit < 32; bit++) {
        snprintf(name, sizeof name, "^%d", bit);
        value = add(value, name, base ^ (long)(1ul << bit));
    }
    value = add(value, "^32", base ^ 1l << 32);
    value = add(value, "^63", base ^ LONG_MIN);
    return add(value, "-1", -1);
}

/* A structure at the end of its page: half of it is not there. */
static struct value *add_short(struct value *value, const struct argument *argument, int position) {
    size_t there = argument->size / 2;
    value = add(value, "short", AREA(position) + PAGE - (long)there);
    value[-1].copy = argument->data ? there : 0;
    return value;
}

static struct value *add_spoiled(struct value *value, const struct argument *argument) {
    for (size_t word = 0; word < WORDS_MAX && word * 8 < argument->size; word++) {
        for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
            char name[NAME_SIZE];
            snprintf(name, sizeof name, "w%zu=%s", word, spoilers[i].name);
            value = add(value, name, (long)spoilers[i].bits);
            value[-1].word = (int)word;
            value[-1].mask = spoilers[i].mask;
        }
    }
    return value;
}

static struct value *add_bad_times(struct value *value) {
    static const struct {
        const char *name;
        int word;
        long bits;
    } bad[] = {{"sec=-1", 0, -1}, {"sec=min", 0, LONG_MIN}, {"nsec=-1", 1, -1}, {"nsec=10^9", 1, 1000000000}, {"nsec=min", 1, LONG_MIN},
               {"nsec=max", 1, LONG_MAX}, {"nsec=2^32", 1, 1l << 32}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        value = add(value, bad[i].name, bad[i].bits);
        value[-1].word = bad[i].word;
    }
    return value;
}

static struct value *add_structure(struct value *value, const struct argument *argument, int position) {
    value = add_numbers(value, addresses);
    value = add_short(value, argument, position);
    value = add(value, "odd", AREA(position) + 1);
    value[-1].copy = argument->data ? argument->size : 0;
    if (argument->kind == TIME)
        return add_bad_times(value);
    if (argument->kind != IN)
        value = add(value, "read-only", READ_ONLY);
    if (argument->data)
        value = add_spoiled(value, argument);
    return value;
}

static struct value *add_strings(struct value *value, const struct argument *argument, int position) {
    value = add_numbers(value, addresses);
    value = add(value, "unended", AREA(position) + PAGE - 8);
    value = add(value, "name-256", LONG_NAME);
    value = add(value, "path-4096", LONG_PATH);
    if (argument->kind != PATH)
        return value;
    for (size_t i = 0; paths[i][0]; i++) {
        value = add(value, paths[i][0], AREA(position));
        value[-1].text = paths[i][1];
    }
    return value;
}

static struct value *add_choices(struct value *value) {
    for (long i = 0; i < 42; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "%ld", i);
        value = add(value, name, i);
    }
    return add_numbers(value, choices);
}

size_t values_of(const struct argument *argument, int position, struct value *values) {
    static const struct number *const numbers[] = {
        [FD] = fds, [DIRECTORY] = directories, [PID] = pids, [SIGNAL] = signals, [MODE] = modes, [OWNER] = owners,
        [LENGTH] = lengths, [OFFSET] = offsets, [ADDRESS] = ranges, [SECONDS] = seconds, [SET_SIZE] = set_sizes,
    };
    struct value *end = values;
    switch (argument->kind) {
    case NONE: case SAME: break;
    case FLAGS: end = add_bits(values, argument->base); break;
    case CHOICE: end = add_choices(values); break;
    case IN: case OUT: case IN_OUT: case TIME: end = add_structure(values, argument, position); break;
    case DATA_IN: case DATA_OUT:
        end = add_short(add_numbers(values, addresses), argument, position);
        if (argument->kind == DATA_OUT)
            end = add(end, "read-only", READ_ONLY);
        break;
    case PATH: case STRING: end = add_strings(values, argument, position); break;
    default: end = add_numbers(values, numbers[argument->kind]); break;
    }
    return (size_t)(end - values);
}
