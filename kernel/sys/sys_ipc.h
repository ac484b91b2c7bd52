/* System calls of System V IPC: kernel/sys/sysv_shm.c, sysv_sem.c, sysv_msg.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/vm/uaccess.h"

struct sem_operation;
struct user_timespec;

int64_t sys_shmget(int32_t key, uint64_t size, int flags);
int64_t sys_shmat(int id, uint64_t address, int flags);
int64_t sys_shmdt(uint64_t address);
int64_t sys_shmctl(int id, int command, uint64_t argument);

int64_t sys_semget(int32_t key, int count, int flags);
int64_t sys_semop(int id, const struct sem_operation __user *operations, unsigned count);
int64_t sys_semtimedop(int id, const struct sem_operation __user *operations, unsigned count,
                       const struct user_timespec __user *timeout);
int64_t sys_semctl(int id, int number, int command, uint64_t argument);

int64_t sys_msgget(int32_t key, int flags);
int64_t sys_msgsnd(int id, uint64_t message, uint64_t size, int flags);
int64_t sys_msgrcv(int id, uint64_t message, uint64_t size, int64_t type, int flags);
int64_t sys_msgctl(int id, int command, uint64_t argument);
