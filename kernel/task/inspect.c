/* See inspect.h. */
#include "kernel/task/inspect.h"

#include "kernel/task/task.h"
#include "lib/errno.h"

int task_may_inspect(const struct task *task) {
    const struct cred *own = current_cred(), *other = rcu_dereference(task->cred);

    if (task->process == current_process() || cred_has(own, CAP_SYS_PTRACE))
        return 0;
    bool same = own->uid == other->uid && own->uid == other->euid && own->uid == other->suid &&
                own->gid == other->gid && own->gid == other->egid && own->gid == other->sgid;
    bool more = other->capabilities_permitted & ~own->capabilities_permitted;
    return same && !more && !task->process->not_dumpable ? 0 : -EPERM;
}
