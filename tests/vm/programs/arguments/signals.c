/* Rows: signals. */
#include <signal.h>

#include "tests/vm/programs/arguments/arguments.h"

static const uint64_t usr1[1] = {1ull << (SIGUSR1 - 1)};
static const uint64_t nothing[1] = {0};
/* handler flags restorer mask */
static const uint64_t action[4] = {(uint64_t)SIG_IGN, 0, 0, 0};
static const int32_t information[32] = {SIGUSR1, 0, -1};
static const int32_t queued_nothing[32] = {0, 0, -1};
static const stack_t stack = {.ss_sp = (void *)RANGE, .ss_size = RANGE_PAGES * PAGE};
static const int64_t no_time[2];

static const struct row rows[] = {
    ROW(rt_sigaction, "", 0, A_SIGNAL(SIGUSR1), A_IN(action), A_OUT(32), A_SET_SIZE)
    ROW(rt_sigaction, "-get", HARMLESS, A_SIGNAL(SIGUSR1), A_NO_IN(32), A_OUT(32), A_SET_SIZE)
    ROW(rt_sigprocmask, "", 0, A_CHOICE(SIG_BLOCK), A_IN(usr1), A_OUT(8), A_SET_SIZE)
    ROW(rt_sigprocmask, "-get", HARMLESS, A_CHOICE(SIG_BLOCK), A_NO_IN(8), A_OUT(8), A_SET_SIZE)
    ROW(rt_sigpending, "", HARMLESS, A_OUT(8), A_SET_SIZE)
    ROW(rt_sigtimedwait, "", HARMLESS, A_IN(nothing), A_NO_OUT(128), A_SAME(AREA(2)), A_SET_SIZE)
    ROW(rt_sigtimedwait, "-time", HARMLESS, A_SAME(AREA(0)), A_SAME(0), A_TIME(no_time), A_SAME(8))
    ROW(rt_sigsuspend, "", HARMLESS, A_IN(nothing), A_SAME(7))
    ROW(rt_sigsuspend, "-size", HARMLESS, A_SAME(UNMAPPED), A_SET_SIZE)
    ROW(rt_sigqueueinfo, "", 0, A_PID(SELF), A_SAME(0), A_IN(queued_nothing))
    ROW(rt_sigqueueinfo, "-signal", 0, A_PID(SELF), A_SIGNAL(SIGURG), A_IN(information))
    ROW(rt_tgsigqueueinfo, "", 0, A_PID(SELF), A_PID(SELF), A_SAME(0), A_IN(queued_nothing))
    ROW(rt_tgsigqueueinfo, "-signal", 0, A_PID(SELF), A_PID(SELF), A_SIGNAL(SIGURG), A_IN(information))
    ROW(rt_sigreturn, "", 0, A_SAME(0))
    ROW(sigaltstack, "", 0, A_IN(stack), A_OUT(24))
    ROW(sigaltstack, "-get", HARMLESS, A_NO_IN(24), A_OUT(24))
    ROW(kill, "", 0, A_PID(SELF), A_SAME(0))
    ROW(kill, "-signal", 0, A_SAME(0), A_SIGNAL(SIGURG))
    ROW(tkill, "", 0, A_PID(SELF), A_SIGNAL(0))
    ROW(tgkill, "", 0, A_PID(SELF), A_PID(SELF), A_SIGNAL(0))
    ROW(signalfd, "", 0, A_FD(-1), A_IN(usr1), A_SET_SIZE)
    ROW(signalfd4, "", 0, A_FD(-1), A_IN(usr1), A_SET_SIZE, A_FLAGS(0))
    ROW(pause, "", HARMLESS)
    ROW(restart_syscall, "", HARMLESS)
};

const struct rows signal_rows = ROWS(rows);
