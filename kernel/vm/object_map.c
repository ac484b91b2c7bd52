/* The interval tree of an object's mappings: by first page index, augmented with the last one. */
#include "kernel/vm/object_map.h"

#include "kernel/vm/page_table.h"
#include "kernel/vm/vma.h"
#include "lib/assert.h"

static struct vma *vma_of(struct rb_node *node) {
    return container_of(node, struct vma, object_node);
}

static uint64_t last_index(const struct vma *vma) {
    return vma->object_offset + vma_pages(vma) - 1;
}

static bool update_subtree_end(struct rb_node *node) {
    struct vma *vma = vma_of(node);
    uint64_t end = last_index(vma), old = vma->object_subtree_end;

    for (unsigned side = 0; side < 2; side++) {
        if (node->child[side])
            end = MAX(end, vma_of(node->child[side])->object_subtree_end);
    }
    vma->object_subtree_end = end;
    return end != old;
}

static const struct rb_augment end_augment = {.update = update_subtree_end};

void object_map_add(struct vm_object *object, struct vma *vma) {
    struct rb_node **link = &object->mappings.top, *parent = NULL;

    while (*link) {
        parent = *link;
        link = &parent->child[vma->object_offset < vma_of(parent)->object_offset ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&vma->object_node, parent, link);
    rb_insert_augmented(&object->mappings, &vma->object_node, &end_augment);
}

/* As the first node right of `before`. */
void object_map_add_after(struct vm_object *object, struct vma *vma, struct vma *before) {
    struct rb_node *parent = &before->object_node;
    struct rb_node **link = &parent->child[RB_RIGHT];

    ASSERT(vma->object_offset == before->object_offset);
    for (; *link; link = &parent->child[RB_LEFT])
        parent = *link;
    rb_link_node(&vma->object_node, parent, link);
    rb_insert_augmented(&object->mappings, &vma->object_node, &end_augment);
}

void object_map_remove(struct vm_object *object, struct vma *vma) {
    rb_erase_augmented(&object->mappings, &vma->object_node, &end_augment);
}

struct map_walk {
    uint64_t first, last;
    void (*visit)(struct vma *vma, uint64_t first, uint64_t last);
};

static void walk_subtree(struct rb_node *node, const struct map_walk *walk) {
    if (!node || vma_of(node)->object_subtree_end < walk->first)
        return;
    struct vma *vma = vma_of(node);

    walk_subtree(node->child[RB_LEFT], walk);
    if (vma->object_offset > walk->last)
        return;
    if (last_index(vma) >= walk->first)
        walk->visit(vma, MAX(walk->first, vma->object_offset), MIN(walk->last, last_index(vma)));
    walk_subtree(node->child[RB_RIGHT], walk);
}

/* Calls visit for each mapping that shows a page in [first, last], clipped to it. May sleep. */
static void each_mapping(struct vm_object *object, uint64_t first, uint64_t last,
                         void (*visit)(struct vma *vma, uint64_t first, uint64_t last)) {
    struct map_walk walk = {.first = first, .last = last, .visit = visit};

    rwsem_read_lock(&object->map_lock);
    walk_subtree(object->mappings.top, &walk);
    rwsem_read_unlock(&object->map_lock);
}

static uint64_t address_of(const struct vma *vma, uint64_t index) {
    return vma->start + ((index - vma->object_offset) << PAGE_SHIFT);
}

static void unmap_visit(struct vma *vma, uint64_t first, uint64_t last) {
    table_unmap(vma->space, address_of(vma, first), address_of(vma, last + 1));
}

static void protect_visit(struct vma *vma, uint64_t first, uint64_t last) {
    if (vma->flags & VMA_SHARED)
        table_write_protect(vma->space, address_of(vma, first), address_of(vma, last + 1));
}

static void unmap_shown_visit(struct vma *vma, uint64_t first, uint64_t last) {
    table_unmap_shown(vma->space, address_of(vma, first), address_of(vma, last + 1));
}

void object_unmap_pages(struct vm_object *object, uint64_t first, uint64_t last, bool copies_too) {
    each_mapping(object, first, last, copies_too ? unmap_visit : unmap_shown_visit);
}

void object_protect_pages(struct vm_object *object, uint64_t first, uint64_t last) {
    each_mapping(object, first, last, protect_visit);
}
