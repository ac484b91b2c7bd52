/* A file of /kernel as a table: the first line names the columns, or each line is a name and its value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table {
    char *text;    /* owned; cut into words */
    char **words;  /* row after row, the heading first */
    size_t columns, rows; /* rows without the heading */
};

/* Reads and cuts a file of `folder`: false, with a message, if it cannot be read or is no table. */
bool table_read(struct table *table, const char *folder, const char *name);
void table_free(struct table *table);

/* The word in a row, from 0, under a heading; "" if there is no such column. */
const char *table_text(const struct table *table, size_t row, const char *heading);
/* The same as a number, decimal or with 0x; `table_hex` takes it as hexadecimal. */
uint64_t table_number(const struct table *table, size_t row, const char *heading);
uint64_t table_hex(const struct table *table, size_t row, const char *heading);

/* In a file of "name value" lines: the number behind `value`, 0 if it is not there. */
uint64_t value_read(const char *folder, const char *name, const char *value);
