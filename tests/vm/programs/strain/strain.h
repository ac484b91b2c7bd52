/* The test program strain: what its parts share. A strain is a function that ends its process with REQUIRE if
 * something is wrong. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUIRE(condition)                                                              \
    do {                                                                                \
        if (!(condition)) {                                                             \
            printf("line %d: %s: %s\n", __LINE__, #condition, strerror(errno)); \
            fflush(stdout);                                                             \
            _exit(1);                                                                   \
        }                                                                               \
    } while (0)

void limit(int resource, rlim_t value);
void wait_all(void);

/* processes.c */
void processes(void);
void processes_limited(void);
void fork_bomb(void);
void orphans(void);
void numbers(void);
void threads(void);

/* files.c */
void descriptors(void);
void many_descriptors(void);
void pipes(void);
void polls(void);
void deep_directories(void);
void wide_directory(void);
void negative_names(void);
void symlink_loops(void);
void long_names(void);
void mounts(void);
void full_files(void);
void room_for_one(void);

/* memory.c */
void mappings(void);
void endless_mappings(void);
void exhaust(void);
void exhaust_tables(void);
void exhaust_shared(void);
void exhaust_together(void);
void limited_memory(void);

/* programs.c */
void long_arguments(void);
void script_loops(void);
void program_storm(void);

/* signals.c */
void signal_storm(void);
void queued_signals(void);
void faults_in_handlers(void);
void timers(void);
