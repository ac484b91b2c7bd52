/* read, write, truncate and sync of memory objects. */
#include "kernel/vm/counts.h"
#include "kernel/vm/io_buffer.h"
#include "kernel/vm/object.h"
#include "kernel/vm/object_map.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* The part of a transfer that lies in one page. */
struct piece {
    uint64_t index;
    size_t offset, size;
};

static struct piece next_piece(uint64_t position, uint64_t remaining) {
    struct piece piece = {.index = position >> PAGE_SHIFT, .offset = position & (PAGE_SIZE - 1)};

    piece.size = MIN(remaining, PAGE_SIZE - piece.offset);
    return piece;
}

/* Bytes copied, or -errno. A hole of an object that lives in memory only needs no page. */
static int64_t read_piece(struct vm_object *object, const struct piece *piece, struct io_buffer *buffer) {
    struct page *page = object_page_cached(object, piece->index);

    if (!page && !object->ops->fill)
        return (int64_t)io_clear(buffer, piece->size);
    if (!page)
        page = object_page(object, piece->index);
    if (IS_ERR(page))
        return PTR_ERR(page);
    size_t copied = io_copy_to(buffer, (char *)page_to_virt(page) + piece->offset, piece->size);
    page_put(page);
    return (int64_t)copied;
}

int64_t object_read(struct vm_object *object, uint64_t offset, struct io_buffer *buffer) {
    int64_t done = 0;

    while (buffer->remaining > 0) {
        uint64_t size = atomic_load(&object->size_bytes), position = offset + (uint64_t)done;
        if (position >= size)
            break;
        struct piece piece = next_piece(position, MIN(size - position, buffer->remaining));
        int64_t moved = read_piece(object, &piece, buffer);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if ((size_t)moved < piece.size)
            return done ? done : -EFAULT;
    }
    return done;
}

/*
 * A whole page that is not cached: what it held before does not matter. 0: not done this way
 * (cached meanwhile, or a fault in the middle), `buffer` is where it was.
 */
static int64_t write_new_page(struct vm_object *object, const struct piece *piece, struct io_buffer *buffer) {
    struct io_buffer start = *buffer;
    struct page *page = object_page_cached(object, piece->index);

    if (page) {
        page_put(page);
        return 0;
    }
    page = page_alloc(0, PAGE_ALLOC_USER);
    if (!page)
        return -ENOMEM;
    if (io_copy_from(buffer, page_to_virt(page), PAGE_SIZE) == PAGE_SIZE) {
        page_get(page);
        if (object_insert_page(object, piece->index, page) == 0) {
            object_mark_dirty(object, page);
            page_put(page);
            return (int64_t)PAGE_SIZE;
        }
        page_put(page);
    }
    page_put(page);
    *buffer = start;
    return 0;
}

static int64_t write_piece(struct vm_object *object, const struct piece *piece, struct io_buffer *buffer) {
    if (piece->size == PAGE_SIZE) {
        int64_t moved = write_new_page(object, piece, buffer);
        if (moved)
            return moved;
    }
    struct page *page = object_page_for(object, piece->index, true);
    if (IS_ERR(page))
        return PTR_ERR(page);
    size_t copied = io_copy_from(buffer, (char *)page_to_virt(page) + piece->offset, piece->size);
    if (copied)
        object_mark_dirty(object, page);
    page_put(page);
    return (int64_t)copied;
}

/* What lies behind the end in the last page may have been written through a mapping. */
static int clear_tail(struct vm_object *object, uint64_t size_bytes) {
    size_t tail = size_bytes & (PAGE_SIZE - 1);

    if (tail == 0)
        return 0;
    struct page *page = object_page_cached(object, size_bytes >> PAGE_SHIFT);
    if (!page && !object->ops->fill)
        return 0;
    if (!page)
        page = object_page(object, size_bytes >> PAGE_SHIFT);
    if (IS_ERR(page))
        return PTR_ERR(page);
    memset((char *)page_to_virt(page) + tail, 0, PAGE_SIZE - tail);
    object_mark_dirty(object, page);
    page_put(page);
    return 0;
}

int64_t object_write(struct vm_object *object, uint64_t offset, struct io_buffer *buffer) {
    int64_t done = 0;

    if (offset > INT64_MAX || buffer->remaining > INT64_MAX - offset)
        return -EFBIG;
    if (offset > object->size_bytes) {
        int error = clear_tail(object, object->size_bytes);
        if (error)
            return error;
    }
    while (buffer->remaining > 0) {
        struct piece piece = next_piece(offset + (uint64_t)done, buffer->remaining);
        int64_t moved = write_piece(object, &piece, buffer);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if (offset + (uint64_t)done > object->size_bytes)
            atomic_store(&object->size_bytes, offset + (uint64_t)done);
        if ((size_t)moved < piece.size)
            return done ? done : -EFAULT;
    }
    return done;
}

/* Invariant 3 of object.h: out of the tree first, then out of the page tables. */
int object_truncate(struct vm_object *object, uint64_t size_bytes) {
    uint64_t old_size = object->size_bytes, first = DIV_ROUND_UP(size_bytes, PAGE_SIZE);

    if (size_bytes > INT64_MAX)
        return -EFBIG;
    int error = clear_tail(object, MIN(size_bytes, old_size));
    if (error)
        return error;
    spin_lock(&object->lock);
    atomic_store(&object->size_bytes, size_bytes);
    spin_unlock(&object->lock);
    if (size_bytes < old_size) {
        object_drop_pages(object, first);
        object_unmap_pages(object, first, UINT64_MAX, true); /* copies beyond the end go too, as on Linux */
    }
    return 0;
}

/* Zeros in one page, if it is there. */
static void clear_part(struct vm_object *object, uint64_t start, uint64_t end) {
    struct page *page = start < end ? object_page_cached(object, start >> PAGE_SHIFT) : NULL;

    if (!page)
        return;
    memset((char *)page_to_virt(page) + (start & (PAGE_SIZE - 1)), 0, end - start);
    page_put(page);
}

void object_punch(struct vm_object *object, uint64_t start, uint64_t end) {
    uint64_t first = DIV_ROUND_UP(start, PAGE_SIZE), behind = end >> PAGE_SHIFT;

    ASSERT(!object->ops->fill && start <= end);
    if (first > behind) { /* inside one page */
        clear_part(object, start, end);
        return;
    }
    clear_part(object, start, MIN(first << PAGE_SHIFT, end));
    clear_part(object, behind << PAGE_SHIFT, end);
    if (first == behind)
        return;
    object_drop_range(object, first, behind - 1);
    object_unmap_pages(object, first, behind - 1, false);
}

/* The first dirty page at *index or above, with a reference. */
static struct page *next_dirty(struct vm_object *object, uint64_t *index) {
    spin_lock(&object->lock);
    struct page *page = radix_next_tagged(&object->pages, index, RADIX_DIRTY);
    if (page)
        page_get(page);
    spin_unlock(&object->lock);
    return page;
}

static bool take_dirty(struct vm_object *object, struct page *page) {
    spin_lock(&object->lock);
    bool dirty = page->u.cache.object == object && page->flags & PAGE_DIRTY;
    if (dirty) {
        atomic_fetch_and(&page->flags, ~PAGE_DIRTY);
        radix_tag_clear(&object->pages, page->u.cache.index, RADIX_DIRTY);
        vm_count(dirty_pages, -1);
    }
    spin_unlock(&object->lock);
    return dirty;
}

/* Marked clean and write-protected before it is written: a write during the transfer marks it again. */
static void write_back(struct vm_object *object, struct page *page, uint64_t index) {
    page_lock(page);
    if (take_dirty(object, page)) {
        object_protect_pages(object, index, index);
        int error = object->ops->write(object, page);
        if (error)
            atomic_store(&object->error, error);
    }
    page_unlock(page);
}

int object_sync(struct vm_object *object, uint64_t start, uint64_t end) {
    uint64_t index = start >> PAGE_SHIFT;
    struct page *page;

    if (!object->ops->write)
        return 0;
    while ((page = next_dirty(object, &index)) != NULL && index < DIV_ROUND_UP(end, PAGE_SIZE)) {
        write_back(object, page, index);
        page_put(page);
        index++;
    }
    if (page)
        page_put(page);
    return atomic_exchange(&object->error, 0);
}

void object_prefetch(struct vm_object *object, uint64_t first, uint64_t count) {
    uint64_t end = DIV_ROUND_UP(atomic_load(&object->size_bytes), PAGE_SIZE);

    for (uint64_t index = first; object->ops->fill && index < end && index - first < count; index++) {
        struct page *page = object_page(object, index);
        if (IS_ERR(page))
            return;
        page_put(page);
    }
}
