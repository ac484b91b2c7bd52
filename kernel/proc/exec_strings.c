/* Collecting argument and environment strings. See exec_image.h. */
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/exec_image.h"
#include "kernel/task/rlimit.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Where strings start in the first page: below are the stack pointer's page and the pointers to them. */
#define STRINGS_OFFSET 2048u
/* linux/binfmts.h: one string; execve(2): all of them. */
#define STRING_MAX (128u << 10)
#define TOTAL_MIN (128u << 10)
#define TOTAL_MAX (6u << 20)

int exec_strings_init(struct exec_strings *strings) {
    uint64_t quarter = rlimit_current(RLIMIT_STACK) / 4;

    memset(strings, 0, sizeof *strings);
    strings->end = STRINGS_OFFSET;
    strings->limit = STRINGS_OFFSET + MAX(MIN(quarter, (uint64_t)TOTAL_MAX), (uint64_t)TOTAL_MIN);
    strings->page_capacity = 8;
    strings->capacity = 64;
    strings->pages = kcalloc(strings->page_capacity, sizeof *strings->pages);
    strings->offsets = kcalloc(strings->capacity, sizeof *strings->offsets);
    return strings->pages && strings->offsets ? 0 : -ENOMEM;
}

void exec_strings_free(struct exec_strings *strings) {
    for (uint32_t i = 0; i < strings->page_count; i++)
        page_put(strings->pages[i]);
    strings->page_count = 0;
    kfree(strings->pages);
    kfree(strings->offsets);
    strings->pages = NULL;
    strings->offsets = NULL;
}

/* Doubles an array of elements of `size` bytes; NULL and unchanged if memory is short. */
static void *grow(void *array, uint32_t *capacity, size_t size) {
    void *larger = krealloc(array, *capacity * 2 * size);

    if (larger)
        *capacity *= 2;
    return larger;
}

/* The memory at `end`, and how much of its page is left. NULL: no memory. */
static char *room_at_end(struct exec_strings *strings, size_t *room) {
    size_t offset = strings->end & (PAGE_SIZE - 1);
    uint64_t index = strings->end >> PAGE_SHIFT;

    if (index == strings->page_count) {
        if (strings->page_count == strings->page_capacity) {
            struct page **larger = grow(strings->pages, &strings->page_capacity, sizeof *larger);
            if (!larger)
                return NULL;
            strings->pages = larger;
        }
        struct page *page = page_alloc(0, PAGE_ALLOC_USER | PAGE_ALLOC_ZERO);
        if (!page)
            return NULL;
        strings->pages[strings->page_count++] = page;
    }
    *room = PAGE_SIZE - offset;
    return (char *)page_to_virt(strings->pages[index]) + offset;
}

static int start_string(struct exec_strings *strings) {
    if (strings->count == strings->capacity) {
        uint32_t *larger = grow(strings->offsets, &strings->capacity, sizeof *larger);
        if (!larger)
            return -ENOMEM;
        strings->offsets = larger;
    }
    strings->offsets[strings->count++] = (uint32_t)strings->end;
    return 0;
}

/* Bytes of the string without its NUL, or -ENAMETOOLONG if it does not fit in `size`. */
static int64_t copy_piece(char *to, const char *from, size_t size, bool kernel) {
    if (!kernel)
        return copy_string_from_user(to, from, size);
    size_t length = strnlen(from, size);
    memcpy(to, from, length == size ? size : length + 1);
    return length == size ? -ENAMETOOLONG : (int64_t)length;
}

int exec_strings_add(struct exec_strings *strings, const char *text, bool kernel) {
    uint64_t start = strings->end;
    int error = start_string(strings);

    while (!error) {
        size_t room;
        char *to = room_at_end(strings, &room);
        if (!to)
            return -ENOMEM;
        int64_t length = copy_piece(to, text, room, kernel);
        bool ended = length >= 0;
        if (!ended && length != -ENAMETOOLONG)
            return -EFAULT;
        strings->end += ended ? (uint64_t)length + 1 : room;
        text += room;
        if (strings->end - start > STRING_MAX || strings->end > strings->limit)
            return -E2BIG;
        if (ended)
            return 0;
    }
    return error;
}

int exec_strings_add_bytes(struct exec_strings *strings, const void *bytes, size_t size) {
    const char *from = bytes;
    int error = start_string(strings);

    while (!error && size > 0) {
        size_t room;
        char *to = room_at_end(strings, &room);
        if (!to)
            return -ENOMEM;
        size_t piece = MIN(room, size);
        memcpy(to, from, piece);
        strings->end += piece;
        from += piece;
        size -= piece;
    }
    return error;
}

static int read_pointer(const struct string_vector *vector, uint64_t index, const char **pointer) {
    const char *const *pointers = vector->pointers;

    if (!vector->kernel)
        return get_user(*pointer, &pointers[index]);
    *pointer = pointers[index];
    return 0;
}

int64_t exec_strings_add_vector(struct exec_strings *strings, const struct string_vector *vector, uint64_t first) {
    uint64_t index = 0;

    if (!vector->pointers)
        return 0;
    for (;; index++) {
        const char *text;
        int error = read_pointer(vector, index, &text);
        if (error)
            return error;
        if (!text)
            return index > first ? (int64_t)(index - first) : 0;
        if (index >= first) {
            strings->limit -= MIN(strings->limit, sizeof text); /* pointers count, as on Linux */
            error = exec_strings_add(strings, text, vector->kernel);
        }
        if (error)
            return error;
    }
}
