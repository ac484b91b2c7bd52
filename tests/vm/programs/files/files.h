/* The test program files: what its parts share. Each part is a function without arguments that names its section. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

/* Runs this in a child that is an ordinary user. */
#define AS_USER(...) do { fflush(stdout); pid_t p_ = fork(); if (p_ == 0) { failures = 0; \
    if (setgid(1000) || setuid(1000)) _exit(99); __VA_ARGS__; fflush(stdout); _exit(failures); } \
    int s_; waitpid(p_, &s_, 0); failures += WIFEXITED(s_) ? WEXITSTATUS(s_) : 1; } while (0)

int make(const char *name, const char *text);
void make_closed(const char *name, const char *text);
void ignore(int s);

/* opening.c */
void test_open(void);
void test_long_names(void);
void test_special_opens(void);
void test_directories(void);
void test_changing_directory(void);

/* naming.c */
void test_links(void);
void test_link_chains(void);
void test_links_in_paths(void);
void test_hard_links(void);
void test_rename(void);
void test_renamed_files(void);

/* permissions.c */
void test_permissions(void);

/* descriptors.c */
void test_descriptors(void);
void test_descriptor_limits(void);
void test_nameless(void);
void test_devices(void);
void test_refusals(void);
void test_proc(void);

/* contents.c */
void test_appends(void);
void test_vectors(void);
void test_copies(void);
void test_times(void);

/* pipes.c */
void test_pipes(void);
void test_pipe_flow(void);
void test_fifos(void);
void test_interrupted(void);

/* polling.c */
void test_poll(void);
void test_poll_wakes(void);
void test_eventfd(void);
void test_epoll(void);

/* locks.c */
void test_locks(void);
void test_flock(void);
void test_lock_waits(void);

/* mounts.c */
void test_mounts(void);
void test_mount_places(void);
void test_chroot(void);
