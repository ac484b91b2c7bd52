/* The step of exec after which there is no way back. */
#pragma once

struct exec_image;

/*
 * The running task becomes the program: other threads end, the old memory goes, signal handlers,
 * descriptors, credentials and registers are those of a new program. -EAGAIN: another thread of the
 * process was first; -ENOMEM. On success what the image held is taken over.
 */
int exec_commit(struct exec_image *image);
