/* The program being loaded, between the parts of exec: exec.c, exec_script.c, exec_elf.c, exec_stack.c. */
#pragma once

#include "fs/vfs/file.h"
#include "kernel/proc/exec.h"
#include "kernel/vm/space.h"
#include "lib/elf.h"

#define EXEC_HEAD_SIZE 768u   /* read at once: as a rule all program headers are in it */
#define SCRIPT_LINE_SIZE 256u /* where a script's first line is cut off: Linux's BINPRM_BUF_SIZE */
#define EXEC_SCRIPT_DEPTH 5u

/* ---- strings of the new stack (exec_strings.c) ---- */

/*
 * Argument and environment strings in the pages that will be the top of the new stack. The first
 * page keeps room below the strings, so that a small stack needs one page.
 */
struct exec_strings {
    struct page **pages;
    uint32_t page_count, page_capacity;
    uint32_t *offsets; /* of each string from the first page's start */
    uint32_t count, capacity;
    uint64_t end;      /* offset behind the last string */
    uint64_t limit;    /* of `end` */
};

/* -ENOMEM */
int exec_strings_init(struct exec_strings *strings);
/* Also safe after the pages have gone to a space (page_count 0). */
void exec_strings_free(struct exec_strings *strings);
/* 0, -E2BIG, -EFAULT, -ENOMEM. */
int exec_strings_add(struct exec_strings *strings, const char *text, bool kernel);
int exec_strings_add_bytes(struct exec_strings *strings, const void *bytes, size_t size);
/* All strings of a vector from number `first` on. Returns how many, or -errno. */
int64_t exec_strings_add_vector(struct exec_strings *strings, const struct string_vector *vector, uint64_t first);

/* ---- the image ---- */

enum exec_random { EXEC_RANDOM_BASE, EXEC_RANDOM_BRK, EXEC_RANDOM_STACK, EXEC_RANDOM_MMAP };

struct exec_image {
    const char *name;            /* AT_EXECFN */
    bool name_reachable;         /* a script's interpreter can open it by that name */
    struct file *file;           /* the program itself (a script's interpreter); referenced */
    uint8_t head[EXEC_HEAD_SIZE];
    size_t head_size;            /* what the file has of it; the rest is zero */

    char *script_strings[2 * EXEC_SCRIPT_DEPTH + 1]; /* what scripts put before argv[1], last first */
    unsigned script_string_count;

    struct exec_strings strings;
    uint64_t argument_count, environment_count;
    uint32_t platform_string, name_string, random_string; /* numbers of strings */

    struct space *space;         /* the new one */
    bool executable_stack;
    uint64_t stack_top, stack_limit;
    uint64_t vdso_data;          /* where the vDSO's data page goes; its code follows */
    uint64_t entry;              /* of the program */
    uint64_t start;              /* where to begin: the dynamic linker's entry if there is one */
    uint64_t interpreter_base;   /* of the dynamic linker; 0: none */
    uint64_t segments_address, segment_count; /* AT_PHDR, AT_PHNUM */
    uint64_t stack_pointer;

    struct cred *cred;           /* to be committed; NULL: unchanged */
    bool secure;                 /* AT_SECURE */
    bool not_dumpable;           /* its user is not who runs it, or nobody but exec may read the file */
    uint32_t personality;        /* what stays of the old program's */
    uint32_t random[4];          /* decides where things are placed: enum exec_random */
};

/* exec_script.c: while the file is a script, replaces it by its interpreter. 0 or -errno. */
int exec_follow_scripts(struct exec_image *image);
/* exec_open.c: opens a regular file that may be executed: a file with a reference, or ERR_PTR. */
struct file *exec_open_path(const struct path *path);
struct file *exec_open_file(const char *path);
/*
 * Makes it the image's file, taking over the reference, and reads its head; `file` may be an ERR_PTR. Nobody
 * can write to it meanwhile: -ETXTBSY if somebody already does.
 */
int exec_set_file(struct exec_image *image, struct file *file);
void exec_release_file(struct exec_image *image);
/* exec_elf.c: maps the program and its dynamic linker into image->space. */
int exec_load_elf(struct exec_image *image);
/* exec_stack.c: chooses where the stack and mappings go; maps the stack and fills it. */
void exec_choose_layout(struct exec_image *image);
int exec_build_stack(struct exec_image *image);
/* exec_vdso.c: room for the vDSO, with its data; where it begins; maps it, 0 or -ENOMEM. */
uint64_t exec_vdso_size(void);
uint64_t exec_vdso_header(const struct exec_image *image);
int exec_map_vdso(struct exec_image *image);
/* exec_cred.c: what set-user-ID bits and capabilities make of the credentials. */
int exec_prepare_cred(struct exec_image *image);
