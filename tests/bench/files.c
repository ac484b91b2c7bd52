/* Names, attributes and contents of files in memory. */
#define _GNU_SOURCE
#include "bench.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE_BYTES (64 * 1024)
#define SMALL_BYTES 4096
#define FILE_BYTES (1 << 20)
#define ENTRIES BENCH_FOLDER "/entries"

static int file;
static char buffer[LARGE_BYTES];

static int make_file(long size) {
    (void)size;
    file = bench_file(BENCH_FILE, FILE_BYTES);
    return 0;
}

static void open_close(void) {
    close(open(BENCH_FILE, O_RDONLY));
}

static void run_stat(void) {
    struct stat info;
    stat(BENCH_FILE, &info);
}

static void run_fstat(void) {
    struct stat info;
    fstat(file, &info);
}

static void create_delete(void) {
    close(open(BENCH_FOLDER "/new", O_WRONLY | O_CREAT | O_EXCL, 0644));
    bench_need(unlink(BENCH_FOLDER "/new") == 0);
}

static void mkdir_rmdir(void) {
    bench_need(mkdir(BENCH_FOLDER "/new", 0755) == 0 && rmdir(BENCH_FOLDER "/new") == 0);
}

static int make_entries(long size) {
    char name[64];
    mkdir(ENTRIES, 0755);
    for (long i = 0; i < size; i++) {
        snprintf(name, sizeof name, ENTRIES "/%ld", i);
        close(bench_file(name, 0));
    }
    return 0;
}

static void readdir_all(void) {
    DIR *folder = opendir(ENTRIES);
    bench_need(folder);
    while (readdir(folder))
        continue;
    closedir(folder);
}

static void write_large(void) {
    pwrite(file, buffer, LARGE_BYTES, 0);
}

static void read_large(void) {
    pread(file, buffer, LARGE_BYTES, 0);
}

static void read_small(void) {
    pread(file, buffer, SMALL_BYTES, SMALL_BYTES);
}

const struct bench_row file_rows[] = {
    {.name = "open_close", .run = open_close, .prepare = make_file},
    {.name = "stat", .run = run_stat, .prepare = make_file},
    {.name = "fstat", .run = run_fstat, .prepare = make_file},
    {.name = "create_delete", .run = create_delete},
    {.name = "mkdir_rmdir", .run = mkdir_rmdir},
    {.name = "readdir_100", .run = readdir_all, .prepare = make_entries, .size = 100},
    {.name = "pread_4k", .run = read_small, .prepare = make_file},
    {.name = "file_write_64k", .run = write_large, .prepare = make_file},
    {.name = "file_read_64k", .run = read_large, .prepare = make_file},
    {},
};
