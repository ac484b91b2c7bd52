/* The operations of prctl(2) on the running thread's capabilities: capabilities(7). 0, a bit, or -errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SECBIT_KEEP_CAPS 0x10 /* linux/securebits.h: the only one there is here */

int64_t prctl_bounding_read(uint64_t capability);
int64_t prctl_bounding_drop(uint64_t capability);
int64_t prctl_ambient(uint64_t action, uint64_t capability);
int64_t prctl_keep_capabilities(bool keep);
int64_t prctl_secure_bits(uint64_t bits);
