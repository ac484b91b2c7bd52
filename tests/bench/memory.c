/* Mappings and page faults. */
#define _GNU_SOURCE
#include "bench.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define MEGABYTE (1 << 20)
#define FAULTS 2048 /* pages of the area that the page fault rows touch */
#define HUGE_PAGE (2 << 20)

static int file;
static char *area, *next_page;
static long program_break;

static char *map(size_t size, int file_or_none) {
    int flags = file_or_none < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file_or_none, 0);
    bench_need(at != MAP_FAILED);
    return at;
}

static void map_touch_unmap(int file_or_none) {
    volatile char *at = map(MEGABYTE, file_or_none);
    for (size_t offset = 0; offset < MEGABYTE; offset += PAGE)
        at[offset] = 1;
    munmap((void *)at, MEGABYTE);
}

static void mmap_touch_munmap_1m(void) {
    map_touch_unmap(-1);
}

static void mmap_file_1m(void) {
    map_touch_unmap(file);
}

static void mmap_munmap(void) {
    munmap(map(MEGABYTE, -1), MEGABYTE);
}

static int make_file(long size) {
    file = bench_file(BENCH_FILE, (size_t)size);
    return 0;
}

static void fresh_area(int file_or_none) {
    if (area)
        munmap(area, FAULTS * PAGE + HUGE_PAGE);
    area = map(FAULTS * PAGE + HUGE_PAGE, file_or_none);
    next_page = area;
}

static void fresh_anonymous(void) {
    fresh_area(-1);
}

static void fresh_huge(void) {
    fresh_area(-1);
    next_page = (char *)(((uintptr_t)area + HUGE_PAGE - 1) & ~((uintptr_t)HUGE_PAGE - 1));
    madvise(next_page, FAULTS * PAGE, MADV_HUGEPAGE);
}

static void fresh_file(void) {
    fresh_area(file);
}

static void write_next_page(void) {
    *(volatile char *)next_page = 1;
    next_page += PAGE;
}

static void read_next_page(void) {
    (void)*(volatile char *)next_page;
    next_page += PAGE;
}

static int make_area(long size) {
    (void)size;
    area = map(MEGABYTE, -1);
    area[0] = 1;
    return 0;
}

static void mprotect_pair(void) {
    mprotect(area, PAGE, PROT_READ);
    mprotect(area, PAGE, PROT_READ | PROT_WRITE);
}

static int find_break(long size) {
    (void)size;
    program_break = syscall(SYS_brk, 0);
    return 0;
}

static void brk_pair(void) {
    syscall(SYS_brk, program_break + PAGE);
    syscall(SYS_brk, program_break);
}

const struct bench_row memory_rows[] = {
    {.name = "mmap_touch_munmap_1m", .run = mmap_touch_munmap_1m},
    {.name = "mmap_munmap", .run = mmap_munmap},
    {.name = "mmap_file_1m", .run = mmap_file_1m, .prepare = make_file, .size = MEGABYTE},
    {.name = "pagefault_anon", .run = write_next_page, .before_round = fresh_anonymous, .count_max = FAULTS},
    {.name = "pagefault_anon_thp", .run = write_next_page, .before_round = fresh_huge, .count_max = FAULTS},
    {.name = "pagefault_file", .run = read_next_page, .prepare = make_file, .size = FAULTS * PAGE + HUGE_PAGE,
     .before_round = fresh_file, .count_max = FAULTS},
    {.name = "mprotect_pair", .run = mprotect_pair, .prepare = make_area},
    {.name = "brk_pair", .run = brk_pair, .prepare = find_break},
    {},
};
