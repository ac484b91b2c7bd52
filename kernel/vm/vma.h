/*
 * Mappings of a space: the tree and its changes. The space's lock is held for writing by callers
 * of everything that changes it.
 *
 * Invariants
 *  1. Mappings are page aligned, not empty, and do not overlap.
 *  2. vma->gap is the free room below it (less its guard gap if it grows down); subtree_gap the
 *     largest gap in the subtree of its node.
 *  3. A vma with an object is in object->mappings exactly while it is in the tree.
 */
#pragma once

#include "kernel/vm/space.h"

#define STACK_GUARD_GAP (256 * PAGE_SIZE) /* kept free below what grows down: Linux's stack_guard_gap */
#define VMA_COUNT_MAX 65530u              /* vm.max_map_count */

/* vma_tree.c: only the tree */
void vma_tree_insert(struct space *space, struct vma *vma);
void vma_tree_remove(struct space *space, struct vma *vma);
/* Moves the ends; the new range must still lie between the neighbours. */
void vma_tree_resize(struct vma *vma, uint64_t start, uint64_t end);
/* The highest free range of `length` bytes within [low, high); 0: there is none. */
uint64_t vma_tree_find_gap(const struct space *space, uint64_t length, uint64_t low, uint64_t high);

/* vma.c: with references, object and counters */
void vma_init(void);
struct vma *vma_create(struct space *space, uint64_t start, uint64_t end, uint32_t flags);
/* Asks the VFS for the file's object and keeps a reference on the file. `page_offset`: of the start, in pages. */
int vma_attach_file(struct vma *vma, struct file *file, uint64_t page_offset);
/* New shared memory, promised unless VMA_NO_RESERVE says not to: 0 or -ENOMEM. */
int vma_attach_shared_memory(struct vma *vma);
/* Not in the tree yet; takes its own references on object and file. NULL: no memory. */
struct vma *vma_copy(const struct vma *vma, struct space *space);
void vma_destroy(struct vma *vma);
/* A chain through free_next. Not with the space's lock held: closing a file may need other locks. */
void vma_destroy_chain(struct vma *dead);
void vma_link(struct vma *vma);
/* Links a copy that shows the same pages of the same object as `original`, which is in the tree of another space. */
void vma_link_copy(struct vma *copy, struct vma *original);
void vma_unlink(struct vma *vma);
void vma_resize(struct vma *vma, uint64_t start, uint64_t end);
void vma_set_flags(struct vma *vma, uint32_t flags);
/* Cuts so that no vma crosses `address`: 0 or -ENOMEM. */
int vma_split_at(struct space *space, uint64_t address);
/* Joins with equal neighbours; returns what it became part of. */
struct vma *vma_merge(struct vma *vma);

uint32_t vma_flags_from_prot(uint32_t prot);

static inline uint64_t vma_pages(const struct vma *vma) {
    return (vma->end - vma->start) >> PAGE_SHIFT;
}

/* Index in the object of the page at `address`. */
static inline uint64_t vma_object_index(const struct vma *vma, uint64_t address) {
    return vma->object_offset + ((address - vma->start) >> PAGE_SHIFT);
}

/* Pages of an object seen through here are written back, so the first write to each must be noticed. */
bool vma_tracks_dirty(const struct vma *vma);
