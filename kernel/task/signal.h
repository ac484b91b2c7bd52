/*
 * Signals: numbers, sets, sending. Delivery to user mode (frames, default actions) is
 * kernel/proc/signal_deliver.h. Queues are guarded by process->lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"
#include "lib/list.h"
#include "lib/refcount.h"

struct task;
struct process;
struct pid;
struct trap_frame;

/* asm/signal.h, x86-64 */
enum {
    SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1,
    SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
    SIGTTIN, SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR,
    SIGSYS, SIGRTMIN = 32, SIGNAL_COUNT = 64,
};
/* si_code values, asm-generic/siginfo.h */
enum {
    SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_MESGQ = -3, SI_TKILL = -6,
    ILL_ILLOPN = 2, FPE_INTDIV = 1, FPE_FLTDIV = 3, FPE_FLTOVF = 4, FPE_FLTUND = 5, FPE_FLTRES = 6, FPE_FLTINV = 7, SEGV_MAPERR = 1, SEGV_ACCERR = 2,
    BUS_ADRALN = 1, BUS_ADRERR = 2, TRAP_BRKPT = 1, TRAP_TRACE = 2,
    CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_TRAPPED = 4, CLD_STOPPED = 5, CLD_CONTINUED = 6,
};

typedef uint64_t signal_set; /* bit n-1 is signal n, as the ABI has it */
static inline signal_set signal_bit(unsigned signal) {
    return 1ull << (signal - 1);
}

/* siginfo_t as programs see it: 128 bytes, asm-generic/siginfo.h. */
struct signal_info {
    int32_t number, error, code, padding;
    union {
        struct { int32_t pid; uint32_t uid; int32_t status; int64_t user_ticks, system_ticks; } child;
        struct { int32_t pid; uint32_t uid; uint64_t value; } queue;
        struct { int32_t timer_id, overrun; uint64_t value; } timer;
        struct { uint64_t address; } fault;
        struct { int64_t band; int32_t fd; } poll;
        uint8_t bytes[112];
    } u;
};
_Static_assert(sizeof(struct signal_info) == 128, "siginfo_t");

struct signal_pending {
    signal_set set;
    struct list_node queue; /* of queued infos */
};

/* struct kernel_sigaction: handler, flags, restorer, mask - in the ABI's order */
struct signal_action {
    uint64_t handler, flags, restorer;
    signal_set mask;
};
enum { SIGNAL_DEFAULT = 0, SIGNAL_IGNORE = 1 };
enum signal_action_flag {
    SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_RESTORER = 0x04000000,
    SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000,
};
#define SA_RESETHAND 0x80000000u

struct signal_handlers {
    struct refcount refcount;
    struct spinlock lock; /* guards `actions` */
    struct signal_action actions[SIGNAL_COUNT + 1]; /* by number; [0] unused */
};

struct signal_state { /* per thread */
    signal_set mask;
    signal_set saved_mask; /* to restore after sigsuspend, ppoll ... */
    bool restore_mask;
    signal_set awaited;    /* by sigtimedwait, blocked but for that time: kept even if they are ignored */
    struct signal_pending pending;
    uint64_t altstack_base, altstack_size;
    uint32_t altstack_flags;
};

/*
 * Sending. Any context; -ESRCH, -EPERM (checked sends), -EAGAIN (queue full). `info` may be NULL: SI_USER from the running
 * process in a system call, else SI_KERNEL.
 */
int signal_send_process(struct process *process, unsigned signal, const struct signal_info *info);
int signal_send_task(struct task *task, unsigned signal, const struct signal_info *info);
/* To every process of a group: how a terminal sends SIGINT. */
int signal_send_group(struct pid *group, unsigned signal, const struct signal_info *info);
/* May the running process send `signal` to `target`? 0 or -EPERM. */
int signal_permitted(struct process *target, unsigned signal);

/*
 * Woken when a signal has become pending anywhere, while somebody watches: for those that read signals
 * from files. Watching counts.
 */
extern struct wait_queue signal_arrivals;
void signal_arrivals_watch(void);
void signal_arrivals_unwatch(void);

/* A fault of the running user thread: forced, cannot be blocked or ignored. */
void task_signal_fault(unsigned signal, int code, uint64_t address, struct trap_frame *frame);

/* What a signal does where the program has not said otherwise, signal(7). */
enum signal_default { SIGNAL_TERMINATE, SIGNAL_CORE, SIGNAL_DISCARD, SIGNAL_STOP, SIGNAL_CONTINUE };
enum signal_default signal_default_action(unsigned signal);

#define SIGNAL_SET_STOP (signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define SIGNAL_SET_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

void signal_init(void);
void signal_pending_init(struct signal_pending *pending);
/* Forgets what is queued. process->lock held, or nobody else knows the queue. */
void signal_pending_flush(struct signal_pending *pending, signal_set set);

/* The next signal in `set`, the thread's own first, or 0. process->lock held. */
unsigned signal_dequeue(struct task *task, signal_set set, struct signal_info *info);
/* Makes the running task's THREAD_WORK_SIGNAL say whether there is something to look at. process->lock held. */
void signal_recalculate(struct task *task);
/* Replaces the running task's mask. Takes process->lock. */
void signal_set_mask(signal_set mask);
/* Pending for the task or its process and not blocked, process->lock held. */
signal_set signal_deliverable(const struct task *task);
/* Sets the action of `signal`; what is pending and becomes ignored is forgotten. */
void signal_set_action(unsigned signal, const struct signal_action *action);

struct signal_handlers *signal_handlers_create(void); /* all default; NULL: no memory */
struct signal_handlers *signal_handlers_copy(struct signal_handlers *handlers);
void signal_handlers_put(struct signal_handlers *handlers);
/* For exec: handlers become default (ignored signals stay so). */
void signal_handlers_reset(struct signal_handlers *handlers);

bool signal_is_ignored(struct process *process, unsigned signal);
/* Does it end the process at once, where it is not blocked? Not one that dumps memory: only when it is delivered. */
bool signal_is_deadly(struct process *process, unsigned signal);
bool signal_is_blocked(struct task *task, unsigned signal);

/* What a system call interrupted by a signal returns inside the kernel; never seen by programs. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };
