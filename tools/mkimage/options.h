/* The command line of mkimage. */
#pragma once

#include "tools/mkimage/host.h"

enum mode { MODE_BUILD, MODE_EDIT, MODE_EXPLAIN, MODE_RAMFS, MODE_SEAL };

/* An option that may be given several times, in order. */
struct option_list {
    const char **values;
    size_t count;
};

/* Paths are NULL where the option was not given. */
struct options {
    enum mode mode;
    const char *subject; /* the image, list or kernel the mode is about */
    const char *output;
    const char *stage1, *stage2, *kernel, *ramfs, *config, *readme;
    const char *depfile;
    struct option_list ramfs_lists;
    struct option_list ramfs_dirs;
    struct option_list add;     /* HOST:GUEST */
    struct option_list replace; /* PATH=HOSTFILE */
    struct option_list remove;  /* PATH */
    struct option_list append;  /* kernel arguments */
    uint32_t sector_bytes;
    uint32_t disk_id;           /* 0: not given */
    uint64_t partition_bytes;   /* 0: not given */
};

/* Ends the program on a wrong command line, and after --help. */
struct options options_parse(int argc, char **argv);
