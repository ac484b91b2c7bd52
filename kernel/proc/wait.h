/* Waiting for children: wait4(2), waitid(2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* linux/wait.h */
enum wait_option {
    WNOHANG = 1, WUNTRACED = 2, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000,
};
#define WNOTHREAD 0x20000000u /* __WNOTHREAD, __WALL, __WCLONE */
#define WALL 0x40000000u
#define WCLONE 0x80000000u

enum wait_kind { WAIT_ALL, WAIT_PID, WAIT_GROUP };

struct wait_request {
    enum wait_kind kind;
    int number;        /* of the child or group */
    unsigned options;  /* enum wait_option */
};

struct wait_result {
    int pid, status;   /* as wait4 reports them */
    int code;          /* CLD_, for waitid */
    uint32_t uid;
    uint64_t user_ns, system_ns, faults; /* of the child and the children it waited for */
};

/* 1 with a result, 0 (WNOHANG, nothing yet), -ECHILD, -ERESTARTSYS. May sleep. */
int process_wait(const struct wait_request *request, struct wait_result *result);
