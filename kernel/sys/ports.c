/* ioperm, iopl: I/O ports for programs. */
#include "kernel/sys/sys_system.h"

#include "kernel/arch/segments.h"
#include "kernel/task/ports.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

int64_t sys_ioperm(uint64_t first, uint64_t count, int allow) {
    if (first + count <= first || first + count > PORT_COUNT)
        return -EINVAL;
    if (allow && !cred_has(current_cred(), CAP_SYS_RAWIO))
        return -EPERM;
    return ports_change((uint32_t)first, (uint32_t)count, allow != 0);
}

int64_t sys_iopl(unsigned level) {
    unsigned old = current_task()->port_level;

    if (level > PORT_LEVEL_MAX)
        return -EINVAL;
    if (level > old && !cred_has(current_cred(), CAP_SYS_RAWIO))
        return -EPERM;
    if (level != old)
        ports_set_level(level);
    return 0;
}
