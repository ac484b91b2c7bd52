/* The test program sysv_ipc: what its parts share. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))
/* Runs `body` in a child that is another user. */
#define AS_NOBODY(body) \
    do { \
        pid_t nobody_ = fork(); \
        if (nobody_ == 0) { \
            failures = 0; \
            if (setgid(65534) || setuid(65534)) \
                _exit(99); \
            body; \
            _exit(failures); \
        } \
        CHECK(child_says(nobody_) == 0); \
    } while (0)

/* linux/shm.h, linux/sem.h, linux/msg.h */
enum { STAT_ANY = 15, SEM_ANY = 20, MSG_ANY = 13, COPY = 040000 };

key_t key(void);
int child_says(pid_t child);
int lines_with(const char *path, int id);

/* shared_memory.c */
void shm_get(void);
void shm_attachments(void);
void shm_places(void);
void shm_numbers(void);

/* semaphores.c */
int change(int id, int number, int by, int flags);
int value(int id, int number);
void sem_get(void);
void sem_values(void);
void sem_waiting(void);
void nothing(int signal);
void sem_interrupted(void);
void sem_exclusion(void);
void sem_numbers(void);

/* undo.c */
void sem_undone(void);
void sem_undone_by_the_last_thread(void);

/* messages.c */
void msg_order(void);
void msg_chosen_id(void);
void msg_sizes(void);
void msg_waiting(void);
void msg_traffic(void);
void msg_numbers(void);
