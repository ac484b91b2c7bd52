/*
 * The framed protocol between a host tool and the agent in the guest, over COM2 (ttyS1), version 1.
 * docs/exec-protocol.md describes it; tools/vm/protocol.py is the host's side.
 *
 * A frame is a 4-byte header and `length` bytes of payload. The check byte lets either side notice
 * that a byte was lost instead of waiting for ever.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 1
#define FRAME_PAYLOAD_MAX 4096u
/* Bytes of standard input the host may have on the way, unacknowledged. */
#define STDIN_WINDOW 16384u

enum frame_type {
    FRAME_HELLO = 'H',       /* guest: u8 version, u32 window: the agent is ready */
    FRAME_STDOUT = 'O',      /* guest: bytes */
    FRAME_STDERR = 'R',      /* guest: bytes */
    FRAME_ACK = 'A',         /* guest: u32 bytes of standard input consumed since the last one */
    FRAME_EXIT = 'X',        /* guest: u8 0 exited / 1 killed, u8 status or signal; the last frame */
    FRAME_STDIN = 'I',       /* host: bytes; an empty one is the end of the input */
    FRAME_SIGNAL = 'S',      /* host: u8 signal for the command's process group */
};

struct frame {
    uint8_t type;
    uint16_t length;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

/* Collects frames from a byte stream. */
struct frame_reader {
    uint8_t header[4];
    size_t have; /* bytes of the current frame, header included */
    struct frame frame;
};

/* Takes bytes until a frame is complete. Returns the bytes used; *complete says whether reader->frame
 * holds one; -1 when the check byte is wrong or the length too large. */
long frame_read(struct frame_reader *reader, const uint8_t *bytes, size_t size, int *complete);

/* Writes a whole frame to `fd`; 0, or -1 with errno. */
int frame_write(int fd, enum frame_type type, const void *payload, size_t length);
