/* In-kernel tests of memory objects: reading, writing, truncation, filling, write-back. */
#include "kernel/debug/selftest.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/io_buffer.h"
#include "kernel/vm/object.h"
#include "kernel/vm/vma.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define MAP_AT 0x50000000ull

static int64_t transfer(struct vm_object *object, uint64_t offset, void *memory, size_t size, bool write) {
    struct io_segment segment = {.base = memory, .length = size};
    struct io_buffer buffer;

    io_buffer_init(&buffer, &segment, 1, true);
    return write ? object_write(object, offset, &buffer) : object_read(object, offset, &buffer);
}

static bool write_text(struct vm_object *object, uint64_t offset, const char *text) {
    return transfer(object, offset, (char *)(uintptr_t)text, strlen(text), true) == (int64_t)strlen(text);
}

/* True if the object's bytes from `offset` are `text`. */
static bool reads(struct vm_object *object, uint64_t offset, const char *text) {
    char memory[64];
    size_t size = strlen(text);

    return transfer(object, offset, memory, size, false) == (int64_t)size && memcmp(memory, text, size) == 0;
}

SELFTEST(test_read_write, "object.read-write") {
    struct vm_object *object = object_create_anonymous(0, 0);
    char byte;

    CHECK(object && transfer(object, 0, &byte, 1, false) == 0);
    CHECK(write_text(object, PAGE_SIZE - 3, "across") && object->size_bytes == PAGE_SIZE + 3);
    CHECK(reads(object, PAGE_SIZE - 3, "across") && object->page_count == 2);
    CHECK(write_text(object, 10 * PAGE_SIZE, "far") && object->page_count == 3);
    CHECK(transfer(object, 5 * PAGE_SIZE, &byte, 1, false) == 1 && byte == 0 && object->page_count == 3);
    CHECK(transfer(object, 10 * PAGE_SIZE + 2, (char[8]){0}, 8, false) == 1); /* short at the end */
    object_put(object);
}

SELFTEST(test_truncate, "object.truncate") {
    struct vm_object *object = object_create_anonymous(0, 0);

    CHECK(object && write_text(object, 0, "0123456789") && write_text(object, 3 * PAGE_SIZE, "end"));
    CHECK(object_truncate(object, 4) == 0 && object->page_count == 1);
    CHECK(object_truncate(object, 4 * PAGE_SIZE) == 0);
    CHECK(transfer(object, 4, (char[2]){0}, 2, false) == 2);
    char tail[4] = "xxx";
    CHECK(transfer(object, 2, tail, 4, false) == 4 && memcmp(tail, "23\0\0", 4) == 0);
    CHECK(IS_ERR(object_page(object, 4)) && PTR_ERR(object_page(object, 4)) == -EIO);
    object_put(object);
}

/* A backing store of one letter per page, which can be told to fail. */
static unsigned fills, writes;
static char stored[4];
static bool broken;

static int store_fill(struct vm_object *object, struct page *page) {
    (void)object;
    fills++;
    memset(page_to_virt(page), stored[page->u.cache.index], PAGE_SIZE);
    return broken ? -EIO : 0;
}

static int store_write(struct vm_object *object, struct page *page) {
    (void)object;
    writes++;
    stored[page->u.cache.index] = *(const char *)page_to_virt(page);
    return broken ? -EIO : 0;
}

static void store_release(struct vm_object *object) {
    kfree(object);
}

static const struct object_ops store_ops = {.fill = store_fill, .write = store_write, .release = store_release};

static struct vm_object *store_create(void) {
    struct vm_object *object = kmalloc(sizeof *object);

    if (!object)
        return NULL;
    object_init(object, &store_ops, NULL);
    object->size_bytes = sizeof stored * PAGE_SIZE;
    memcpy(stored, "abcd", sizeof stored);
    fills = writes = 0;
    broken = false;
    return object;
}

SELFTEST(test_fill, "object.fill") {
    struct vm_object *object = store_create();

    CHECK(object && reads(object, PAGE_SIZE, "bb") && reads(object, 2 * PAGE_SIZE - 1, "bc") && fills == 2);
    broken = true;
    CHECK(PTR_ERR(object_page(object, 3)) == -EIO && object->page_count == 2);
    broken = false;
    CHECK(reads(object, 3 * PAGE_SIZE, "d"));
    CHECK(object_reclaim(100) >= 3 && object->page_count == 0);
    CHECK(reads(object, 0, "a"));
    object_put(object);
}

SELFTEST(test_write_back, "object.write-back") {
    struct vm_object *object = store_create();

    CHECK(object && write_text(object, PAGE_SIZE, "X") && writes == 0);
    CHECK(object_sync(object, 0, UINT64_MAX / 2) == 0 && writes == 1 && stored[1] == 'X');
    CHECK(object_sync(object, 0, UINT64_MAX / 2) == 0 && writes == 1);
    CHECK(write_text(object, 0, "Y") && object_sync(object, PAGE_SIZE, 2 * PAGE_SIZE) == 0 && writes == 1);
    broken = true;
    CHECK(object_sync(object, 0, PAGE_SIZE) == -EIO && object_sync(object, 0, PAGE_SIZE) == 0);
    object_put(object);
}

static struct vma *map_object(struct space *space, struct vm_object *object, uint32_t flags) {
    struct vma *vma = vma_create(space, MAP_AT, MAP_AT + sizeof stored * PAGE_SIZE,
                                 flags | VMA_READ | VMA_WRITE | VMA_MAY_READ | VMA_MAY_WRITE);

    if (!vma)
        return NULL;
    object_get(object);
    vma->object = object;
    vma_link(vma);
    return vma;
}

static int byte_at(struct space *space, uint64_t page) {
    uint8_t byte;

    return space_read(space, MAP_AT + page * PAGE_SIZE, &byte, 1) == 1 ? byte : -1;
}

SELFTEST(test_shared_mapping, "object.shared-mapping") {
    struct vm_object *object = store_create();
    struct space *space = space_create();

    CHECK(object && space && map_object(space, object, VMA_SHARED));
    CHECK(byte_at(space, 2) == 'c' && space_write(space, MAP_AT + 2 * PAGE_SIZE, "Z", 1) == 1);
    CHECK(reads(object, 2 * PAGE_SIZE, "Zc"));
    CHECK(object_sync(object, 0, UINT64_MAX / 2) == 0 && writes == 1 && stored[2] == 'Z');
    /* Write-protected by the first sync: the second write is noticed again. */
    CHECK(space_write(space, MAP_AT + 2 * PAGE_SIZE, "W", 1) == 1);
    CHECK(object_sync(object, 0, UINT64_MAX / 2) == 0 && writes == 2 && stored[2] == 'W');
    CHECK(object_truncate(object, PAGE_SIZE) == 0 && byte_at(space, 2) == -1 && byte_at(space, 0) == 'a');
    CHECK(space->resident_file == 1);
    space_put(space);
    object_put(object);
}

SELFTEST(test_private_mapping, "object.private-mapping") {
    struct vm_object *object = store_create();
    struct space *space = space_create();
    struct vma *vma = space && object ? map_object(space, object, 0) : NULL;

    CHECK(vma && byte_at(space, 1) == 'b' && !vma->has_copies);
    CHECK(space_write(space, MAP_AT + PAGE_SIZE, "P", 1) == 1 && vma->has_copies);
    CHECK(byte_at(space, 1) == 'P' && reads(object, PAGE_SIZE, "b") && writes == 0);
    struct space *child = space_fork(space);
    CHECK(child && byte_at(child, 1) == 'P' && byte_at(child, 3) == 'd');
    CHECK(space_write(child, MAP_AT + PAGE_SIZE, "Q", 1) == 1 && byte_at(space, 1) == 'P');
    space_put(child);
    space_put(space);
    object_put(object);
}
