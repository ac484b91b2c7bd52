/*
 * Reading memory that may not be there: by walking the page tables first, never by faulting. Takes no
 * locks. Any context, exceptions included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies from any mapped RAM of the current address space; false (nothing copied) otherwise. */
bool probe_read(uint64_t address, void *to, size_t size);

/* Logs each level's entry on the way to `address`. */
void probe_show_walk(uint64_t address);
