/* Names of the kernel's functions, from the table linked into it. Any context, exceptions included. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "name+0x12" for an address in the kernel's text, else "?". Returns the length. */
size_t symbol_format(char *text, size_t size, uint64_t address);
/* The same for a return address, which may be the first byte behind the function that made the call. */
size_t symbol_format_return(char *text, size_t size, uint64_t address);
/* Address of the function called `name`, or 0. */
uint64_t symbol_address(const char *name);
bool address_is_kernel_text(uint64_t address);
