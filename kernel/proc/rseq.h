/*
 * Restartable sequences, rseq(2), linux/rseq.h. A thread tells where an area of its memory is: the kernel
 * keeps the number of the CPU there, and sends the thread to the abort address of a critical section
 * that another thread, another CPU or a signal handler came into.
 */
#pragma once

#include "lib/bits.h"

struct space;
struct task;
struct trap_frame;

#define RSEQ_AREA_SIZE 32u    /* struct rseq as first published; larger areas are taken, their rest is left alone */
#define RSEQ_FEATURE_SIZE 20u /* what of it the kernel knows: up to and including `flags` */
#define RSEQ_ALIGN 32u

/* For the running thread. -EINVAL, -EFAULT; registered already: -EBUSY, or -EPERM for another signature. */
int rseq_register(uint64_t address, uint32_t size, uint32_t signature) must_check;
/* Takes exactly what was registered: else -EINVAL or -EPERM; -EFAULT. May sleep. */
int rseq_unregister(uint64_t address, uint32_t size, uint32_t signature) must_check;

/* fork: the child has the area in its copy of the memory. */
void rseq_inherit(struct task *child, const struct task *parent);
/* exec: the area is gone. */
void rseq_forget(struct task *task);

/*
 * The running thread was switched, or is about to run a signal handler: aborts the critical section that
 * `frame` is in and stores the CPU. A bad area or descriptor is a fault: SIGSEGV, and again at the next
 * time if a handler leaves it so. Interrupts on; may sleep. Nothing happens to a thread without an area.
 */
void rseq_resume(struct trap_frame *frame);
/* Threads of the space that run on other CPUs of the mask leave their sections before they go on. May not hold locks. */
void rseq_abort_elsewhere(const struct space *space, uint64_t cpus);
