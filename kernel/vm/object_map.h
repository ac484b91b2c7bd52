/*
 * The mappings of an object: an interval tree by page index, walked when pages must leave page
 * tables (truncation) or become read-only (write-back).
 */
#pragma once

#include "kernel/vm/object.h"
#include "kernel/vm/space.h"

/*
 * The object's map_lock is held for writing, from before a range leaves the tree until it is back: whoever
 * takes pages away must find every mapping that shows them.
 */
void object_map_add(struct vm_object *object, struct vma *vma);
/* The same beside one that begins at the same page of the object: needs no search. */
void object_map_add_after(struct vm_object *object, struct vma *vma, struct vma *before);
void object_map_remove(struct vm_object *object, struct vma *vma);

/* Takes pages [first, last] out of all page tables; `copies_too`: those that programs made of them, too. */
void object_unmap_pages(struct vm_object *object, uint64_t first, uint64_t last, bool copies_too);
/* Write-protects them everywhere, so that the next write to each is noticed. */
void object_protect_pages(struct vm_object *object, uint64_t first, uint64_t last);
