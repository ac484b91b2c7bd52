/*
 * Robust lists: a thread that ends tells in the words of the locks it holds that their owner died. The list is
 * in the program's memory and may say anything. Documentation/locking/robust-futex-ABI.rst.
 */
#include "kernel/proc/futex_internal.h"

#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"

#define ROBUST_LIMIT 2048u /* entries looked at: the list may be circular by mistake */
#define ROBUST_PI 1ull /* low bit of a pointer: a priority-inheritance lock */

struct robust_list_head { /* linux/futex.h */
    uint64_t next;
    int64_t futex_offset;
    uint64_t list_op_pending;
};

/* One that was about to be taken or freed: whoever waits may have been promised a wake-up that never came. */
enum entry_kind { ENTRY_HELD, ENTRY_PENDING };

/* Waiters for a lock with priority inheritance are not woken: it is handed to one of them, futex_pi_exit. */
static void owner_died(uint64_t address, uint32_t tid, bool inheriting, enum entry_kind kind) {
    uint32_t value;

    if (futex_load(address, &value) < 0)
        return;
    if (kind == ENTRY_PENDING && !inheriting && (value & FUTEX_TID_MASK) == 0)
        futex_wake_address(address, 1);
    while ((value & FUTEX_TID_MASK) == tid) {
        uint32_t seen = value;
        if (futex_exchange(address, &seen, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) < 0)
            return;
        if (seen == value) {
            if ((value & FUTEX_WAITERS) && !inheriting)
                futex_wake_address(address, 1);
            return;
        }
        value = seen;
    }
}

void futex_robust_exit(struct task *task) {
    struct robust_list_head head;
    uint32_t tid = (uint32_t)task->tid->number;

    if (task->robust_list == 0 || get_user(head, (const struct robust_list_head __user *)task->robust_list) < 0)
        return;
    uint64_t offset = (uint64_t)head.futex_offset, entry = head.next, pending = head.list_op_pending;
    for (unsigned i = 0; i < ROBUST_LIMIT && (entry & ~ROBUST_PI) != task->robust_list; i++) {
        uint64_t next, node = entry & ~ROBUST_PI;
        int error = get_user(next, (const uint64_t __user *)node);
        if (node != (pending & ~ROBUST_PI))
            owner_died(node + offset, tid, entry & ROBUST_PI, ENTRY_HELD);
        if (error < 0)
            break;
        entry = next;
    }
    if (pending != 0)
        owner_died((pending & ~ROBUST_PI) + offset, tid, pending & ROBUST_PI, ENTRY_PENDING);
}
