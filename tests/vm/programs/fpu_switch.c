/*
 * Vector registers and the x87 control word belong to a thread: several processes fill them with
 * patterns of their own, are switched and interrupted by signals whose handlers overwrite them, and
 * must find them unchanged. Exits 0 and prints "kept" when all did.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define ROUNDS 600
#define REGISTERS 16

static volatile int signals;

static void overwrite(int number) {
    (void)number;
    signals++;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm7; movdqa %%xmm0, %%xmm15; fninit" ::: "xmm0", "xmm7", "xmm15");
}

/* Loads the registers, lets others run (system call `way` 0: sched_yield, 1: none, only time), stores them. */
static void through_switch(const uint8_t in[REGISTERS][16], uint8_t out[REGISTERS][16], uint16_t control_in,
                           uint16_t *control_out, long way) {
    long call = 24, spins = way ? 20000 : 1; /* 24: sched_yield */
    __asm__ volatile(
        "fldcw %[cin]\n"
        "movdqu (%[in]), %%xmm0; movdqu 16(%[in]), %%xmm1; movdqu 32(%[in]), %%xmm2; movdqu 48(%[in]), %%xmm3\n"
        "movdqu 64(%[in]), %%xmm4; movdqu 80(%[in]), %%xmm5; movdqu 96(%[in]), %%xmm6; movdqu 112(%[in]), %%xmm7\n"
        "movdqu 128(%[in]), %%xmm8; movdqu 144(%[in]), %%xmm9; movdqu 160(%[in]), %%xmm10; movdqu 176(%[in]), %%xmm11\n"
        "movdqu 192(%[in]), %%xmm12; movdqu 208(%[in]), %%xmm13; movdqu 224(%[in]), %%xmm14; movdqu 240(%[in]), %%xmm15\n"
        "1: test %[way], %[way]; jnz 2f; push %[call]; pop %%rax; syscall; 2: pause; dec %[spins]; jnz 1b\n"
        "movdqu %%xmm0, (%[out]); movdqu %%xmm1, 16(%[out]); movdqu %%xmm2, 32(%[out]); movdqu %%xmm3, 48(%[out])\n"
        "movdqu %%xmm4, 64(%[out]); movdqu %%xmm5, 80(%[out]); movdqu %%xmm6, 96(%[out]); movdqu %%xmm7, 112(%[out])\n"
        "movdqu %%xmm8, 128(%[out]); movdqu %%xmm9, 144(%[out]); movdqu %%xmm10, 160(%[out]); movdqu %%xmm11, 176(%[out])\n"
        "movdqu %%xmm12, 192(%[out]); movdqu %%xmm13, 208(%[out]); movdqu %%xmm14, 224(%[out]); movdqu %%xmm15, 240(%[out])\n"
        "fnstcw %[cout]\n"
        : [spins] "+r"(spins), [cout] "=m"(*control_out)
        : [in] "r"(in), [out] "r"(out), [cin] "m"(control_in), [way] "r"(way), [call] "r"(call)
        : "rax", "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
          "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static int keep(int process) {
    uint8_t in[REGISTERS][16], out[REGISTERS][16];
    struct itimerval often = {{0, 1000 + 300 * process}, {0, 1000}};
    signal(SIGALRM, overwrite);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < ROUNDS || signals == 0; round++) { /* the timer must have struck */
        uint16_t control = (uint16_t)(0x37f ^ (process & 3) << 10), seen; /* rounding: SDM 1 §8.1.5 */
        memset(in, process * 16 + round, sizeof in);
        for (int i = 0; i < REGISTERS; i++)
            in[i][0] = (uint8_t)i;
        through_switch((const uint8_t (*)[16])in, out, control, &seen, round % 8 == 0);
        if (memcmp(in, out, sizeof in) != 0 || seen != control) {
            printf("process %d, round %d: registers changed (control %x, wanted %x)\n", process, round, seen, control);
            return 1;
        }
    }
    return 0;
}

int main(void) {
    int failed = 0, status;
    for (int process = 0; process < PROCESSES; process++)
        if (fork() == 0)
            _exit(keep(process));
    for (int process = 0; process < PROCESSES; process++)
        failed |= wait(&status) < 0 || status != 0;
    puts(failed ? "lost" : "kept");
    return failed;
}
