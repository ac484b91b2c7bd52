/*
 * The views of /kernel/runtime, and of /kernel/hw about processors, memory and boot. The layers they show lie below
 * the registry of views or are meant to stay small, so they only give their figures; the words are here.
 */
#pragma once

#include "kernel/view/view.h"

void runtime_views_init(void);

/* For the files of this folder: registers `count` views of /kernel. */
void runtime_register(struct view *views, size_t count);
void runtime_memory_init(void);  /* memory.c */
void runtime_threads_init(void); /* threads.c */
void runtime_locks_init(void);   /* locks.c */
void runtime_boot_init(void);    /* boot.c */
void runtime_boot_trace_init(void); /* boot_trace.c */
void runtime_cpu_init(void);     /* cpu.c */
void runtime_cpus_init(void);    /* cpus.c; once all of them run */
