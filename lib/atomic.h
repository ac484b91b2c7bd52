/*
 * Atomic access to integers and pointers: acquire loads, release stores, and sequentially
 * consistent read-modify-write. _relaxed ones order nothing and only forbid tearing.
 * Usable in any context.
 */
#pragma once

#include <stdbool.h>

#define atomic_load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_store(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
#define atomic_store_relaxed(p, value) __atomic_store_n(p, value, __ATOMIC_RELAXED)
#define atomic_exchange(p, value) __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST)

/* True when *(p) was *(old) and became value; else *(old) receives what *(p) was. */
#define atomic_compare_exchange(p, old, value) \
    __atomic_compare_exchange_n(p, old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)

/* These return the value before the operation. */
#define atomic_fetch_add(p, n) __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, n) __atomic_fetch_sub(p, n, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, bits) __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, bits) __atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST)

/* The compiler moves no memory access across it. */
#define compiler_barrier() __asm__ volatile("" : : : "memory")

/* Nor does the CPU: a full fence, also between a store and a later load. */
#define memory_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
