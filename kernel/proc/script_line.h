/* The first line of a script: "#! interpreter [argument]". Pure: tested on the host. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct script_line {
    const char *interpreter, *argument; /* into the bytes given */
    size_t interpreter_length, argument_length; /* argument_length 0: none */
};

/*
 * `head` is the file's beginning, zero-filled to `size`, and starts with "#!". Spaces and tabs around interpreter and
 * argument do not belong to them. -ENOEXEC: no interpreter, or its name is cut off by the end of
 * `head` (a cut-off argument is taken as it is).
 */
int script_line_parse(const uint8_t *head, size_t size, struct script_line *line);
