/* Transfers over segments of user or kernel memory. Stops for good at the first fault. */
#include "kernel/vm/io_buffer.h"

#include "lib/string.h"

void io_buffer_init(struct io_buffer *buffer, struct io_segment *segments, unsigned count, bool kernel) {
    buffer->kernel = kernel;
    buffer->appends = false;
    buffer->segments = segments;
    buffer->count = count;
    buffer->offset = 0;
    buffer->remaining = 0;
    for (unsigned i = 0; i < count; i++)
        buffer->remaining += segments[i].length;
}

enum transfer { COPY_TO, COPY_FROM, CLEAR };

/* Bytes moved between `data` and one stretch of the buffer's memory. */
static size_t transfer_user(void *memory, void *data, size_t size, enum transfer transfer) {
    if (transfer == COPY_TO)
        return size - copy_to_user_partial(memory, data, size);
    if (transfer == COPY_FROM)
        return size - copy_from_user_partial(data, memory, size);
    return clear_user(memory, size) == 0 ? size : 0;
}

static size_t transfer_kernel(void *memory, void *data, size_t size, enum transfer transfer) {
    if (transfer == COPY_TO)
        memcpy(memory, data, size);
    else if (transfer == COPY_FROM)
        memcpy(data, memory, size);
    else
        memset(memory, 0, size);
    return size;
}

static size_t transfer_bytes(struct io_buffer *buffer, char *data, size_t size, enum transfer transfer) {
    size_t done = 0;

    size = MIN(size, buffer->remaining);
    while (done < size) {
        size_t chunk = MIN(size - done, buffer->segments->length - buffer->offset);
        char *memory = (char *)buffer->segments->base + buffer->offset;
        size_t moved = buffer->kernel ? transfer_kernel(memory, data, chunk, transfer)
                                      : transfer_user(memory, data, chunk, transfer);
        done += moved;
        buffer->offset += moved;
        buffer->remaining -= moved;
        if (moved < chunk)
            break;
        if (data)
            data += moved;
        if (buffer->offset == buffer->segments->length && buffer->remaining != 0) {
            buffer->segments++;
            buffer->count--;
            buffer->offset = 0;
        }
    }
    return done;
}

size_t io_copy_to(struct io_buffer *buffer, const void *from, size_t size) {
    return transfer_bytes(buffer, (char *)(uintptr_t)from, size, COPY_TO);
}

size_t io_copy_from(struct io_buffer *buffer, void *to, size_t size) {
    return transfer_bytes(buffer, to, size, COPY_FROM);
}

size_t io_clear(struct io_buffer *buffer, size_t size) {
    return transfer_bytes(buffer, NULL, size, CLEAR);
}
