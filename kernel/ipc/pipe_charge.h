/* The pages that a user's pipes may hold: pipe(7), /proc/sys/fs/pipe-user-pages-*. */
#pragma once

#include <stdint.h>

struct pipe;

/* For the pipe's maker: how many slots the new pipe has, 0: none may be made (-ENFILE). Sets pipe->user, referenced. */
uint32_t pipe_charge_new(struct pipe *pipe);
/* The pipe goes, or was not made: all its slots, and the reference. */
void pipe_uncharge(struct pipe *pipe);
/* Before its slots change: 0, or -EPERM and nothing is counted. pipe->lock held. */
int pipe_charge_change(struct pipe *pipe, uint32_t before, uint32_t slots);
/* They did not change after all. pipe->lock held. */
void pipe_charge_undo(struct pipe *pipe, uint32_t before, uint32_t slots);
