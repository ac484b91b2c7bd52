/*
 * Bad arguments to every system call. A row is one call with valid arguments and what each of them is;
 * a case is that call with one argument replaced by a bad value, or with one word of the structure it
 * points to spoiled. The same binary runs on Astra and on Linux; what both answer is compared.
 *
 * Every case starts from the same state: a child process that opens its descriptors anew (fixture.c) tries
 * cases until one succeeds, for then something may have changed, and the next child goes on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/table.h"

#define ARGUMENTS 6
#define PAGE 4096

#define NUMBER_OF(number, name) CALL_##name = number,
enum { SYSCALL_TABLE(NUMBER_OF, NUMBER_OF) };

/* ---- memory: at fixed addresses, so that structures can point to it ---- */

#define MEMORY       0x10000000l
#define AREA(i)      (MEMORY + (i) * 4l * PAGE) /* one page an argument, nothing mapped behind it */
#define INNER        AREA(6)                    /* what pointers in structures point to */
#define CHILD_STACK  (AREA(7) + PAGE)
#define READ_ONLY    AREA(8)
#define NO_ACCESS    AREA(9)
#define UNMAPPED     AREA(10)
#define LONG_NAME    AREA(11) /* 256 characters */
#define LONG_PATH    AREA(12) /* 4096 characters */
#define RANGE        AREA(13) /* RANGE_PAGES for calls about memory, nothing behind them */
#define RANGE_PAGES  3
#define AREAS        14

/* ---- descriptors, opened by fixture_open ---- */

enum {
    FILE_FD = 100, READ_FD, WRITE_FD, DIR_FD, PATH_FD, PIPE_READ, PIPE_WRITE, EMPTY_PIPE, EVENT_FD, EPOLL_FD, SOCKET_FD,
    PAIR_FD, PEER_FD, FIFO_FD, INOTIFY_FD, DATAGRAM_FD, LISTENER, TIMER_FD, SIGNAL_FD, PID_FD, NULL_FD, FDS_END,
    CLOSED_FD = 200,
};

/* ---- arguments ---- */

enum kind {
    NONE,    /* the row has no more arguments */
    SAME,    /* part of what the row is: not replaced */
    FD, DIRECTORY, PID, FLAGS, CHOICE, SIGNAL, MODE, OWNER, LENGTH, OFFSET, ADDRESS, SECONDS, SET_SIZE,
    IN,      /* a structure the call reads; `data` or NULL */
    OUT,     /* a structure it writes; base NULL if not `size` */
    IN_OUT,
    TIME,    /* IN, of two words: seconds and nanoseconds; only spoiled so that it is no time to wait for */
    DATA_IN, DATA_OUT, /* bytes, read and written in pieces */
    PATH, STRING,
};

#define SELF (-1000000l) /* as the base of a PID: the process itself */

struct argument {
    enum kind kind;
    long base;
    const void *data; /* IN, IN_OUT: the valid structure; PATH, STRING: the string */
    size_t size;
};

#define A_SAME(value)      {SAME, (long)(value)}
#define A_FD(value)        {FD, value}
#define A_DIRECTORY        {DIRECTORY, -100}
#define A_PID(value)       {PID, value}
#define A_FLAGS(value)     {FLAGS, (long)(value)}
#define A_CHOICE(value)    {CHOICE, (long)(value)}
#define A_SIGNAL(value)    {SIGNAL, value}
#define A_MODE(value)      {MODE, value}
#define A_OWNER(value)     {OWNER, value}
#define A_LENGTH(value)    {LENGTH, value}
#define A_OFFSET(value)    {OFFSET, value}
#define A_ADDRESS(value)   {ADDRESS, (long)(value)}
#define A_SECONDS(value)   {SECONDS, value}
#define A_SET_SIZE         {SET_SIZE, 8}
#define A_IN(object)       {IN, 1, &object, sizeof object}
#define A_TIME(object)     {TIME, 1, &object, sizeof object}
#define A_NO_IN(bytes)     {IN, 0, NULL, bytes}
#define A_OUT(bytes)       {OUT, 1, NULL, bytes}
#define A_NO_OUT(bytes)    {OUT, 0, NULL, bytes}
#define A_IN_OUT(object)   {IN_OUT, 1, &object, sizeof object}
#define A_DATA_IN(bytes)   {DATA_IN, 1, NULL, bytes}
#define A_DATA_OUT(bytes)  {DATA_OUT, 1, NULL, bytes}
#define A_PATH(text)       {PATH, 1, text, sizeof text}
#define A_STRING(text)     {STRING, 1, text, sizeof text}

enum {
    NUMBERED = 1, /* the result is the same on every system, so print it */
    HARMLESS = 2, /* changes nothing when it succeeds */
    FORKS = 4,    /* may return twice, perhaps on another stack */
    TREE = 8,     /* may change names: the files are made anew after success */
};

struct row {
    int number;
    const char *name;
    unsigned flags;
    struct argument arguments[ARGUMENTS];
};

#define ROW(call, variant, flags, ...) {CALL_##call, #call variant, flags, {__VA_ARGS__}},

struct rows {
    const struct row *rows;
    size_t count;
};

#define ROWS(array) {array, sizeof array / sizeof array[0]}

extern const struct rows file_rows, name_rows, memory_rows, process_rows, identity_rows, signal_rows, socket_rows, time_rows,
    waiting_rows, system_rows, ipc_rows;

/* ---- values.c ---- */

enum { NAME_SIZE = 24, VALUES_MAX = 160 };

struct value {
    char name[NAME_SIZE];
    long value;
    int word;        /* spoil this word of the structure instead, if not -1: keep `mask`, or in `value` */
    uint64_t mask;
    const char *text; /* a string to point to */
    size_t copy;      /* bytes of the valid structure at the address */
};

/* The bad values of the argument at `position`; returns how many. */
size_t values_of(const struct argument *argument, int position, struct value *values);

/* ---- fixture.c ---- */

void fixture_memory(void);             /* in the first process, once */
void fixture_tree(const char *folder); /* makes the files; the folder is the working directory then */
void fixture_repair(void);             /* and again, after a call that may have changed them */
void fixture_open(void);               /* in the child that makes the calls */

/* The arguments of a case; `value` NULL for the row as it is. */
void fixture_arguments(const struct row *row, int position, const struct value *value, long *arguments);
