/*
 * Dispatch table of system calls, built from the list in table.h, and the answer to unknown ones.
 */
#define LOG_TAG "syscall"

#include "kernel/sys/table.h"

#include "kernel/arch/frame.h"
#include "kernel/log/log.h"
#include "kernel/task/task.h"
#include "lib/atomic.h"
#include "lib/errno.h"

/* The handler's symbol under a name of our own, so that one type serves all of them. */
#define DECLARE_HANDLER(number, name) \
    int64_t syscall_handler_##name(void) __asm__("sys_" #name);
#define SKIP(number, name)
SYSCALL_TABLE(DECLARE_HANDLER, SKIP)

#define TABLE_HANDLER(number, name) [number] = (syscall_handler)syscall_handler_##name,
#define TABLE_UNKNOWN(number, name) [number] = (syscall_handler)syscall_unknown,
#define NAME_ROW(number, name) [number] = #name,

/* Numbers 335 to 423 are not used by Linux on x86-64. */
#define FIRST_UNUSED 335
#define LAST_UNUSED 423

const syscall_handler syscall_table[SYSCALL_COUNT] = {
    [FIRST_UNUSED ... LAST_UNUSED] = (syscall_handler)syscall_unknown,
    SYSCALL_TABLE(TABLE_HANDLER, TABLE_UNKNOWN)
};

static const char *const names[SYSCALL_COUNT] = {SYSCALL_TABLE(NAME_ROW, NAME_ROW)};

const char *syscall_name(uint64_t number) {
    return number < SYSCALL_COUNT ? names[number] : NULL;
}

int64_t syscall_unknown(void) {
    static uint8_t logged[SYSCALL_COUNT];
    const struct task *task = current_task();
    uint64_t number = task_frame(current_task())->error_code;
    const char *name = syscall_name(number);

    if (name != NULL && !atomic_exchange(&logged[number], (uint8_t)1))
        log_info("%s (%lu) is not implemented; first used by %s, process %d", name,
                 (unsigned long)number, task->thread.name, task->process->pid->number);
    return -ENOSYS;
}
