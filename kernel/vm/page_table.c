/* Page tables: looking up, making, changing ranges. See page_table.h. */
#include "kernel/vm/page_table.h"

#include "kernel/vm/tlb.h"
#include "kernel/vm/vma.h"
#include "lib/assert.h"
#include "lib/errno.h"

static pte_t *table_of(pte_t entry) {
    return phys_to_virt(pte_phys(entry));
}

pte_t *table_find(struct space *space, uint64_t address) {
    pte_t *table = phys_to_virt(space->mmu.root_phys);

    for (unsigned level = PTE_LEVELS; level > 1; level--) {
        pte_t entry = atomic_load(&table[pte_index(address, level)]);
        if (!(entry & PTE_PRESENT))
            return NULL;
        table = table_of(entry);
    }
    return &table[pte_index(address, 1)];
}

/* Hangs a new table at `slot` unless another thread does it first; the entry that is there then, or 0. */
static pte_t add_table(struct space *space, pte_t *slot) {
    struct page *page = page_table_alloc(PAGE_ALLOC_USER);
    pte_t found = 0;

    if (!page)
        return 0;
    pte_t entry = page_to_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    if (!atomic_compare_exchange(slot, &found, entry)) {
        page_table_free(page);
        return found;
    }
    atomic_fetch_add(&space->table_pages, 1);
    return entry;
}

pte_t *table_make(struct space *space, uint64_t address) {
    pte_t *table = phys_to_virt(space->mmu.root_phys);

    ASSERT(address < USER_ADDRESS_END);
    for (unsigned level = PTE_LEVELS; level > 1; level--) {
        pte_t *slot = &table[pte_index(address, level)];
        pte_t entry = atomic_load(slot);
        if (unlikely(!(entry & PTE_PRESENT))) {
            entry = add_table(space, slot);
            if (!entry)
                return NULL;
        }
        table = table_of(entry);
    }
    return &table[pte_index(address, 1)];
}

/* Execute-only and write-only cannot be expressed: any access makes the page readable (SDM 3A §4.6.1). */
pte_t table_bits(uint32_t vma_flags) {
    pte_t bits = PTE_USER | PTE_ACCESSED;

    bits |= vma_flags & VMA_ACCESS ? PTE_PRESENT : PTE_BARRED;
    if (!(vma_flags & VMA_EXECUTE))
        bits |= pte_nx;
    if (vma_flags & VMA_UNCACHED)
        bits |= PTE_UNCACHED;
    return bits;
}

/*
 * For walks over a range: the entry of *address, after moving it past stretches without a leaf
 * table; NULL at `end`. *limit: how far this table goes.
 */
static pte_t *next_leaf(struct space *space, uint64_t *address, uint64_t end, uint64_t *limit) {
    while (*address < end) {
        pte_t *table = phys_to_virt(space->mmu.root_phys);
        unsigned level;
        for (level = PTE_LEVELS; level > 1; level--) {
            pte_t entry = atomic_load(&table[pte_index(*address, level)]);
            if (!(entry & PTE_PRESENT))
                break;
            table = table_of(entry);
        }
        if (level == 1) {
            *limit = MIN(end, ALIGN_DOWN(*address, LEAF_SPAN) + LEAF_SPAN);
            return &table[pte_index(*address, 1)];
        }
        *address = ALIGN_DOWN(*address, pte_span(level)) + pte_span(level);
    }
    return NULL;
}

/* The space's own: private memory, and copies of what an object shows. */
static bool is_own_page(pte_t entry) {
    return !(entry & PTE_UNCOUNTED) && (phys_to_page(pte_phys(entry))->flags & PAGE_ANONYMOUS);
}

static inline __attribute__((always_inline)) void unmap_pages(struct tlb_gather *gather, uint64_t start, uint64_t end,
                                                              bool keep_own) {
    uint64_t limit;
    pte_t *pte;

    while ((pte = next_leaf(gather->space, &start, end, &limit)) != NULL) {
        for (; start < limit; start += PAGE_SIZE, pte++) {
            if (!*pte || (keep_own && is_own_page(*pte)))
                continue;
            pte_t entry = atomic_exchange(pte, 0);
            tlb_gather_page(gather, start,
                            entry & PTE_UNCOUNTED ? NULL : phys_to_page(pte_phys(entry)));
        }
    }
}

static void unmap_locked(struct tlb_gather *gather, uint64_t start, uint64_t end) {
    unmap_pages(gather, start, end, false);
}

void table_unmap_shown(struct space *space, uint64_t start, uint64_t end) {
    struct tlb_gather gather;

    tlb_gather_begin(&gather, space);
    spin_lock(&space->table_lock);
    unmap_pages(&gather, start, end, true);
    tlb_gather_end(&gather);
    spin_unlock(&space->table_lock);
}

void table_unmap(struct space *space, uint64_t start, uint64_t end) {
    struct tlb_gather gather;

    tlb_gather_begin(&gather, space);
    spin_lock(&space->table_lock);
    unmap_locked(&gather, start, end);
    tlb_gather_end(&gather);
    spin_unlock(&space->table_lock);
}

struct hole {
    uint64_t floor, ceiling; /* nothing is mapped between */
};

/* Unhooks the tables below `table` (of `level`) that serve [start, end) and nothing outside the hole. */
static void unhook_tables(struct tlb_gather *gather, pte_t *table, unsigned level, uint64_t start,
                          uint64_t end, const struct hole *hole) {
    uint64_t span = pte_span(level), next;

    for (; start < end; start = next) {
        pte_t *slot = &table[pte_index(start, level)];
        uint64_t region = ALIGN_DOWN(start, span);
        next = MIN(end, region + span);
        if (!(*slot & PTE_PRESENT))
            continue;
        if (level > 2)
            unhook_tables(gather, table_of(*slot), level - 1, start, next, hole);
        if (region < hole->floor || region + span > hole->ceiling)
            continue;
        struct page *child = phys_to_page(pte_phys(*slot));
        atomic_store(slot, 0);
        tlb_gather_table(gather, start, child);
        atomic_fetch_sub(&gather->space->table_pages, 1);
    }
}

void table_release(struct space *space, uint64_t start, uint64_t end, uint64_t floor, uint64_t ceiling) {
    struct hole hole = {.floor = floor, .ceiling = ceiling};
    struct tlb_gather gather;

    tlb_gather_begin(&gather, space);
    spin_lock(&space->table_lock);
    unmap_locked(&gather, start, end);
    unhook_tables(&gather, phys_to_virt(space->mmu.root_phys), PTE_LEVELS, start, end, &hole);
    tlb_gather_end(&gather);
    spin_unlock(&space->table_lock);
}

/* True if a table of the lowest level serves pages of both. */
static bool share_leaf(const struct vma *vma, const struct vma *next) {
    return next && ALIGN_DOWN(next->start, LEAF_SPAN) < vma->end;
}

/*
 * In ascending order: what lies below a mapping is gone already, so only the next one can share its tables.
 * Mappings that share one are looked through together.
 */
void table_release_all(struct space *space) {
    struct vma *vma = space_find(space, 0), *next;
    uint64_t start = vma ? vma->start : 0, unmap_start = start;
    struct tlb_gather gather;

    tlb_gather_begin(&gather, space);
    spin_lock(&space->table_lock);
    for (; vma; vma = next) {
        next = vma_next(vma);
        bool go_on = share_leaf(vma, next);
        if (go_on && next->start == vma->end)
            continue;
        unmap_locked(&gather, unmap_start, vma->end);
        unmap_start = next ? next->start : 0;
        if (go_on)
            continue;
        struct hole hole = {.floor = 0, .ceiling = next ? next->start : USER_ADDRESS_END + PAGE_SIZE};
        unhook_tables(&gather, phys_to_virt(space->mmu.root_phys), PTE_LEVELS, start, vma->end, &hole);
        start = next ? next->start : 0;
    }
    tlb_gather_end(&gather);
    spin_unlock(&space->table_lock);
}

/* The CPU may set accessed and dirty bits meanwhile: exchange, and keep what it had set. */
static void replace_bits(pte_t *pte, pte_t clear, pte_t set) {
    pte_t entry = atomic_load_relaxed(pte);

    while (!atomic_compare_exchange(pte, &entry, (entry & ~clear) | set)) {
    }
}

static void change_range(struct space *space, uint64_t start, uint64_t end, pte_t clear, pte_t set) {
    uint64_t limit, address = start;
    bool changed = false;
    pte_t *pte;

    spin_lock(&space->table_lock);
    while ((pte = next_leaf(space, &address, end, &limit)) != NULL) {
        for (; address < limit; address += PAGE_SIZE, pte++) {
            if (!*pte)
                continue;
            replace_bits(pte, clear, set);
            changed = true;
        }
    }
    if (changed)
        tlb_flush_range(space, start, end);
    spin_unlock(&space->table_lock);
}

/* Write permission is never given here: the next write faults, and the fault knows what it takes. */
void table_protect(struct space *space, uint64_t start, uint64_t end, uint32_t vma_flags) {
    pte_t keep_write = vma_flags & VMA_WRITE ? 0 : PTE_WRITE;

    change_range(space, start, end, PTE_PRESENT | PTE_BARRED | keep_write | PTE_NX, table_bits(vma_flags));
}

void table_write_protect(struct space *space, uint64_t start, uint64_t end) {
    change_range(space, start, end, PTE_WRITE, 0);
}

/* Shares one private page; what the object or the zero page can provide again is left out. */
static bool share_page(pte_t *from, pte_t *to) {
    pte_t entry = *from;
    struct page *page = phys_to_page(pte_phys(entry));

    if (entry & PTE_UNCOUNTED || page->flags & PAGE_OBJECT)
        return false;
    if (entry & PTE_WRITE) {
        replace_bits(from, PTE_WRITE, 0);
        entry &= ~PTE_WRITE;
    }
    page_get(page);
    *to = entry;
    return true;
}

/* The child is not visible to anyone yet, so only the parent's table_lock is needed. */
int table_copy(struct space *child, struct space *parent, const struct vma *vma) {
    uint64_t address = vma->start, limit;
    int64_t copied = 0;
    int error = 0;
    pte_t *from;

    while ((from = next_leaf(parent, &address, vma->end, &limit)) != NULL) {
        pte_t *to = table_make(child, address);
        if (!to) {
            error = -ENOMEM;
            break;
        }
        spin_lock(&parent->table_lock);
        for (; address < limit; address += PAGE_SIZE, from++, to++)
            if (*from && share_page(from, to))
                copied++;
        spin_unlock(&parent->table_lock);
    }
    child->resident_anon += copied;
    return error;
}

/* Moves the entries of one leaf table's worth of addresses. */
static int move_leaf(struct space *space, pte_t *from, uint64_t from_address, uint64_t to_address,
                     uint64_t limit) {
    for (; from_address < limit; from_address += PAGE_SIZE, to_address += PAGE_SIZE, from++) {
        if (!*from)
            continue;
        pte_t *to = table_make(space, to_address);
        if (!to)
            return -ENOMEM;
        spin_lock(&space->table_lock);
        ASSERT(*to == 0);
        atomic_store(to, atomic_exchange(from, 0));
        spin_unlock(&space->table_lock);
    }
    return 0;
}

int table_move(struct space *space, uint64_t from, uint64_t to, uint64_t length) {
    uint64_t address = from, limit;
    int error = 0;
    pte_t *pte;

    while (!error && (pte = next_leaf(space, &address, from + length, &limit)) != NULL) {
        error = move_leaf(space, pte, address, to + (address - from), limit);
        address = limit;
    }
    tlb_flush_range(space, from, from + length);
    return error;
}
