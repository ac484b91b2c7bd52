/* What a signal handler is told of a fault, by the letter: si_code, si_addr, the registers, the FPU state; and what
 * programs may do to flags and return addresses. "ok NAME" or "not ok NAME: what came" a line; the same on Linux. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096ul
#define KERNEL 0x80 /* SI_KERNEL */
enum { FLAG_CF = 1, FLAG_TF = 0x100, FLAG_DF = 0x400, FLAG_NT = 0x4000, FLAG_AC = 0x40000 };

static int failures;
static sigjmp_buf resume;
static siginfo_t got;
static greg_t registers[NGREG];
static volatile int count;

static void check(const char *name, int good) {
    printf(good ? "ok %s\n" : "not ok %s: signal %d code %d address %p, errno %d\n", name, got.si_signo, got.si_code,
           got.si_addr, errno);
    fflush(stdout);
    failures += !good;
}

static void note(int number, siginfo_t *info, void *context) {
    got = *info;
    memcpy(registers, ((ucontext_t *)context)->uc_mcontext.gregs, sizeof registers);
    siglongjmp(resume, number);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(number, &action, NULL);
}

/* Does it, and says whether it ended in that signal, with that code and address. */
#define FAULT(number, code, address, ...) \
    ({ \
        memset(&got, 0, sizeof got); \
        int caught = sigsetjmp(resume, 1); \
        if (caught == 0) { \
            __VA_ARGS__; \
        } \
        caught == (number) && got.si_code == (code) && got.si_addr == (void *)(address); \
    })

static void store(volatile void *address) {
    *(volatile char *)address = 1;
}

static char load(volatile void *address) {
    return *(volatile char *)address;
}

/* ---- memory ---- */

static void memory(void) {
    char *none = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(none + PAGE, PAGE);
    mprotect(none + 2 * PAGE, PAGE, PROT_NONE);
    check("read where nothing is", FAULT(SIGSEGV, SEGV_MAPERR, none + PAGE + 5, load(none + PAGE + 5)));
    check("error of a read of nothing", registers[REG_ERR] == 4 && registers[REG_TRAPNO] == 14 &&
                                            registers[REG_CR2] == (greg_t)none + PAGE + 5);
    check("write where nothing is", FAULT(SIGSEGV, SEGV_MAPERR, none + PAGE, store(none + PAGE)) && registers[REG_ERR] == 6);
    check("write to what can be read", FAULT(SIGSEGV, SEGV_ACCERR, none, (load(none), store(none))) && registers[REG_ERR] == 7);
    check("read of PROT_NONE", FAULT(SIGSEGV, SEGV_ACCERR, none + 2 * PAGE, load(none + 2 * PAGE)));
    check("execution of data", FAULT(SIGSEGV, SEGV_ACCERR, none, ((void (*)(void))none)()) && (registers[REG_ERR] & 16) &&
                                   registers[REG_RIP] == (greg_t)none);
    check("execution of nothing", FAULT(SIGSEGV, SEGV_MAPERR, none + PAGE, ((void (*)(void))(none + PAGE))()));
    check("address 0", FAULT(SIGSEGV, SEGV_MAPERR, 0, store(NULL)));
    check("the kernel's memory", FAULT(SIGSEGV, SEGV_MAPERR, 0xffffffff80200000, load((void *)0xffffffff80200000)) &&
                                     registers[REG_ERR] == 5);
    check("an address that cannot be", FAULT(SIGSEGV, KERNEL, 0, load((void *)0x8000000000001234)));
    check("a jump to where code cannot be", FAULT(SIGSEGV, KERNEL, 0, ((void (*)(void))0x8000000000001234)()));
}

static void files(void) {
    char name[] = "/tmp/fault-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    ftruncate(fd, 100);
    char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *own = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    store(shared + 200);
    check("the rest of a file's last page", load(shared + 300) == 0);
    check("beyond it", FAULT(SIGBUS, BUS_ADRERR, shared + PAGE + 7, load(shared + PAGE + 7)));
    check("written", FAULT(SIGBUS, BUS_ADRERR, shared + 2 * PAGE, store(shared + 2 * PAGE)));
    check("in a private mapping", FAULT(SIGBUS, BUS_ADRERR, own + PAGE, store(own + PAGE)));
    ftruncate(fd, 2 * PAGE);
    store(shared + PAGE);
    store(own + PAGE);
    ftruncate(fd, 0);
    check("after the file was cut", FAULT(SIGBUS, BUS_ADRERR, shared, load(shared)));
    check("a private copy goes too", FAULT(SIGBUS, BUS_ADRERR, own + PAGE, load(own + PAGE)));
    int sink = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_RDONLY);
    check("the kernel answers EFAULT instead", read(zero, shared, 1) == -1 && errno == EFAULT);
    close(sink);
    close(zero);
    close(fd);
}

/* ---- instructions ---- */

static void instructions(void) {
    volatile int zero = 0;
    check("ud2", FAULT(SIGILL, ILL_ILLOPN, registers[REG_RIP], __asm__ volatile("ud2")) && registers[REG_TRAPNO] == 6);
    check("division by zero", FAULT(SIGFPE, FPE_INTDIV, registers[REG_RIP],
                                    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; divl %0" ::"m"(zero) : "eax", "edx")));
    check("int3", FAULT(SIGTRAP, KERNEL, 0, __asm__ volatile("int3")) && registers[REG_TRAPNO] == 3);
    check("hlt", FAULT(SIGSEGV, KERNEL, 0, __asm__ volatile("hlt")) && registers[REG_TRAPNO] == 13);
    check("int $0x21", FAULT(SIGSEGV, KERNEL, 0, __asm__ volatile("int $0x21")));
    check("out", FAULT(SIGSEGV, KERNEL, 0, __asm__ volatile("out %%al, $0x80" ::: "memory")));
    check("a selector that is none", FAULT(SIGSEGV, KERNEL, 0, __asm__ volatile("mov %0, %%ds" ::"r"(0x1230))) &&
                                         registers[REG_ERR] == 0x1230);
    check("single step", FAULT(SIGTRAP, TRAP_TRACE, registers[REG_RIP],
                               __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" ::: "cc", "memory")) &&
                             registers[REG_TRAPNO] == 1);
}

static void floating_point(void) {
    static const struct {
        const char *name;
        int code;
        unsigned mxcsr;
        double a, b;
    } sse[] = {
        {"SSE, division by zero", FPE_FLTDIV, 0x1f80 & ~0x200, 1, 0},
        {"SSE, invalid", FPE_FLTINV, 0x1f80 & ~0x80, 0, 0},
        {"SSE, overflow", FPE_FLTOVF, 0x1f80 & ~0x400, 1e300, 1e-300},
        {"SSE, underflow", FPE_FLTUND, 0x1f80 & ~0x800, 1e-300, 1e300},
        {"SSE, inexact", FPE_FLTRES, 0x1f80 & ~0x1000, 1, 3},
    };
    unsigned usual = 0x1f80;
    for (unsigned i = 0; i < sizeof sse / sizeof sse[0]; i++) {
        volatile double a = sse[i].a, b = sse[i].b;
        int good = FAULT(SIGFPE, sse[i].code, registers[REG_RIP], __asm__ volatile(
            "ldmxcsr %0; movsd %1, %%xmm0; divsd %2, %%xmm0" ::"m"(sse[i].mxcsr), "m"(a), "m"(b) : "xmm0"));
        __asm__ volatile("ldmxcsr %0" ::"m"(usual));
        check(sse[i].name, (good && registers[REG_TRAPNO] == 19) || got.si_signo == 0); /* TCG never raises them */
    }
    unsigned short control = 0x37f & ~4;
    int good = FAULT(SIGFPE, FPE_FLTDIV, registers[REG_RIP],
                     __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(control)));
    __asm__ volatile("fninit");
    check("x87, division by zero", good && registers[REG_TRAPNO] == 16);
}

/* ---- forced ---- */

static int ended_by(void (*does)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        does();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void fault_blocked(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    store(NULL);
}

static void fault_ignored(void) {
    signal(SIGSEGV, SIG_IGN);
    store(NULL);
}

static void trap_ignored(void) {
    signal(SIGTRAP, SIG_IGN);
    __asm__ volatile("int3");
}

static void no_stack(void) {
    handle(SIGSEGV, note, 0);
    __asm__ volatile("mov $8, %%rsp; push %%rax" ::: "memory");
}

static void no_restorer(void) {
    struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } action = {(void *)note, SA_SIGINFO};
    syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    raise(SIGUSR1);
}

static void bad_frame(void) {
    __asm__ volatile("mov $0x1000, %%rsp; mov $15, %%eax; syscall" ::: "memory");
}

static void forced(void) {
    check("a fault that is blocked ends the process", ended_by(fault_blocked) == SIGSEGV);
    check("one that is ignored too", ended_by(fault_ignored) == SIGSEGV);
    check("int3 too", ended_by(trap_ignored) == SIGTRAP);
    check("no room for the frame", ended_by(no_stack) == SIGSEGV);
    check("no way back from the handler", ended_by(no_restorer) == SIGSEGV);
    check("sigreturn without a frame", ended_by(bad_frame) == SIGSEGV);
}

/* ---- the frame ---- */

static volatile greg_t flags_seen, flags_in_handler;

static void look_at_flags(int number, siginfo_t *info, void *context) {
    greg_t now;
    __asm__ volatile("pushfq; pop %0" : "=r"(now));
    flags_in_handler = now;
    flags_seen = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
    count++;
}

/* Sends itself the signal with the flags set; returns the flags after it. */
static greg_t flags_after_signal(greg_t flags) {
    greg_t after;
    long number = SYS_tgkill, pid = getpid();
    register long r10 __asm__("r10") = 0;
    __asm__ volatile("pushfq; pop %%rbx; or %[f], %%rbx; push %%rbx; popfq; syscall; pushfq; pop %[after]; cld\n\t"
                     "pushfq; andq $~0x44500, (%%rsp); popfq"
                     : [after] "=&r"(after), "+a"(number)
                     : [f] "r"(flags), "D"(pid), "S"((long)syscall(SYS_gettid)), "d"((long)SIGUSR1)
                     : "rbx", "rcx", "r11", "cc", "memory");
    return after;
}

static void flags(void) {
    handle(SIGUSR1, look_at_flags, 0);
    greg_t after = flags_after_signal(FLAG_NT | FLAG_AC | FLAG_DF | FLAG_CF);
    check("flags come back from a handler", (after & (FLAG_NT | FLAG_AC | FLAG_DF | FLAG_CF)) == (FLAG_NT | FLAG_AC | FLAG_DF | FLAG_CF));
    check("the frame has them", (flags_seen & (FLAG_AC | FLAG_DF | FLAG_CF)) == (FLAG_AC | FLAG_DF | FLAG_CF));
    check("DF is clear in the handler", !(flags_in_handler & FLAG_DF));
}

static void leave_at(int number, siginfo_t *info, void *context) {
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = 0x800000000000;
}

static void returns(void) {
    memset(&got, 0, sizeof got);
    handle(SIGUSR1, leave_at, 0);
    if (sigsetjmp(resume, 1) == 0)
        raise(SIGUSR1);
    check("sigreturn to an address that cannot be", got.si_signo == SIGSEGV && got.si_code == KERNEL &&
                                                        registers[REG_RIP] == 0x800000000000);
}

static int frame_ok;

static void look_at_frame(int number, siginfo_t *info, void *context) {
    const ucontext_t *uc = context;
    const unsigned char *image = (const unsigned char *)uc->uc_mcontext.fpregs;
    const uint32_t *software = (const uint32_t *)(image + 464);
    uint32_t eax = 1, ebx, ecx, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    frame_ok = (uintptr_t)image % 64 == 0 && (uintptr_t)__builtin_frame_address(0) % 16 == 0;
    if (ecx & 1u << 27) { /* OSXSAVE */
        uint32_t size = software[4];
        frame_ok = frame_ok && (uc->uc_flags & 1) && software[0] == 0x46505853 && software[1] == size + 4 &&
                   (software[2] & 3) == 3 && *(const uint32_t *)(image + size) == 0x46505845;
    } else {
        frame_ok = frame_ok && !(uc->uc_flags & 1);
    }
    frame_ok = frame_ok && (uc->uc_flags & 6) == 6 && uc->uc_mcontext.gregs[REG_CSGSFS] >> 48 != 0;
    memset((void *)(image + 160), 0x5a, 16); /* XMM0 of the interrupted code */
}

static void frames(void) {
    uint64_t low = 1, number = SYS_tgkill;
    handle(SIGUSR1, look_at_frame, 0);
    __asm__ volatile("pxor %%xmm0, %%xmm0; syscall; movq %%xmm0, %0"
                     : "=r"(low), "+a"(number) : "D"((long)getpid()), "S"((long)syscall(SYS_gettid)), "d"((long)SIGUSR1)
                     : "xmm0", "rcx", "r11", "memory");
    check("the frame's FPU state", frame_ok);
    check("sigreturn loads it", low == 0x5a5a5a5a5a5a5a5a);
}

static void numbers(void) {
    long result, wanted = getpid();
    __asm__ volatile("syscall" : "=a"(result) : "a"(0xabcdef0000000000ul | SYS_getpid) : "rcx", "r11", "memory");
    check("a system call's number has 32 bits", result == wanted);
    __asm__ volatile("syscall" : "=a"(result) : "a"(0x40000000ul | SYS_getpid) : "rcx", "r11", "memory");
    check("no x32 calls", result == -ENOSYS);
    __asm__ volatile("syscall" : "=a"(result) : "a"(-1l) : "rcx", "r11", "memory");
    check("number -1", result == -ENOSYS);
}

static char alternate[65536] __attribute__((aligned(16)));

static void grow(int depth) {
    volatile char room[1024];
    memset((void *)room, depth, sizeof room);
    if (depth > 0)
        grow(depth - 1);
    __asm__ volatile("" ::"r"(room) : "memory");
}

static void overflow(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    struct rlimit limit = {256 * 1024, RLIM_INFINITY};
    sigaltstack(&stack, NULL);
    setrlimit(RLIMIT_STACK, &limit);
    handle(SIGSEGV, note, SA_ONSTACK);
    memset(&got, 0, sizeof got);
    int caught = sigsetjmp(resume, 1);
    if (caught == 0)
        grow(1 << 20);
    sigaltstack(NULL, &old);
    check("a stack that overflows", caught == SIGSEGV && got.si_code == SEGV_MAPERR && old.ss_flags == 0);
}

static void guard_gap(void) {
    char *region = mmap(NULL, 2048 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(region, 2048 * PAGE);
    char *stack = mmap(region + 1024 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    check("MAP_GROWSDOWN grows", FAULT(0, 0, 0, store(stack - PAGE)));
    char *other = mmap(stack - 300 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check("down to 256 pages from another mapping", FAULT(SIGSEGV, SEGV_MAPERR, stack - 200 * PAGE, store(stack - 200 * PAGE)));
    check("and no closer", FAULT(0, 0, 0, store(stack - 40 * PAGE)));
    munmap(region, 2048 * PAGE);
}

int main(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++)
        handle(faults[i], note, 0);
    memory();
    files();
    instructions();
    floating_point();
    forced();
    flags();
    returns();
    frames();
    numbers();
    guard_gap();
    overflow();
    return failures != 0;
}
