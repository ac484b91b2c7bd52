/*
 * Scripts: a file that starts with "#!" is run by the interpreter its first line names, with at most
 * one argument from that line (execve(2), "Interpreter scripts"). The interpreter may be a script.
 */
#include "kernel/proc/exec_image.h"
#include "kernel/proc/script_line.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Keeps a copy of a string that goes before the others. An empty `text` is left out. */
static int push_string(struct exec_image *image, const char *text, size_t length) {
    if (length == 0)
        return 0;
    char *copy = kmalloc(length + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, text, length);
    copy[length] = 0;
    image->script_strings[image->script_string_count++] = copy;
    return 0;
}

/* The script's own path becomes an argument: argv[0] of the program is replaced by it. */
static int follow(struct exec_image *image, const char **name) {
    struct script_line line;
    int error = script_line_parse(image->head, SCRIPT_LINE_SIZE, &line);

    /* Pushed last first: the script's name, its argument; the interpreter's name follows in time. */
    if (image->script_string_count == 0 && !error)
        error = push_string(image, *name, strlen(*name));
    if (!error)
        error = push_string(image, line.argument, line.argument_length);
    if (!error)
        error = push_string(image, line.interpreter, line.interpreter_length);
    if (error)
        return error;
    *name = image->script_strings[image->script_string_count - 1];
    return exec_set_file(image, exec_open_file(*name));
}

static bool is_script(const struct exec_image *image) {
    return image->head_size >= 2 && image->head[0] == '#' && image->head[1] == '!';
}

int exec_follow_scripts(struct exec_image *image) {
    const char *name = image->name;

    if (is_script(image) && !image->name_reachable)
        return -ENOENT;
    for (unsigned depth = 0; is_script(image); depth++) {
        if (depth == EXEC_SCRIPT_DEPTH)
            return -ELOOP;
        int error = follow(image, &name);
        if (error)
            return error;
    }
    return 0;
}
