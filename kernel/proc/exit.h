/* How tasks and processes end. */
#pragma once

#include "lib/bits.h"
#include "lib/errno.h"

struct process;
struct task;

/* A status as wait4 reports it. */
#define EXIT_STATUS(code) (((code) & 0xff) << 8)
#define EXIT_SIGNALED(signal) ((int)(signal))
#define EXIT_CORE_FLAG 0x80

/* What the program's threads library expects of a thread that gives up its memory, in exit or exec. May sleep. */
void task_leave_user_memory(struct task *task);
/* Ends the running thread; with the last one, the process. May sleep first. */
noreturn_fn void task_exit(int code);
/* Ends the running process with all its threads: exit_group(2), a fatal signal. The first status counts. */
noreturn_fn void process_exit(int status);
/* Its first half, for the running process: no other thread returns to its program. process->lock held. */
void process_begin_exit(struct process *process, int status);
/* exec: ends all other threads of the running process and waits until they are gone. 0, or -EAGAIN when
 * another thread was first (this one is to end). */
int process_end_other_threads(void) must_check;

/* Takes a zombie that was awaited out of the tree: its times go to the parent. task_list_lock held; process_put once it
 * is released. Times of those that nobody awaits are counted nowhere: process_unlink. */
void process_reap(struct process *process);
