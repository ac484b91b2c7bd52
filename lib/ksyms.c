/* Search in the table of function names: lib/ksyms.h. */
#include "lib/ksyms.h"

#include "lib/errno.h"
#include "lib/string.h"

struct view {
    const struct ksyms_entry *entries;
    uint32_t count;
    const char *names;
    uint32_t names_bytes;
};

/* Empty if the table is absent or damaged. */
static struct view open_table(const void *table, size_t nbytes) {
    const struct ksyms_header *header = table;
    if (nbytes < sizeof(*header) || header->magic != KSYMS_MAGIC)
        return (struct view){0};
    const struct ksyms_entry *entries = (const void *)(header + 1);
    size_t room = nbytes - sizeof(*header);
    if (header->count > room / sizeof(*entries) ||
        header->names_bytes > room - header->count * sizeof(*entries))
        return (struct view){0};
    const char *names = (const void *)(entries + header->count);
    if (header->names_bytes == 0 || names[header->names_bytes - 1] != '\0')
        return (struct view){0};
    return (struct view){entries, header->count, names, header->names_bytes};
}

static const char *name_of(const struct view *view, uint32_t index) {
    uint32_t offset = view->entries[index].name_offset;
    return offset < view->names_bytes ? view->names + offset : NULL;
}

const char *ksyms_lookup(const void *table, size_t nbytes, uint32_t text_offset, uint32_t *into) {
    struct view view = open_table(table, nbytes);
    uint32_t low = 0; /* entries below start at or before text_offset */
    uint32_t high = view.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (view.entries[middle].text_offset <= text_offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    *into = text_offset - view.entries[low - 1].text_offset;
    return name_of(&view, low - 1);
}

int ksyms_find(const void *table, size_t nbytes, const char *name, uint32_t *text_offset) {
    struct view view = open_table(table, nbytes);
    for (uint32_t i = 0; i < view.count; i++) {
        const char *candidate = name_of(&view, i);
        if (candidate && strcmp(candidate, name) == 0) {
            *text_offset = view.entries[i].text_offset;
            return 0;
        }
    }
    return -ENOENT;
}
