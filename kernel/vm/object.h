/*
 * Memory objects: the page cache. A file's data, shared anonymous memory and ramfs files are each
 * one object: a tree of pages by index, plus the mappings that show it. read(), write(), mmap and
 * exec all use the same pages.
 *
 * Invariants
 *  1. A page is in at most one object; it holds one reference for being there.
 *  2. PAGE_UPTODATE is set before the page is visible to readers without PAGE_LOCKED.
 *  3. Truncation removes pages from the tree first, then from page tables.
 */
#pragma once

#include "kernel/mm/page.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "lib/radix.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"

struct vm_object;
struct vma;

struct object_ops {
    /* Fills a locked, not up-to-date page from the backing store; 0 or -errno. May sleep, but not wait for
     * the file's own lock: it is called in page faults, also those of a write() that holds it. NULL: zeros. */
    int (*fill)(struct vm_object *object, struct page *page);
    /* Writes a dirty page back; NULL: memory is the only store. May sleep. */
    int (*write)(struct vm_object *object, struct page *page);
    /* A program writes to a page through a shared mapping, for the first time since it was mapped or written back:
     * the file's times change. In page faults, also those of a write() that holds the file's lock. NULL: nothing. */
    void (*written)(struct vm_object *object);
    /* No reference, page or reader (RCU) is left. Frees the object, which may be part of something else; does not sleep. */
    void (*release)(struct vm_object *object);
};

struct vm_object {
    struct refcount refcount;
    const struct object_ops *ops;
    struct spinlock lock;      /* guards `pages`, page_count and their pages' u.cache.object */
    struct radix_tree pages;
    struct rwsem map_lock;     /* guards `mappings` */
    struct rb_root mappings;   /* interval tree of struct vma by index */
    uint64_t size_bytes;       /* accesses at or beyond it: SIGBUS, short read */
    uint64_t page_count;
    uint64_t promised_pages;   /* of anonymous memory */
    int32_t writable_mappings; /* of a file, shared, that may be or become writable; -1: none is allowed. Atomic */
    int error;                 /* last write-back error, reported once by fsync */
    void *owner;               /* the filesystem's: its inode */
    uint64_t identity;         /* 0: nobody has asked for it yet. Atomic */
    union {
        struct list_node reclaim_node; /* in the list of objects whose clean pages can be dropped */
        struct rcu_head rcu;           /* after the last reference: stat without references may still look */
    };
};

void object_cache_init(void); /* from space_init */

void object_init(struct vm_object *object, const struct object_ops *ops, void *owner);
/* Shared anonymous memory of which so much is promised (commit.h). NULL: no memory. */
struct vm_object *object_create_anonymous(uint64_t size_bytes, uint64_t promised_pages);
void object_get(struct vm_object *object);
void object_put(struct vm_object *object);
/* A number that no other object ever has, also after this one is gone. Any context. */
uint64_t object_identity(struct vm_object *object);

/* Counts a mapping that may write to the object: false if none is allowed any more. */
bool object_allow_writable(struct vm_object *object);
void object_end_writable(struct vm_object *object);
/* Allows no such mapping from now on: 0, or -EBUSY if there is one. */
int object_deny_writable(struct vm_object *object);

/* The up-to-date page at `index` with a reference, or ERR_PTR(-EIO, -ENOMEM). May sleep. */
struct page *object_page(struct vm_object *object, uint64_t index);
/* The same if it is there already, else NULL. Never sleeps. */
struct page *object_page_cached(struct vm_object *object, uint64_t index);
/*
 * The up-to-date cached pages among `first`... whose bits are set in `wanted`, each with a reference
 * in pages[its bit]; returns the bits found. Never sleeps.
 */
uint32_t object_pages_cached(struct vm_object *object, uint64_t first, uint32_t wanted, struct page **pages);
/* A page changed: object_sync is to write it back. Nothing for objects without a backing store. */
void object_mark_dirty(struct vm_object *object, struct page *page);
/* Inserts a page the caller prepared (ramfs in place); takes over the caller's reference. */
int object_insert_page(struct vm_object *object, uint64_t index, struct page *page);

/*
 * Reading and writing (object_io.c). Writers and truncation are serialised by the caller, with the
 * inode's lock; readers need nothing. Bytes moved (may be short at the end of the object), or
 * -EFAULT, -EIO, -ENOMEM if nothing was. May sleep.
 */
struct io_buffer;
int64_t object_read(struct vm_object *object, uint64_t offset, struct io_buffer *buffer);
/* Grows size_bytes as needed. */
int64_t object_write(struct vm_object *object, uint64_t offset, struct io_buffer *buffer);
/* Sets the size; frees and unmaps what lies beyond, zeroes the tail of the last page. */
int object_truncate(struct vm_object *object, uint64_t size_bytes);
/* Makes zeros of bytes [start, end), of an object that lives in memory only: whole pages become holes. */
void object_punch(struct vm_object *object, uint64_t start, uint64_t end);
/* The first page at `index` or above that is there (UINT64_MAX: none), or that is not. */
uint64_t object_next_data(struct vm_object *object, uint64_t index);
uint64_t object_next_hole(struct vm_object *object, uint64_t index);
/* Writes dirty pages of bytes [start, end) back; 0, or the first error since the last call. */
int object_sync(struct vm_object *object, uint64_t start, uint64_t end);
/* Reads pages ahead of use; errors show when the pages are used. */
void object_prefetch(struct vm_object *object, uint64_t first, uint64_t count);
/* Drops up to `count` clean pages that nobody maps and that can be read again; returns how many. */
uint64_t object_reclaim(uint64_t count);

/* For object_io.c: a page beyond the size is allowed (`extend`); takes a page out of the tree. */
struct page *object_page_for(struct vm_object *object, uint64_t index, bool extend);
void object_drop_pages(struct vm_object *object, uint64_t first);
void object_drop_range(struct vm_object *object, uint64_t first, uint64_t last);
void page_lock(struct page *page);
void page_unlock(struct page *page);
