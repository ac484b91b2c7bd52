/* The test program splice: what its parts share. */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

extern char block[1 << 20], got[1 << 20]; /* what is written, by fill(); what is read */

void fill(void);
int make(const char *name, size_t size);
int held(int fd);
void drain(int fd);

/* pipes.c */
void test_buffers(void);
void test_packets(void);
void test_pipes(void);
void test_waiting(void);

/* files.c */
void test_files(void);
void test_errors(void);
void test_buffer_errors(void);
void test_sendfile(void);

/* others.c */
void test_memory(void);
void test_sockets(void);
void test_terminals(void);

/* stress.c */
int stress(int seconds);
