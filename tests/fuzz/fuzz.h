/* A fuzz target is a file tests/fuzz/fuzz_X.c with this function; its corpus is tests/fuzz/corpus/X/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Feeds `data` to the code under test, in memory of exactly `size` bytes. Must not keep state
 * from one call to the next. Returns 0; failures are sanitiser findings and failed ASSERTs
 * (use ASSERT for properties that must hold for every input).
 */
int fuzz_one(const uint8_t *data, size_t size);
