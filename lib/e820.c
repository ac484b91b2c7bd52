/*
 * The sweep: round each entry to pages, cut the address space at every boundary, give
 * each piece the most restrictive type that covers it, join equal neighbours.
 */
#include "lib/e820.h"

unsigned e820_type_rank(uint32_t type) {
    switch (type) {
    case BOOT_MEM_USABLE:
        return 0;
    case BOOT_MEM_LOADER:
        return 1;
    case BOOT_MEM_RAMFS:
        return 2;
    case BOOT_MEM_KERNEL:
        return 3;
    case BOOT_MEM_FRAMEBUFFER:
        return 4;
    case BOOT_MEM_ACPI:
        return 5;
    case BOOT_MEM_NVS:
        return 6;
    case BOOT_MEM_BAD:
        return 8;
    default:
        return 7;
    }
}

const char *e820_type_name(uint32_t type) {
    switch ((enum boot_mem_type)type) {
    case BOOT_MEM_USABLE:
        return "usable";
    case BOOT_MEM_RESERVED:
        return "reserved";
    case BOOT_MEM_ACPI:
        return "acpi";
    case BOOT_MEM_NVS:
        return "nvs";
    case BOOT_MEM_BAD:
        return "bad";
    case BOOT_MEM_LOADER:
        return "loader";
    case BOOT_MEM_KERNEL:
        return "kernel";
    case BOOT_MEM_RAMFS:
        return "ramfs";
    case BOOT_MEM_FRAMEBUFFER:
        return "framebuffer";
    }
    return "unknown";
}

static uint32_t known_type(uint32_t type) {
    bool own = type >= BOOT_MEM_LOADER && type <= BOOT_MEM_FRAMEBUFFER;

    return own || (type >= BOOT_MEM_USABLE && type <= BOOT_MEM_BAD) ? type : BOOT_MEM_RESERVED;
}

/* Usable inward, everything else outward. False, and length 0, if nothing is left. */
static bool round_to_pages(struct boot_range *range) {
    uint64_t base = range->base, end = base;

    if (range->base < E820_ADDRESS_END)
        end = base + MIN(range->length, E820_ADDRESS_END - base);
    bool wraps = range->length > UINT64_MAX - base;

    range->length = 0;
    range->type = known_type(range->type);
    if (base == end || (wraps && range->type == BOOT_MEM_USABLE))
        return false;
    if (range->type == BOOT_MEM_USABLE) {
        base = ALIGN_UP(base, E820_PAGE);
        end = ALIGN_DOWN(end, E820_PAGE);
    } else {
        base = ALIGN_DOWN(base, E820_PAGE);
        end = ALIGN_UP(end, E820_PAGE);
    }
    if (base >= end)
        return false;
    range->base = base;
    range->length = end - base;
    return true;
}

/* The nearest boundary above `address`, or E820_ADDRESS_END. */
static uint64_t next_boundary(const struct boot_range *in, size_t count, uint64_t address) {
    uint64_t nearest = E820_ADDRESS_END;

    for (size_t i = 0; i < count; i++) {
        if (in[i].length == 0)
            continue;
        if (in[i].base > address)
            nearest = MIN(nearest, in[i].base);
        else if (in[i].base + in[i].length > address)
            nearest = MIN(nearest, in[i].base + in[i].length);
    }
    return nearest;
}

/* The most restrictive type at `address`, 0 if no entry covers it. */
static uint32_t type_at(const struct boot_range *in, size_t count, uint64_t address) {
    uint32_t type = 0;

    for (size_t i = 0; i < count; i++) {
        if (address < in[i].base || address - in[i].base >= in[i].length)
            continue;
        if (type == 0 || e820_type_rank(in[i].type) > e820_type_rank(type))
            type = in[i].type;
    }
    return type;
}

/* What a sanitised map may forget: that something is memory, and that something is none. */
static bool is_dispensable(const struct boot_range *entry) {
    return entry->type == BOOT_MEM_USABLE || entry->type == BOOT_MEM_RESERVED;
}

/* Index of the shortest dispensable entry; `count` if there is none. */
static size_t find_least(const struct boot_range *map, size_t count) {
    size_t least = count;

    for (size_t i = 0; i < count; i++) {
        if (is_dispensable(&map[i]) && (least == count || map[i].length < map[least].length))
            least = i;
    }
    return least;
}

static void remove_entry(struct boot_range *map, size_t *count, size_t index) {
    (*count)--;
    for (size_t i = index; i < *count; i++)
        map[i] = map[i + 1];
}

/* Adds a piece behind the others, joined to the last one where it continues it. */
static bool append(struct boot_range *out, size_t *count, size_t capacity,
                   struct boot_range piece) {
    struct boot_range *last = *count > 0 ? &out[*count - 1] : NULL;

    if (last && last->type == piece.type && last->base + last->length == piece.base) {
        last->length += piece.length;
        return true;
    }
    bool fits = *count < capacity;

    if (!fits) {
        size_t least = find_least(out, *count);

        if (least == *count || (is_dispensable(&piece) && piece.length <= out[least].length))
            return false;
        remove_entry(out, count, least);
    }
    out[(*count)++] = piece;
    return fits;
}

struct e820_result e820_sanitise(struct boot_range *in, size_t count, struct boot_range *out,
                                 size_t capacity) {
    struct e820_result result = {0, 0};

    for (size_t i = 0; i < count; i++)
        result.skipped += !round_to_pages(&in[i]);
    for (uint64_t address = 0, end; address < E820_ADDRESS_END; address = end) {
        uint32_t type = type_at(in, count, address);

        end = next_boundary(in, count, address);
        struct boot_range piece = {.base = address, .length = end - address, .type = type};

        if (type != 0 && !append(out, &result.count, capacity, piece))
            result.skipped++;
    }
    return result;
}

bool e820_covers(const struct boot_range *map, size_t count, uint64_t base, uint64_t length,
                 uint32_t type) {
    for (size_t i = 0; i < count; i++) {
        if (map[i].type == type && base >= map[i].base && base - map[i].base < map[i].length)
            return length <= map[i].length - (base - map[i].base);
    }
    return false;
}

uint64_t e820_find_top(const struct boot_range *map, size_t count, uint64_t length,
                       uint64_t floor, uint64_t ceiling) {
    for (size_t i = count; i-- > 0;) {
        if (map[i].type != BOOT_MEM_USABLE)
            continue;
        uint64_t base = MAX(map[i].base, floor);
        uint64_t end = MIN(map[i].base + map[i].length, ceiling);

        if (base < end && end - base >= length && ALIGN_DOWN(end - length, E820_PAGE) >= base)
            return ALIGN_DOWN(end - length, E820_PAGE);
    }
    return 0;
}

bool e820_touches_memory(const struct boot_range *map, size_t count, uint64_t base,
                         uint64_t length) {
    for (size_t i = 0; i < count; i++) {
        if (map[i].type != BOOT_MEM_RESERVED && map[i].base < base + length &&
            base < map[i].base + map[i].length)
            return true;
    }
    return false;
}

uint64_t e820_total(const struct boot_range *map, size_t count, uint32_t type) {
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += map[i].type == type ? map[i].length : 0;
    return total;
}
