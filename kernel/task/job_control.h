/* Process groups and sessions: POSIX.1-2017 §3.296 (orphaned groups), setpgid, setsid. */
#pragma once

#include <stdbool.h>

struct pid;
struct process;

/* No member has its parent in another group of the same session: nobody could continue it. task_list_lock held. */
bool group_is_orphaned(struct pid *group);
/* The same, asked as if `leaving` were no longer there. */
bool group_is_orphaned_without(struct pid *group, const struct process *leaving);
/* `process` is leaving the tree or changing its parent: SIGHUP and SIGCONT to groups with stopped members
 * that become orphaned by it - its own, and its children's. task_list_lock held. */
void group_orphan_check(struct process *process);

/* setpgid(2) and setsid(2). 0 (setsid: the session's number) or -EPERM, -ESRCH, -EACCES, -EINVAL. */
int process_setpgid(int number, int group_number);
int process_setsid(void);

/* The process waits for its parent's interest: tells it that the child stopped, continued or ended.
 * `code` is a CLD_ value, `status` the exit code or signal. task_list_lock held. Returns whether the
 * parent does not care about zombies (SIGCHLD ignored, SA_NOCLDWAIT). */
bool process_notify_parent(struct process *process, int code, int status);
