/* Does one forbidden thing, chosen by name; is expected to be killed by a signal. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KERNEL_ADDRESS 0xffffffff80200000ull
#define NON_CANONICAL 0x0000900000000000ull

static __attribute__((noinline, noclone)) int recurse(volatile char *previous) {
    volatile char frame[4096];
    frame[0] = previous ? previous[0] : 1;
    return recurse(frame) + frame[0];
}

static void jump(uintptr_t address) {
    ((void (*)(void))address)();
}

static void execute_data(void) {
    static unsigned char code[] = {0xc3}; /* ret */
    jump((uintptr_t)code);
}

static void exhaust_memory(void) {
    for (;;) {
        char *block = malloc(1 << 20);
        if (!block)
            exit(3); /* refused with an errno: just as good as being killed */
        memset(block, 1, 1 << 20);
    }
}

static void misbehave(const char *what) {
    volatile uint64_t *pointer = NULL;
    volatile int zero = 0;
    if (!strcmp(what, "null"))
        *pointer = 1;
    else if (!strcmp(what, "kernel-write"))
        *(volatile uint64_t *)KERNEL_ADDRESS = 1;
    else if (!strcmp(what, "kernel-read"))
        printf("%llx\n", (unsigned long long)*(volatile uint64_t *)KERNEL_ADDRESS);
    else if (!strcmp(what, "kernel-jump"))
        jump(KERNEL_ADDRESS);
    else if (!strcmp(what, "non-canonical"))
        *(volatile uint64_t *)NON_CANONICAL = 1;
    else if (!strcmp(what, "non-canonical-jump"))
        jump(NON_CANONICAL);
    else if (!strcmp(what, "execute-data"))
        execute_data();
    else if (!strcmp(what, "stack-overflow"))
        recurse(NULL);
    else if (!strcmp(what, "divide"))
        zero = (zero + 7) / zero; /* 1 / zero would become a comparison */
    else if (!strcmp(what, "undefined"))
        __asm__ volatile("ud2");
    else if (!strcmp(what, "privileged"))
        __asm__ volatile("cli");
    else if (!strcmp(what, "port"))
        __asm__ volatile("outb %%al, $0x80" ::"a"(0));
    else if (!strcmp(what, "text-write"))
        *(volatile char *)(uintptr_t)recurse = 1;
    else if (!strcmp(what, "breakpoint"))
        __asm__ volatile("int3");
    else if (!strcmp(what, "interrupt-gate"))
        __asm__ volatile("int $14");
    else if (!strcmp(what, "stack-pointer"))
        __asm__ volatile("mov %0, %%rsp; push %%rax" ::"r"(KERNEL_ADDRESS));
    else if (!strcmp(what, "exhaust-memory"))
        exhaust_memory();
}

int main(int argc, char **argv) {
    misbehave(argc > 1 ? argv[1] : "null");
    printf("%s: survived\n", argc > 1 ? argv[1] : "null");
    return 0;
}
