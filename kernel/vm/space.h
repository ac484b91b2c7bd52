/*
 * Address spaces and their mappings. Page tables are the truth for anonymous memory: there are no
 * shadow objects and no swap. `lock` (rwsem): writers change the mapping tree, readers fault.
 */
#pragma once

#include "kernel/arch/context.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"

struct file;
struct page;
struct vm_object;
struct space;

enum vma_flag {
    VMA_READ = 1u << 0, VMA_WRITE = 1u << 1, VMA_EXECUTE = 1u << 2, VMA_SHARED = 1u << 3,
    VMA_MAY_READ = 1u << 4, VMA_MAY_WRITE = 1u << 5, VMA_MAY_EXECUTE = 1u << 6,
    VMA_GROWS_DOWN = 1u << 7, VMA_LOCKED = 1u << 8, VMA_DONT_FORK = 1u << 9, VMA_NO_RESERVE = 1u << 10,
    VMA_HEAP = 1u << 11, VMA_STACK = 1u << 12,
    VMA_SPECIAL = 1u << 13,      /* frames not counted, as device memory: object_offset is the first one's number */
    VMA_WIPE_ON_FORK = 1u << 14, /* the child sees zeros */
    VMA_UNCACHED = 1u << 15,     /* with VMA_SPECIAL */
    VMA_ACCOUNT = 1u << 17,      /* its pages are promised: commit.h */
    VMA_VDSO = 1u << 16,         /* with VMA_SPECIAL: frames of the kernel image, the vDSO's code or its data */
    VMA_LOCK_ON_FAULT = 1u << 18, /* with VMA_LOCKED: its pages come when they are used */
};
#define VMA_ACCESS (VMA_READ | VMA_WRITE | VMA_EXECUTE)
#define VMA_LOCK (VMA_LOCKED | VMA_LOCK_ON_FAULT)

/* asm-generic/mman-common.h, asm-generic/mman.h, asm/mman.h */
enum map_protection { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, PROT_SEM = 8, PROT_GROWSDOWN = 0x01000000 };
enum map_flag {
    MAP_SHARED = 0x1, MAP_PRIVATE = 0x2, MAP_SHARED_VALIDATE = 0x3, MAP_TYPE = 0xf, MAP_FIXED = 0x10,
    MAP_ANONYMOUS = 0x20, MAP_32BIT = 0x40, MAP_GROWSDOWN = 0x100, MAP_DENYWRITE = 0x800,
    MAP_EXECUTABLE = 0x1000, MAP_LOCKED = 0x2000, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000,
    MAP_NONBLOCK = 0x10000, MAP_STACK = 0x20000, MAP_HUGETLB = 0x40000, MAP_FIXED_NOREPLACE = 0x100000,
};
enum remap_flag { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MREMAP_DONTUNMAP = 4 };

struct vma {
    struct rb_node node;         /* in space->vmas, by start: keep first */
    struct rb_node object_node;  /* in object->mappings */
    struct space *space;
    struct vma *free_next;       /* chain of unmapped ones */
    uint64_t start, end;         /* page aligned, [start, end) */
    uint64_t gap;                /* free bytes before start (augmented: largest in subtree) */
    uint64_t subtree_gap;
    uint64_t object_subtree_end; /* interval tree */
    uint32_t flags;              /* enum vma_flag */
    bool has_copies;             /* private mapping of an object: some pages are private copies */
    uint16_t policy;             /* of mbind(2), as kernel/sys/mempolicy.c has it; 0: none */
    struct vm_object *object;    /* referenced; NULL: private anonymous */
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
    uint64_t brk_start, brk;       /* heap: bytes, not rounded */
    uint64_t code_start, code_end, data_start, data_end, stack_start;
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t total_pages, locked_pages, data_pages; /* of mappings; data: private and writable */
    uint64_t promised_pages;       /* commit.h */
    int64_t resident_anon, resident_file, table_pages; /* atomic; pages */
    int64_t resident_peak;         /* pages, at the last moment before some were taken out [table_lock] */
    uint64_t total_peak;           /* pages of mappings */
    uint32_t lock_future;          /* mlockall(MCL_FUTURE): of VMA_LOCK, what new mappings get */
    bool no_huge_pages;            /* prctl(PR_SET_THP_DISABLE): kept, and told */
    uint32_t membarrier_commands;  /* registered by membarrier(2); atomic */
    struct file *executable;       /* /proc/PID/exe */
    uint64_t auxv[48];             /* /proc/PID/auxv */
    struct rcu_head rcu;
};

void space_init(void); /* at boot, after the slab allocator */
struct space *space_create(void); /* NULL: no memory */
void space_get(struct space *space);
/* With the last reference everything is freed; the running thread leaves its page tables first. May sleep. */
void space_put(struct space *space);
/* A copy for fork: private pages become copy-on-write. NULL: no memory. May sleep. */
struct space *space_fork(struct space *parent);
/* The most pages that were ever resident. */
static inline int64_t space_resident_peak(const struct space *space) {
    return MAX(space->resident_peak, space->resident_anon + space->resident_file);
}
/* Installs on the running task (exec), taking over the reference; NULL at exit. The old one is put. */
void space_install(struct space *space);
/* Sets what /proc/PID/exe shows, with a reference of its own; NULL: nothing. */
void space_set_executable(struct space *space, struct file *file);

/*
 * The calls below take the lock themselves and may sleep. Lengths are bytes, rounded up to pages.
 * Linux prot and flags; `file` NULL for anonymous. Address or -errno.
 */
int64_t space_map(struct space *space, uint64_t address, uint64_t length, uint32_t prot, uint32_t flags,
                  struct file *file, uint64_t offset);
int space_unmap(struct space *space, uint64_t address, uint64_t length);
int space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t prot);
int64_t space_remap(struct space *space, uint64_t old_address, uint64_t old_length, uint64_t new_length,
                    uint32_t flags, uint64_t new_address);
/* A part of a shared mapping shows its object from page `page_index` on: 0, -EINVAL, -EOVERFLOW, -ENOMEM. */
int space_show_other_pages(struct space *space, uint64_t start, uint64_t length, uint64_t page_index);
/* The new end of the heap, or the old one if it cannot be moved to `brk` (as brk(2)). */
uint64_t space_brk(struct space *space, uint64_t brk);
int space_advise(struct space *space, uint64_t address, uint64_t length, int advice);
/* A dying process's memory: what is its own alone is freed before it gets to that itself. */
void space_reap(struct space *space);
int space_sync(struct space *space, uint64_t address, uint64_t length, int flags);
/* The policy of what is mapped in [start, end), page aligned: 0, -EFAULT (a hole: nothing done), -ENOMEM. */
int space_set_policy(struct space *space, uint64_t start, uint64_t end, uint16_t policy);
/* That of the mapping at `address`, or -EFAULT. */
int space_policy(struct space *space, uint64_t address);
/* `residency`: one byte a page, 1 if it is in memory. */
int space_residency(struct space *space, uint64_t address, uint64_t page_count, uint8_t *residency);
/* `lock`: what of VMA_LOCK the mappings have from now on; 0 unlocks. */
int space_lock_range(struct space *space, uint64_t address, uint64_t length, uint32_t lock);
int space_lock_all(struct space *space, bool current_mappings, bool future_mappings, uint32_t lock);
/* Faults every page in (POPULATE_OWN: not those locked on fault), an error ends it: 0, -ENOMEM (also: a hole), -EACCES, -EIO. */
enum populate { POPULATE_READ, POPULATE_WRITE, POPULATE_OWN /* as if written where memory is private */ };
int space_populate(struct space *space, uint64_t start, uint64_t end, enum populate how);
/* Maps a prepared page into private anonymous memory that was not touched yet; takes over the reference
 * if it succeeds. 0 or -ENOMEM. The space is not in use yet (exec). */
int space_insert_page(struct space *space, uint64_t address, struct page *page);

struct vma *space_find(struct space *space, uint64_t address); /* first with end > address; lock held */
struct vma *space_last(const struct space *space); /* the highest; NULL: none. Lock held */
struct vma *vma_next(const struct vma *vma);
struct vma *vma_prev(const struct vma *vma);

/* The frame behind `address`, faulted in, with a reference; NULL if it cannot be had. */
struct page *space_page(struct space *space, uint64_t address, bool write);
/* Copies between the kernel and another process's memory (/proc/PID/cmdline, ptrace, exec): bytes moved. */
int64_t space_read(struct space *space, uint64_t address, void *to, size_t size);
int64_t space_write(struct space *space, uint64_t address, const void *from, size_t size);

/*
 * How vm reaches files without knowing them; the VFS sets this at start-up. `map` checks what the
 * file can do and sets vma->object with a reference (NULL makes the mapping private anonymous, as
 * for /dev/zero), or VMA_SPECIAL; it clears VMA_MAY_ flags that the file's mode forbids. 0 or -errno.
 */
struct vma_file_hooks {
    int (*map)(struct file *file, struct vma *vma);
    void (*get)(struct file *file);
    void (*put)(struct file *file);
    /* The program of one more space, which nobody may write to (exec sees to the first), or of one less. */
    void (*execute)(struct file *file, bool begin);
    /* Makes a hole of the bytes: madvise(MADV_REMOVE). No lock of the space held. */
    int (*punch)(struct file *file, uint64_t offset, uint64_t length);
};
const struct vma_file_hooks *space_file_hooks(void);
void space_set_file_hooks(const struct vma_file_hooks *hooks);
