/*
 * Address spaces and their mappings. Page tables are the truth for anonymous memory: there are no
 * shadow objects and no swap. `lock` (rwsem): writers change the mapping tree, readers fault.
 */
#pragma once

#include "kernel/arch/context.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/mutex.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"

struct file;
struct vm_object;
struct space;

enum vma_flag {
    VMA_READ = 1u << 0, VMA_WRITE = 1u << 1, VMA_EXECUTE = 1u << 2, VMA_SHARED = 1u << 3,
    VMA_MAY_READ = 1u << 4, VMA_MAY_WRITE = 1u << 5, VMA_MAY_EXECUTE = 1u << 6,
    VMA_GROWS_DOWN = 1u << 7, VMA_LOCKED = 1u << 8, VMA_DONT_FORK = 1u << 9, VMA_NO_RESERVE = 1u << 10,
    VMA_HEAP = 1u << 11, VMA_STACK = 1u << 12, VMA_SPECIAL = 1u << 13,
};

struct vma {
    struct rb_node node;         /* in space->vmas, by start */
    struct rb_node object_node;  /* in object->mappings */
    struct space *space;
    uint64_t start, end;         /* page aligned, [start, end) */
    uint64_t gap;                /* free bytes before start (augmented: largest in subtree) */
    uint64_t subtree_gap;
    uint64_t object_subtree_end; /* interval tree */
    uint32_t flags;
    struct vm_object *object;    /* NULL: private anonymous */
    uint64_t object_offset;      /* page index in `object` of `start` */
    struct file *file;           /* referenced, for /proc/PID/maps; NULL: anonymous */
};

struct space {
    struct refcount refcount;      /* users: tasks */
    struct mmu_context mmu;
    struct rwsem lock;             /* guards vmas, brk, counters that follow them */
    struct spinlock table_lock;    /* guards page-table changes of this space */
    struct rb_root vmas;
    struct vma *cached_vma;        /* last one found */
    uint32_t vma_count;
    uint64_t mmap_top;             /* mappings are placed downward from here */
    uint64_t brk_start, brk;
    uint64_t code_start, code_end, data_start, data_end, stack_start;
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t total_pages, locked_pages; /* of mappings */
    int64_t resident_anon, resident_file; /* atomic */
    struct file *executable;       /* /proc/PID/exe */
    uint64_t auxv[48];             /* /proc/PID/auxv */
};

struct space *space_create(void); /* NULL: no memory */
void space_get(struct space *space);
void space_put(struct space *space);
/* A copy for fork: private pages become copy-on-write. NULL: no memory. May sleep. */
struct space *space_fork(struct space *parent);
/* Installs on the running task (exec). The old one is put. */
void space_install(struct space *space);

/* Linux prot/flags; `object_file` NULL for anonymous. Address or -errno. Takes the lock itself. */
int64_t space_map(struct space *space, uint64_t address, uint64_t length, uint32_t prot, uint32_t flags,
                  struct file *file, uint64_t offset);
int space_unmap(struct space *space, uint64_t address, uint64_t length);
int space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t prot);
struct vma *space_find(struct space *space, uint64_t address); /* first with end > address; lock held */
struct vma *vma_next(struct vma *vma);

/* Copies between the kernel and another process's memory (/proc/PID/cmdline, ptrace): bytes moved. */
int64_t space_read(struct space *space, uint64_t address, void *to, size_t size);

/* The kernel's half for a new top-level table lives in mm; vm asks the VFS for a file's object through this hook,
 * which the VFS sets at start-up: it checks the file's mode and fills *vma's object; 0 or -errno. */
struct vma_file_hooks {
    int (*map)(struct file *file, struct vma *vma);
    void (*get)(struct file *file);
    void (*put)(struct file *file);
};
void space_set_file_hooks(const struct vma_file_hooks *hooks);
