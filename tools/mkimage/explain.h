/* Printing of the annotated map: one line an area, indented lines for details and checks. */
#pragma once

#include "tools/mkimage/image.h"

struct explanation {
    unsigned violations;
};

void explain_area(uint64_t start, uint64_t size, const char *format, ...) printf_like(3, 4);
void explain_detail(const char *format, ...) printf_like(1, 2);

/* Prints what was checked, and counts a violation unless it `holds`. */
void explain_check(struct explanation *explanation, bool holds, const char *format, ...)
    printf_like(3, 4);

/* The files stage2 loads. */
void explain_kernel(struct explanation *explanation, const struct blob *kernel);
void explain_ramfs(struct explanation *explanation, const struct blob *archive);
void explain_config(struct explanation *explanation, const struct blob *config);

/* The boot partition with its files. */
void explain_volume(struct explanation *explanation, const struct image *image);
