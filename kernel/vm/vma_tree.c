/*
 * The tree of mappings: a red-black tree by start address, augmented with the gap below each
 * mapping, so that a place for a new one is found in logarithmic time. Pure data structure.
 *
 * The summary of a subtree counts no gap as more than GAP_HUGE. New mappings mostly take from one gap, by far the
 * largest; all summaries above it would change each time. A request for more has few gaps to try: an address space
 * has room for 128 huge ones.
 */
#include "kernel/vm/vma.h"

#include "lib/assert.h"
#include "lib/atomic.h"

#define GAP_HUGE (1ull << 40)

static struct vma *vma_of(struct rb_node *node) {
    return node ? container_of(node, struct vma, node) : NULL;
}

static uint64_t subtree_gap(const struct rb_node *node) {
    return node ? container_of(node, const struct vma, node)->subtree_gap : 0;
}

static bool update_subtree_gap(struct rb_node *node) {
    struct vma *vma = vma_of(node);
    uint64_t below = MAX(subtree_gap(node->child[RB_LEFT]), subtree_gap(node->child[RB_RIGHT]));
    uint64_t old = vma->subtree_gap;

    vma->subtree_gap = MAX(MIN(vma->gap, GAP_HUGE), below);
    return vma->subtree_gap != old;
}

static const struct rb_augment gap_augment = {.update = update_subtree_gap};

static uint64_t guard_below(const struct vma *vma) {
    return vma->flags & VMA_GROWS_DOWN ? STACK_GUARD_GAP : 0;
}

/* The mapping below ends at `below`; 0: there is none. */
static void compute_gap(struct vma *vma, uint64_t below) {
    uint64_t room = vma->start - below, guard = guard_below(vma);

    vma->gap = room > guard ? room - guard : 0;
}

static void refresh_gap(struct vma *vma, uint64_t below) {
    compute_gap(vma, below);
    rb_update_path(&vma->node, &gap_augment);
}

static uint64_t end_of(const struct vma *vma) {
    return vma ? vma->end : 0;
}

struct vma *vma_next(const struct vma *vma) {
    return vma_of(rb_next(&vma->node));
}

struct vma *vma_prev(const struct vma *vma) {
    return vma_of(rb_prev(&vma->node));
}

struct vma *space_last(const struct space *space) {
    return vma_of(rb_last(&space->vmas));
}

void vma_tree_insert(struct space *space, struct vma *vma) {
    struct vma *next = space_find(space, vma->start);
    struct vma *prev = next ? vma_prev(next) : space_last(space);

    ASSERT(end_of(prev) <= vma->start && (!next || vma->end <= next->start));
    compute_gap(vma, end_of(prev));
    if (next && !next->node.child[RB_LEFT])
        rb_link_node(&vma->node, &next->node, &next->node.child[RB_LEFT]);
    else if (prev)
        rb_link_node(&vma->node, &prev->node, &prev->node.child[RB_RIGHT]);
    else
        rb_link_node(&vma->node, NULL, &space->vmas.top);
    rb_insert_augmented(&space->vmas, &vma->node, &gap_augment);
    if (next)
        refresh_gap(next, vma->end);
    space->vma_count++;
    space->cached_vma = vma; /* it is used soon */
}

void vma_tree_remove(struct space *space, struct vma *vma) {
    struct vma *next = vma_next(vma);

    if (next) /* before it loses the gap, so that the summaries above change once and not twice */
        refresh_gap(next, end_of(vma_prev(vma)));
    rb_erase_augmented(&space->vmas, &vma->node, &gap_augment);
    space->vma_count--;
    space->cached_vma = next; /* what was `vma` is in its gap */
}

void vma_tree_resize(struct vma *vma, uint64_t start, uint64_t end) {
    struct vma *prev = vma_prev(vma), *next = vma_next(vma);

    ASSERT(start < end && end_of(prev) <= start && (!next || end <= next->start));
    vma->space->cached_vma = end < vma->end ? next : vma; /* where what it lost, or is now, is looked for */
    if (start != vma->start) {
        vma->start = start;
        refresh_gap(vma, end_of(prev));
    }
    if (end != vma->end) {
        vma->end = end;
        if (next)
            refresh_gap(next, end);
    }
}

/*
 * The one looked for last is known to be the answer for the gap below it too. Readers share the cache: any vma it
 * names is valid, since none goes while the lock is held.
 */
struct vma *space_find(struct space *space, uint64_t address) {
    struct vma *found = atomic_load_relaxed(&space->cached_vma);

    if (found && found->start - found->gap <= address && address < found->end)
        return found;
    found = NULL;
    for (struct rb_node *node = space->vmas.top; node;) {
        struct vma *vma = vma_of(node);
        if (vma->end <= address) {
            node = node->child[RB_RIGHT];
            continue;
        }
        found = vma;
        if (vma->start <= address)
            break;
        node = node->child[RB_LEFT];
    }
    if (found)
        atomic_store_relaxed(&space->cached_vma, found);
    return found;
}

struct gap_request {
    uint64_t length, low, high;
};

/* The highest fit in the free range [start, end), or 0. */
static uint64_t fit(const struct gap_request *request, uint64_t start, uint64_t end) {
    start = MAX(start, request->low);
    end = MIN(end, request->high);
    return end >= start && end - start >= request->length ? end - request->length : 0;
}

/* A fit in the gap below one mapping, or 0. */
static uint64_t fit_below(const struct vma *vma, const struct gap_request *request) {
    if (vma->gap < request->length)
        return 0;
    uint64_t gap_end = vma->start - guard_below(vma);
    return fit(request, gap_end - vma->gap, gap_end);
}

/* Whether the gap below some mapping of the subtree may be large enough. */
static bool is_roomy(const struct rb_node *node, const struct gap_request *request) {
    return subtree_gap(node) >= MIN(request->length, GAP_HUGE);
}

/* The highest mapping of the subtree that may have a fit below it, as far as the summaries tell. */
static struct rb_node *highest_candidate(struct rb_node *node, const struct gap_request *request) {
    for (;;) {
        const struct vma *vma = vma_of(node);
        if (is_roomy(node->child[RB_RIGHT], request) && vma->end < request->high)
            node = node->child[RB_RIGHT];
        else if (vma->gap < request->length && is_roomy(node->child[RB_LEFT], request) && vma->start > request->low)
            node = node->child[RB_LEFT];
        else
            return node;
    }
}

/* The next one down, in this subtree or above it. */
static struct rb_node *lower_candidate(struct rb_node *node, const struct gap_request *request) {
    struct rb_node *parent = rb_parent(node);

    if (is_roomy(node->child[RB_LEFT], request) && vma_of(node)->start > request->low)
        return highest_candidate(node->child[RB_LEFT], request);
    while (parent && node == parent->child[RB_LEFT]) {
        node = parent;
        parent = rb_parent(node);
    }
    return parent;
}

uint64_t vma_tree_find_gap(const struct space *space, uint64_t length, uint64_t low, uint64_t high) {
    struct gap_request request = {.length = length, .low = low, .high = high};
    struct vma *last = space_last(space);
    uint64_t found = fit(&request, last ? last->end : 0, USER_ADDRESS_END);
    struct rb_node *node = !found && is_roomy(space->vmas.top, &request)
                               ? highest_candidate(space->vmas.top, &request) : NULL;

    for (; node && !found; node = lower_candidate(node, &request))
        found = fit_below(vma_of(node), &request);
    return found;
}
