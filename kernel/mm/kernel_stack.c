/*
 * Kernel stacks: slots of twice a stack's size; the lower half of a slot stays unmapped, so running
 * off the end of a stack faults (and the double-fault stack tells why).
 *
 * A freed stack stays mapped and goes to the CPU's pool, then to a common one; only when that is full
 * are its frames given back. Its slot then is stale: other CPUs may still translate its addresses, to
 * which nothing refers any more. It is used again after all CPUs have been flushed, which happens when
 * there are many: slots further on would need page tables, which stay for ever.
 *
 * stack_lock guards slots, the common pool and the mappings.
 */
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/pte.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/vmap.h"
#include "kernel/sync/spinlock.h"
#include "lib/bitmap.h"
#include "lib/string.h"

#define SLOT_SIZE (2 * KERNEL_STACK_SIZE)
#define SLOT_COUNT 65536u
#define STACK_PAGES (KERNEL_STACK_SIZE / PAGE_SIZE)
#define CPU_POOL_SIZE 16u
#define COMMON_POOL_SIZE 64u
#define STALE_MANY 512u /* eight page tables' worth of slots */

_Static_assert(SLOT_SIZE * SLOT_COUNT <= VMAP_STACKS_SIZE, "the slots fit");

struct stack_pool {
    uint32_t count;
    void *stacks[CPU_POOL_SIZE];
};

DEFINE_LOCK_CLASS(stack_class, "kernel stacks");
static struct spinlock stack_lock = SPINLOCK_INIT(stack_class);
static uint64_t used_slots[BITMAP_WORDS(SLOT_COUNT)]; /* [stack_lock] */
static uint64_t stale_slots[BITMAP_WORDS(SLOT_COUNT)]; /* subset of used_slots [stack_lock] */
static uint32_t stale_count;                          /* [stack_lock] written; read anywhere */
static uint64_t mapped_stacks;                        /* [stack_lock] written; read anywhere */
static size_t next_slot;                              /* where to search from [stack_lock] */
static void *common_pool[COMMON_POOL_SIZE];           /* [stack_lock] */
static uint32_t common_count;                         /* [stack_lock] */

static DEFINE_PER_CPU(struct stack_pool, stack_pool); /* interrupts off */

static uint64_t slot_stack(size_t slot) {
    return VMAP_STACKS_BASE + slot * SLOT_SIZE + (SLOT_SIZE - KERNEL_STACK_SIZE);
}

static void free_frame(phys_addr_t phys) {
    page_free(phys_to_page(phys), 0);
}

/* stack_lock held. */
static void slot_release(size_t slot, size_t mapped_pages) {
    kernel_unmap_range(slot_stack(slot), mapped_pages * PAGE_SIZE, free_frame);
    if (cpu_count > 1) {
        bitmap_set(stale_slots, slot);
        stale_count++;
        return;
    }
    bitmap_clear(used_slots, slot);
    next_slot = MIN(next_slot, slot);
}

/* Makes the stale slots clean. No lock held; the conditions of cpu_call. */
static void clean_slots(void) {
    static uint64_t cleaned[BITMAP_WORDS(SLOT_COUNT)]; /* [clean_lock] */
    static uint32_t clean_lock;

    if (atomic_exchange(&clean_lock, 1u))
        return; /* somebody else is at it */
    uint64_t flags = spin_lock_irqsave(&stack_lock);
    memcpy(cleaned, stale_slots, sizeof cleaned);
    spin_unlock_irqrestore(&stack_lock, flags);
    kernel_flush_everywhere();
    flags = spin_lock_irqsave(&stack_lock);
    for (size_t i = 0; i < BITMAP_WORDS(SLOT_COUNT); i++) {
        used_slots[i] &= ~cleaned[i];
        stale_slots[i] &= ~cleaned[i];
        stale_count -= popcount64(cleaned[i]);
    }
    next_slot = 0;
    spin_unlock_irqrestore(&stack_lock, flags);
    atomic_store(&clean_lock, 0u);
}

/* stack_lock held. NULL: no memory, no slot. */
static void *slot_create(void) {
    size_t slot = bitmap_find_clear(used_slots, SLOT_COUNT, next_slot);
    if (slot == SLOT_COUNT)
        return NULL;
    bitmap_set(used_slots, slot);
    next_slot = slot + 1;
    for (size_t i = 0; i < STACK_PAGES; i++) {
        struct page *page = page_alloc(0, 0);
        if (page && kernel_map_range(slot_stack(slot) + i * PAGE_SIZE, page_to_phys(page), PAGE_SIZE,
                                     PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | pte_global | pte_nx, false) == 0)
            continue;
        if (page)
            page_free(page, 0);
        slot_release(slot, i);
        return NULL;
    }
    mapped_stacks++;
    return (void *)slot_stack(slot);
}

static void *stack_take(void) {
    void *stack;
    uint64_t flags = irq_save();
    struct stack_pool *pool = this_cpu_ptr(stack_pool);
    if (pool->count > 0) {
        stack = pool->stacks[--pool->count];
    } else {
        spin_lock(&stack_lock);
        stack = common_count > 0 ? common_pool[--common_count] : slot_create();
        spin_unlock(&stack_lock);
    }
    irq_restore(flags);
    return stack;
}

void *kernel_stack_alloc(void) {
    if (unlikely(atomic_load_relaxed(&stale_count) >= STALE_MANY))
        clean_slots();
    return stack_take();
}

void kernel_stack_free(void *stack) {
    uint64_t offset = (uintptr_t)stack - slot_stack(0);
    ASSERT(offset < VMAP_STACKS_SIZE && offset % SLOT_SIZE == 0);
    uint64_t flags = irq_save();
    struct stack_pool *pool = this_cpu_ptr(stack_pool);
    if (pool->count < CPU_POOL_SIZE) {
        pool->stacks[pool->count++] = stack;
        irq_restore(flags);
        return;
    }
    spin_lock(&stack_lock);
    if (common_count < COMMON_POOL_SIZE) {
        common_pool[common_count++] = stack;
    } else {
        slot_release(offset / SLOT_SIZE, STACK_PAGES);
        mapped_stacks--;
    }
    spin_unlock(&stack_lock);
    irq_restore(flags);
}

uint64_t kernel_stack_pages(void) {
    return atomic_load_relaxed(&mapped_stacks) * STACK_PAGES;
}

uint64_t kernel_stack_kept_pages(void) {
    uint64_t kept = atomic_load_relaxed(&common_count);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        kept += atomic_load_relaxed(&per_cpu_ptr(stack_pool, cpu)->count);
    return kept * STACK_PAGES;
}

bool kernel_stack_is_guard(uint64_t address) {
    uint64_t offset = address - VMAP_STACKS_BASE;
    return offset < VMAP_STACKS_SIZE && offset % SLOT_SIZE < SLOT_SIZE - KERNEL_STACK_SIZE;
}
