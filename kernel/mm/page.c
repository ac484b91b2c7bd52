/*
 * The buddy allocator (Knuth, TAOCP 1 §2.5), with a stack of single frames per CPU in front of it.
 *
 * A free block of 2^n frames starts at a multiple of 2^n; its buddy is the block whose number
 * differs in bit n. Splitting and merging never leave a block of 2^PAGE_ORDER_MAX frames, so every
 * struct page they look at exists, also where only part of such a block is RAM.
 *
 * Locks: buddy_lock guards the free lists, the `free` members and PAGE_FREE, PAGE_FRESH, order of
 * free pages. The per-CPU stacks are their CPU's own, with interrupts off.
 */
#define LOG_TAG "mm"
#include "kernel/mm/page.h"

#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/boot_memory.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"

#define LOW_END 0x100000000ull /* PAGE_ALLOC_LOW: what 32 address bits reach */
#define CPU_STACK_SIZE 64u
#define CPU_STACK_BATCH_ORDER 5u
#define CPU_STACK_BATCH (1u << CPU_STACK_BATCH_ORDER)

/* Programs leave this much to the kernel: 1/64 of memory within these bounds. */
#define RESERVE_SHIFT 6
#define RESERVE_MIN 64u
#define RESERVE_MAX 1024u

enum zone { ZONE_LOW, ZONE_HIGH, ZONE_COUNT };

DEFINE_LOCK_CLASS(buddy_class, "page allocator");
static struct spinlock buddy_lock = SPINLOCK_INIT(buddy_class);

static struct {
    struct list_node free[PAGE_ORDER_MAX + 1];
    uint64_t blocks[PAGE_ORDER_MAX + 1];
} zones[ZONE_COUNT]; /* [buddy_lock] */

static uint64_t buddy_free_pages; /* [buddy_lock] written; read anywhere */
static uint64_t managed_pages, user_reserve;
static bool ready;

struct cpu_stack {
    uint32_t count;
    struct page *pages[CPU_STACK_SIZE];
};
static DEFINE_PER_CPU(struct cpu_stack, cpu_stack);
DEFINE_PER_CPU(int64_t, anonymous_pages);

static enum zone page_zone(const struct page *page) {
    return page < phys_to_page(LOW_END) ? ZONE_LOW : ZONE_HIGH;
}

static void block_insert(struct page *page, unsigned order, uint32_t flags) {
    enum zone zone = page_zone(page);
    page->flags = PAGE_FREE | flags;
    page->order = (uint8_t)order;
    list_add(&page->u.free.node, &zones[zone].free[order]);
    zones[zone].blocks[order]++;
}

static void block_remove(struct page *page) {
    list_remove(&page->u.free.node);
    zones[page_zone(page)].blocks[page->order]--;
    page->flags &= ~(uint32_t)PAGE_FREE;
}

static struct page *buddy_of(const struct page *page, unsigned order) {
    uint64_t frame = page_to_phys(page) >> PAGE_SHIFT;
    return &page_array[frame ^ (1ull << order)];
}

/* A largest block leaves the state in which only its head is valid. */
static void block_settle(struct page *page) {
    if (!(page->flags & PAGE_FRESH))
        return;
    memset(page + 1, 0, ((1ull << PAGE_ORDER_MAX) - 1) * sizeof *page);
    page->flags &= ~(uint32_t)PAGE_FRESH;
}

static struct page *block_take(enum zone zone, unsigned order) {
    unsigned from = order;
    while (list_is_empty(&zones[zone].free[from]))
        if (++from > PAGE_ORDER_MAX)
            return NULL;
    struct page *page = list_first_entry(&zones[zone].free[from], struct page, u.free.node);
    block_remove(page);
    block_settle(page);
    while (from > order) {
        from--;
        block_insert(page + (1ull << from), from, 0);
    }
    buddy_free_pages -= 1ull << order;
    return page;
}

static void block_give(struct page *page, unsigned order) {
    buddy_free_pages += 1ull << order;
    while (order < PAGE_ORDER_MAX) {
        struct page *buddy = buddy_of(page, order);
        if (!(buddy->flags & PAGE_FREE) || buddy->order != order)
            break;
        block_remove(buddy);
        page->flags = 0;
        page = MIN(page, buddy);
        order++;
    }
    block_insert(page, order, 0);
}

/* ---- the per-CPU stacks; interrupts off ---- */

/* A block of the batch's size costs one split instead of one a frame. */
static bool cpu_stack_fill_block(struct cpu_stack *stack) {
    struct page *block = block_take(ZONE_HIGH, CPU_STACK_BATCH_ORDER);
    if (!block)
        block = block_take(ZONE_LOW, CPU_STACK_BATCH_ORDER);
    if (!block)
        return false;
    for (unsigned i = CPU_STACK_BATCH; i-- > 0;)
        stack->pages[stack->count++] = block + i;
    return true;
}

static void cpu_stack_fill(struct cpu_stack *stack) {
    spin_lock(&buddy_lock);
    bool filled = cpu_stack_fill_block(stack);
    while (!filled && stack->count < CPU_STACK_BATCH) {
        struct page *page = block_take(ZONE_HIGH, 0);
        if (!page)
            page = block_take(ZONE_LOW, 0);
        if (!page)
            break;
        stack->pages[stack->count++] = page;
    }
    spin_unlock(&buddy_lock);
}

static void cpu_stack_drain(struct cpu_stack *stack) {
    spin_lock(&buddy_lock);
    while (stack->count > CPU_STACK_SIZE - CPU_STACK_BATCH)
        block_give(stack->pages[--stack->count], 0);
    spin_unlock(&buddy_lock);
}

static struct page *single_take(void) {
    uint64_t flags = irq_save();
    struct cpu_stack *stack = this_cpu_ptr(cpu_stack);
    if (stack->count == 0)
        cpu_stack_fill(stack);
    struct page *page = stack->count > 0 ? stack->pages[--stack->count] : NULL;
    irq_restore(flags);
    return page;
}

static void single_give(struct page *page) {
    uint64_t flags = irq_save();
    struct cpu_stack *stack = this_cpu_ptr(cpu_stack);
    if (stack->count == CPU_STACK_SIZE)
        cpu_stack_drain(stack);
    stack->pages[stack->count++] = page;
    irq_restore(flags);
}

static struct page *block_take_locked(unsigned order, unsigned flags) {
    uint64_t irq = spin_lock_irqsave(&buddy_lock);
    struct page *page = flags & PAGE_ALLOC_LOW ? NULL : block_take(ZONE_HIGH, order);
    if (!page)
        page = block_take(ZONE_LOW, order);
    spin_unlock_irqrestore(&buddy_lock, irq);
    return page;
}

struct page *page_alloc(unsigned order, unsigned flags) {
    ASSERT(order <= PAGE_ORDER_MAX);
    if ((flags & PAGE_ALLOC_USER) && atomic_load_relaxed(&buddy_free_pages) < user_reserve)
        return NULL;
    struct page *page = order == 0 && !(flags & PAGE_ALLOC_LOW) ? single_take() : block_take_locked(order, flags);
    if (!page)
        return NULL;
    ASSERT(page->refcount == 0);
    page->flags = 0;
    page->order = (uint8_t)order;
    atomic_store_relaxed(&page->refcount, 1u);
    if (CONFIG_KASAN)
        kasan_unpoison(page_to_virt(page), PAGE_SIZE << order);
    if (flags & PAGE_ALLOC_ZERO)
        memset(page_to_virt(page), 0, PAGE_SIZE << order);
    return page;
}

/* The reference count is 0 already. */
static void frames_free(struct page *page, unsigned order) {
    ASSERT(!(page->flags & (PAGE_FREE | PAGE_RESERVED)));
    if (CONFIG_KASAN) {
        kasan_poison(page_to_virt(page), PAGE_SIZE << order, KASAN_FREE_PAGE);
        for (unsigned i = 0; i < 1u << order; i++)
            kasan_trace(page[i].freed_by, KASAN_PAGE_TRACE_DEPTH);
    }
    if (order == 0) {
        if (page->flags & PAGE_ANONYMOUS)
            this_cpu_add(anonymous_pages, -1);
        single_give(page);
        return;
    }
    uint64_t irq = spin_lock_irqsave(&buddy_lock);
    block_give(page, order);
    spin_unlock_irqrestore(&buddy_lock, irq);
}

void page_free(struct page *page, unsigned order) {
    uint32_t references = atomic_exchange(&page->refcount, 0u);
    ASSERT(references == 1);
    frames_free(page, order);
}

void page_put(struct page *page) {
    uint32_t references = atomic_fetch_sub(&page->refcount, 1u);
    ASSERT(references != 0);
    if (references == 1)
        frames_free(page, 0);
}

/* ---- boot ---- */

bool page_allocator_ready(void) {
    return ready;
}

bool phys_has_page(phys_addr_t phys) {
    for (size_t i = 0; i < ram_range_count; i++)
        if (phys < ram_ranges[i].end)
            return phys >= ram_ranges[i].start;
    return false;
}

struct page *page_zero_frame(void) {
    return phys_to_page(kernel_image_to_phys(zero_page));
}

/* Largest blocks that are free as a whole get only their head; the others all of their array. */
static void block_init(uint64_t block) {
    phys_addr_t start = block * PAGE_BLOCK_SIZE;
    struct page *head = phys_to_page(start);
    if (!boot_memory_is_free(start, start + PAGE_BLOCK_SIZE)) {
        memset(head, 0, sizeof *head << PAGE_ORDER_MAX);
        return;
    }
    *head = (struct page){0};
    block_insert(head, PAGE_ORDER_MAX, PAGE_FRESH);
    buddy_free_pages += 1ull << PAGE_ORDER_MAX;
}

static void blocks_init(void) {
    uint64_t done = 0;
    for (size_t i = 0; i < ram_range_count; i++) {
        uint64_t end = DIV_ROUND_UP(ram_ranges[i].end, PAGE_BLOCK_SIZE);
        for (uint64_t block = MAX(ram_ranges[i].start / PAGE_BLOCK_SIZE, done); block < end; block++)
            block_init(block);
        done = MAX(done, end);
    }
}

/* Frames of [start, end) outside whole free blocks, in the largest aligned pieces. */
static void range_give(phys_addr_t start, phys_addr_t end) {
    if (CONFIG_KASAN)
        kasan_poison(phys_to_virt(start), end - start, KASAN_FREE_PAGE);
    while (start < end) {
        unsigned order = MIN((unsigned)__builtin_ctzll(start >> PAGE_SHIFT), PAGE_ORDER_MAX);
        while (start + (PAGE_SIZE << order) > end)
            order--;
        /* A whole block was inserted by block_init. */
        if (order < PAGE_ORDER_MAX)
            block_give(phys_to_page(start), order);
        start += PAGE_SIZE << order;
    }
}

void page_init(void) {
    for (unsigned zone = 0; zone < ZONE_COUNT; zone++)
        for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
            list_init(&zones[zone].free[order]);
    blocks_init();
    boot_memory_release(range_give);
    page_zero_frame()->flags = PAGE_RESERVED;

    managed_pages = buddy_free_pages;
    user_reserve = MIN(MAX(managed_pages >> RESERVE_SHIFT, RESERVE_MIN), RESERVE_MAX);
    ready = true;
    struct page_stats stats;
    page_stats_read(&stats);
    log_info("%lu KiB of memory, %lu KiB free", (unsigned long)(stats.total_pages * (PAGE_SIZE / 1024)),
             (unsigned long)(stats.free_pages * (PAGE_SIZE / 1024)));
}

size_t page_cpu_bytes(void) {
    return sizeof(struct cpu_stack);
}

void page_stats_read(struct page_stats *stats) {
    *stats = (struct page_stats){.managed_pages = managed_pages, .reserve_pages = user_reserve};
    for (size_t i = 0; i < ram_range_count; i++)
        stats->total_pages += (ram_ranges[i].end - ram_ranges[i].start) >> PAGE_SHIFT;
    uint64_t flags = spin_lock_irqsave(&buddy_lock);
    stats->free_pages = buddy_free_pages;
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        stats->free_blocks[order] = zones[ZONE_LOW].blocks[order] + zones[ZONE_HIGH].blocks[order];
    spin_unlock_irqrestore(&buddy_lock, flags);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        stats->cpu_pages += atomic_load_relaxed(&per_cpu_ptr(cpu_stack, cpu)->count);
        stats->anonymous_pages += (uint64_t)atomic_load_relaxed(per_cpu_ptr(anonymous_pages, cpu));
    }
    stats->free_pages += stats->cpu_pages;
}
