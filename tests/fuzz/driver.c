/*
 * The fuzzer: runs one target, `fuzz_one`, over a kept corpus and then over mutations of it.
 *
 *     PROGRAM [-n RUNS] [-s SEED] [-o CRASH_FILE] [FILE | DIRECTORY]...
 *
 * Deterministic: the same seed, corpus and build give the same inputs. Mutants that reach new
 * code join the pool that is mutated further: the target's objects are compiled with
 * -fsanitize-coverage=trace-pc, which calls the counter below. A sanitiser's finding, a failed
 * ASSERT or a hang ends the run with a non-zero status, the input saved in CRASH_FILE, which
 * run alone shows the same again.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 8192
#define POOL_MAX 4096
#define COVERAGE_BITS 16
#define HANG_SECONDS 10

struct input {
    uint8_t *data;
    size_t size;
};

static struct input pool[POOL_MAX];
static size_t npool;
static uint8_t covered[1 << COVERAGE_BITS];
static bool found_new; /* the running input reached code that none before it did */
static size_t ncovered;
static uint64_t random_state;

static const char *crash_file = "crash";
static const uint8_t *running; /* the input, for whoever reports its death */
static size_t running_size;

/* ---- coverage ---- */

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
    static uint32_t last;
    uint32_t here = (uint32_t)(uintptr_t)__builtin_return_address(0) * 0x9e3779b1u;
    uint8_t *edge = &covered[(here ^ last) >> (32 - COVERAGE_BITS)];

    last = here >> 1;
    ncovered += !*edge;
    found_new |= !*edge;
    *edge = 1;
}

/* ---- dying ---- */

static void save_running(void) {
    FILE *file = running ? fopen(crash_file, "wb") : NULL;

    if (!file)
        return;
    fwrite(running, 1, running_size, file);
    fclose(file);
    fprintf(stderr, "input of %zu bytes saved in %s\n", running_size, crash_file);
}

/* UBSan has no callback of its own for its findings: it aborts. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) {
    return "abort_on_error=1:print_stacktrace=1";
}

static void die(int signal_number) {
    if (signal_number == SIGALRM)
        fprintf(stderr, "hang: an input took more than %d s\n", HANG_SECONDS);
    save_running();
    _exit(1);
}

void assert_failed(const char *expression, const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    save_running();
    _exit(1);
}

/* ---- mutation ---- */

static uint64_t next_random(void) { /* xorshift64 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static size_t random_below(size_t limit) {
    return limit ? next_random() % limit : 0;
}

/* Replaces `removed` bytes at `at` with `count` others; leaves all as is beyond INPUT_MAX. */
static size_t splice(uint8_t *data, size_t size, size_t at, size_t removed, const uint8_t *bytes,
                     size_t count) {
    if (size - removed + count > INPUT_MAX)
        return size;
    memmove(data + at + count, data + at + removed, size - at - removed);
    memcpy(data + at, bytes, count);
    return size - removed + count;
}

/* Values at which comparisons and lengths go wrong, 1 to 8 bytes wide. */
static void put_interesting_number(uint8_t *data, size_t size) {
    static const uint64_t numbers[] = {
        0, 1, 2, 16, 0x7f, 0x80, 0xff, 512, 4095, 4096, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
        0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
        0xffffffff80000000,
    };
    size_t width = (size_t)1 << random_below(4);
    uint64_t number = numbers[random_below(ARRAY_SIZE(numbers))] + random_below(3) - 1;

    if (width <= size)
        memcpy(data + random_below(size - width + 1), &number, width);
}

static size_t insert_from_other(uint8_t *data, size_t size) {
    const struct input *other = &pool[random_below(npool)];
    size_t from = random_below(other->size);

    return splice(data, size, random_below(size), 0, other->data + from,
                  random_below(other->size - from + 1));
}

static size_t mutate_once(uint8_t *data, size_t size) {
    size_t at = random_below(size);
    uint8_t block[64];

    if (!size) {
        data[0] = (uint8_t)next_random();
        return 1;
    }
    size_t count = MIN(random_below(size - at) + 1, sizeof(block));
    switch (random_below(8)) {
    case 0: data[at] ^= (uint8_t)(1u << random_below(8)); return size;
    case 1: data[at] = (uint8_t)next_random(); return size;
    case 2: data[at] = (uint8_t)(data[at] + random_below(16) - 8); return size;
    case 3: put_interesting_number(data, size); return size;
    case 4: return splice(data, size, at, count, block, 0);
    case 5:
        memcpy(block, data + at, count);
        return splice(data, size, random_below(size + 1), 0, block, count);
    case 6:
        memset(block, (int)next_random(), sizeof(block));
        return splice(data, size, at, 0, block, random_below(sizeof(block)) + 1);
    default: return insert_from_other(data, size);
    }
}

/* ---- running ---- */

static void add_to_pool(const uint8_t *data, size_t size) {
    size_t slot = npool < POOL_MAX ? npool++ : random_below(POOL_MAX);

    free(pool[slot].data);
    pool[slot] = (struct input){ malloc(size + 1), size };
    memcpy(pool[slot].data, data, size);
}

/* Runs a copy in a block of its exact size, so that one byte too far is found. */
static void run(const uint8_t *data, size_t size, bool keep) {
    uint8_t *copy = malloc(size);

    memcpy(copy, data, size);
    running = copy;
    running_size = size;
    found_new = false;
    alarm(HANG_SECONDS);
    if (fuzz_one(copy, size) != 0)
        assert_failed("fuzz_one(data, size) == 0", __FILE__, __LINE__);
    alarm(0);
    running = NULL;
    free(copy);
    if (keep || found_new)
        add_to_pool(data, size);
}

static void run_file(const char *path) {
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        exit(2);
    }
    size_t size = fread(data, 1, sizeof(data), file);
    fclose(file);
    run(data, size, true);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static void run_path(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, is_visible, alphasort);

    if (count < 0) {
        run_file(path);
        return;
    }
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        run_file(name);
        free(entries[i]);
    }
    free(entries);
}

static void run_mutants(unsigned long runs) {
    static uint8_t data[INPUT_MAX];

    for (unsigned long i = 0; i < runs; i++) {
        const struct input *parent = &pool[random_below(npool)];
        size_t size = parent->size;
        memcpy(data, parent->data, size);
        for (size_t n = 1 + random_below(6); n; n--)
            size = mutate_once(data, size);
        run(data, size, false);
    }
}

int main(int argc, char **argv) {
    unsigned long runs = 0, seed = 1;
    int option;

    while ((option = getopt(argc, argv, "n:s:o:")) != -1) {
        switch (option) {
        case 'n': runs = strtoul(optarg, NULL, 0); break;
        case 's': seed = strtoul(optarg, NULL, 0); break;
        case 'o': crash_file = optarg; break;
        default: return 2;
        }
    }
    random_state = (seed + 1) * 0x9e3779b97f4a7c15u;
    signal(SIGALRM, die);
    signal(SIGABRT, die);
    __sanitizer_set_death_callback(save_running);
    run((const uint8_t *)"", 0, true);
    for (int i = optind; i < argc; i++)
        run_path(argv[i]);
    size_t nkept = npool;
    run_mutants(runs);
    printf("%zu kept inputs, %lu mutants, %zu of them new, %zu edges reached\n", nkept, runs,
           npool - nkept, ncovered);
    for (size_t i = 0; i < npool; i++)
        free(pool[i].data);
    return 0;
}
