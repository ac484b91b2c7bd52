/* Frames on the serial line: see protocol.h. */
#include "user/agent/protocol.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE 4u
#define CHECK_SEED 0x5au

static uint8_t header_check(uint8_t type, uint8_t low, uint8_t high) {
    return (uint8_t)(CHECK_SEED ^ type ^ low ^ high);
}

/* Decodes a complete header; 0, or -1 when it cannot be one. */
static int header_decode(struct frame_reader *reader) {
    const uint8_t *header = reader->header;
    if (header[1] != header_check(header[0], header[2], header[3]))
        return -1;
    reader->frame.type = header[0];
    reader->frame.length = (uint16_t)(header[2] | header[3] << 8);
    return reader->frame.length <= FRAME_PAYLOAD_MAX ? 0 : -1;
}

long frame_read(struct frame_reader *reader, const uint8_t *bytes, size_t size, int *complete) {
    size_t used = 0;
    *complete = 0;
    while (used < size && reader->have < HEADER_SIZE) {
        reader->header[reader->have++] = bytes[used++];
        if (reader->have == HEADER_SIZE && header_decode(reader) < 0)
            return -1;
    }
    if (reader->have < HEADER_SIZE)
        return (long)used;

    size_t position = reader->have - HEADER_SIZE;
    size_t wanted = reader->frame.length - position;
    size_t taken = wanted < size - used ? wanted : size - used;
    memcpy(reader->frame.payload + position, bytes + used, taken);
    reader->have += taken;
    used += taken;
    if (taken == wanted) {
        *complete = 1;
        reader->have = 0;
    }
    return (long)used;
}

static int write_all(int fd, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

int frame_write(int fd, enum frame_type type, const void *payload, size_t length) {
    uint8_t buffer[HEADER_SIZE + FRAME_PAYLOAD_MAX];
    if (length > FRAME_PAYLOAD_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    buffer[0] = (uint8_t)type;
    buffer[2] = (uint8_t)length;
    buffer[3] = (uint8_t)(length >> 8);
    buffer[1] = header_check(buffer[0], buffer[2], buffer[3]);
    if (length > 0)
        memcpy(buffer + HEADER_SIZE, payload, length);
    return write_all(fd, buffer, HEADER_SIZE + length);
}
