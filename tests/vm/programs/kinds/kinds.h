/*
 * Every call on descriptors, asked of a descriptor of every kind. The same binary runs on Astra and on Linux; what both
 * answer is compared. Each case has a descriptor made for it alone; the cases of one kind are made by one child process,
 * or by several if one of them dies or does not return.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PAGE 4096
#define ANSWER_SIZE 56
#define CALLS_MAX 512
#define KINDS_MAX 128
#define FIRST_FD 5 /* those below belong to the child: see prepare_child */

/* ---- kinds: opening.c, paths.c ---- */

enum {
    VARIES = 1, /* its length, or how much of it is transferred at once, is no matter: only 0 and 1 are printed as such */
};

struct kind {
    const char *name;
    int (*make)(void); /* a descriptor, or -1 and errno; NULL: `path` is opened */
    const char *path;
    int flags;
    unsigned traits;
};

struct kinds {
    const struct kind *kinds;
    size_t count;
};

extern const struct kinds made_kinds, path_kinds;

void prepare_child(void); /* a session with a terminal; signals are ignored */

/* ---- calls ---- */

enum show {
    PLAIN,  /* an error or "ok" */
    NUMBER, /* an error or the result */
    HEX,
};

#define CALL_ARGUMENTS 5

struct call {
    const char *name;
    enum show show;
    long number;                   /* of the system call; the descriptor is the first argument */
    long arguments[CALL_ARGUMENTS]; /* the others */
    long (*make)(int fd);          /* or this, which gives a negative errno or a result */
};

#define RAW(name, show, call, ...) {name, show, SYS_##call, {__VA_ARGS__}, NULL},
#define MADE(name, show, function) {name, show, 0, {0}, function},
#define ADDRESS(object) ((long)(object))

struct calls {
    const struct call *calls;
    size_t count;
};

#define ALL_OF(array) {array, sizeof array / sizeof array[0]}

extern const struct calls transfer_calls, size_calls, ioctl_calls, fcntl_calls, waiting_calls, moving_calls, name_calls,
    mapping_calls, socket_calls, special_calls;

/* A result that is text: what say() was told last. */
#define SAID 0x7fff0001l

long say(const char *format, ...);

/* A negative errno, or what the C library returned. */
long checked(long result);
