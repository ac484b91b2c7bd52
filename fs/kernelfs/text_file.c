/* Rendered files (text_file.h). `lock` guards the rendered text. */
#include "fs/kernelfs/text_file.h"

#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"

enum { SEEK_END = 2 }; /* SEEK_DATA and SEEK_HOLE are above, linux/fs.h */

struct text_file {
    const struct text_source *source;
    struct mutex lock;
    bool rendered;
    struct view_buffer buffer;
};

DEFINE_LOCK_CLASS(text_class, "rendered text");

static const struct file_ops text_file_ops, polled_file_ops;

int text_file_open(struct file *file, const struct text_source *source) {
    struct text_file *text = kzalloc(sizeof *text);
    if (!text)
        return -ENOMEM;
    text->source = source;
    mutex_init(&text->lock, text_class);
    file->private = text;
    file->ops = source->manner & (TEXT_POLLED | TEXT_POLLED_IN) ? &polled_file_ops : &text_file_ops;
    if (!(source->manner & TEXT_HAS_SIZE))
        file->abilities |= FILE_NO_WRITES_AT;
    return 0;
}

static void text_release(struct file *file) {
    struct text_file *text = file->private;
    view_buffer_free(&text->buffer);
    kfree(text);
}

static int render(struct file *file, struct text_file *text) {
    text->buffer.length = 0;
    text->buffer.failed = false;
    int error = text->source->render(file, &text->buffer);
    if (!error && text->buffer.failed)
        error = -ENOMEM;
    text->rendered = !error;
    return error;
}

static int64_t text_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct text_file *text = file->private;
    int64_t result = 0;
    mutex_lock(&text->lock);
    if (*position == 0 || !text->rendered)
        result = render(file, text);
    if (!result && *position < text->buffer.length) {
        size_t size = MIN(buffer->remaining, text->buffer.length - (size_t)*position);
        size_t copied = io_copy_to(buffer, text->buffer.text + *position, size);
        *position += copied;
        result = copied || size == 0 ? (int64_t)copied : -EFAULT;
    }
    mutex_unlock(&text->lock);
    return result;
}

static int64_t text_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct text_file *text = file->private;
    size_t wanted = buffer->remaining, size = MIN(wanted, PAGE_SIZE - 1); /* the rest of a long text is not looked at */
    if (!text->source->store)
        return -EINVAL;
    char *copy = kmalloc(size + 1);
    if (!copy)
        return -ENOMEM;
    int64_t result = -EFAULT;
    if (io_copy_from(buffer, copy, size) == size) {
        copy[size] = '\0';
        result = text->source->store(file, copy, size);
    }
    kfree(copy);
    if (result)
        return result;
    if (text->source->manner & TEXT_MOVES)
        *position += wanted;
    return (int64_t)wanted;
}

static int64_t text_seek(struct file *file, int64_t offset, int whence) {
    const struct text_file *text = file->private;
    bool sized = text->source->manner & TEXT_HAS_SIZE;
    if (whence >= SEEK_END && (!sized || offset < 0))
        return -EINVAL;
    return file_seek_sized(file, offset, whence, 0);
}

static uint32_t text_poll(struct file *file, struct poll_table *table) {
    const struct text_file *text = file->private;
    (void)table;
    uint32_t writable = text->source->manner & TEXT_POLLED ? POLLOUT | POLLWRNORM : 0;
    return POLLIN | POLLRDNORM | writable;
}

#define TEXT_METHODS \
    .release = text_release, .read = text_read, .write = text_write, .seek = text_seek, \
    .splices = SPLICE_FROM | SPLICE_TO

static const struct file_ops text_file_ops = {TEXT_METHODS};
static const struct file_ops polled_file_ops = {TEXT_METHODS, .poll = text_poll};
