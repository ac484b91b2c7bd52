#include "kernel/trap/vsyscall.h"

#include "kernel/mm/layout.h"
#include "kernel/sys/sys_sched.h"
#include "kernel/sys/sys_time.h"
#include "kernel/vm/uaccess.h"

#define VSYSCALL_STEP 0x400u /* asm/vsyscall.h */

enum { VSYSCALL_GETTIMEOFDAY, VSYSCALL_TIME, VSYSCALL_GETCPU, VSYSCALL_COUNT };

static int64_t call(uint64_t number, const struct trap_frame *frame) {
    switch (number) {
    case VSYSCALL_GETTIMEOFDAY:
        return sys_gettimeofday((void __user *)frame->rdi, (void __user *)frame->rsi);
    case VSYSCALL_TIME:
        return sys_time((void __user *)frame->rdi);
    default:
        return sys_getcpu((void __user *)frame->rdi, (void __user *)frame->rsi);
    }
}

bool vsyscall_emulate(struct trap_frame *frame, uint64_t address) {
    uint64_t number = (address - VSYSCALL_PAGE) / VSYSCALL_STEP, return_address;

    if (frame->rip != address || address < VSYSCALL_PAGE || !IS_ALIGNED(address, VSYSCALL_STEP) || number >= VSYSCALL_COUNT)
        return false;
    if (get_user(return_address, (const uint64_t __user *)frame->rsp) < 0)
        return false;
    int64_t result = call(number, frame);
    if (result == -EFAULT)
        return false; /* the program would have faulted itself */
    frame->rax = (uint64_t)result;
    frame->rip = return_address;
    frame->rsp += sizeof return_address;
    return true;
}
