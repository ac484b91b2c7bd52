/* The test program inotify: what its parts share. */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

extern int in; /* the instance under test */
extern char events[65536];

/* What has happened since the last look, as news() tells it. */
#define NEWS(want) ({ checks++; const char *n_ = news(); if (strcmp(n_, want) != 0) { failures++; printf("FAIL %s:%d wanted '%s' got '%s'\n", section, __LINE__, want, n_); } })

const char *news(void);
int make(const char *name);
void begin(const char *name);

/* calls.c */
void test_calls(void);
void test_flags(void);
void test_names(void);

/* changes.c */
void test_files(void);
void test_ends_of_files(void);
void test_directories(void);
void test_moves(void);
void test_unmount(void);

/* queues.c */
void test_overflow(void);
void test_waiting(void);

/* stress.c */
int stress(int seconds);
