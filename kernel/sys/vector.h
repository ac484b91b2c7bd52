/* An array of struct iovec from a program. */
#pragma once

#include "kernel/vm/io_buffer.h"

#define VECTOR_MAX 1024u /* UIO_MAXIOV, linux/uio.h */
#define SMALL_VECTOR 8u

struct vector {
    struct io_segment *segments;
    unsigned count;
    struct io_segment small[SMALL_VECTOR];
};

/* Copies and checks it: -EINVAL, -EFAULT, -ENOMEM. After 0, vector_end must follow. */
int vector_get(struct vector *vector, const void *user_vector, uint64_t count);
/* The same for pieces of another space: any address goes. */
int vector_get_foreign(struct vector *vector, const void *user_vector, uint64_t count);
void vector_end(struct vector *vector);
