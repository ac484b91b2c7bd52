/* Who may look into another process, and change it: ptrace(2), "Ptrace access mode checking". */
#pragma once

struct task;

/* May the running thread look into this one? 0 or -EPERM. RCU read lock held. */
int task_may_inspect(const struct task *task);
