/*
 * The generator. Its key is replaced with every request (fast key erasure, Bernstein 2017), so
 * output given out earlier cannot be recomputed from memory read later. Entropy is hashed into a
 * pool; the pool is folded into the key at the first request, whenever an interrupt pool is full,
 * and after RESEED_BYTES of output.
 *
 * Locks: `lock` (irqsave) guards the pool, the key and the counters. Per-CPU interrupt pools belong to
 * their CPU's interrupt context.
 * Spec: RFC 8439 (ChaCha20), RFC 7693 (BLAKE2s).
 */
#include "kernel/random/random.h"

#include "kernel/arch/boot.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/sync/spinlock.h"
#include "lib/blake2s.h"
#include "lib/chacha20.h"
#include "lib/hash.h"
#include "lib/string.h"

#define RESEED_BYTES (1u << 20)
#define JITTER_SAMPLES 32u
#define HARDWARE_WORDS 8u       /* 512 bits: RDRAND alone is not trusted to be full entropy */
#define INTERRUPTS_PER_FOLD 64u /* one is worth at least a few bits of timing */

DEFINE_LOCK_CLASS(random_lock_class, "random");
static struct {
    struct spinlock lock;
    struct blake2s pool;
    uint8_t key[CHACHA20_KEY_BYTES];
    uint32_t bytes_since_reseed;
    uint64_t reseeds;
    bool pool_ready, seeded, pool_dirty;
} generator = {.lock = SPINLOCK_INIT(random_lock_class)};

struct interrupt_pool {
    uint64_t words[4];
    uint32_t count;
};
static DEFINE_PER_CPU(struct interrupt_pool, interrupt_pool);

static const uint8_t no_nonce[CHACHA20_NONCE_BYTES];

static void pool_add_locked(const void *data, size_t size) {
    if (!generator.pool_ready) {
        blake2s_init(&generator.pool);
        generator.pool_ready = true;
    }
    blake2s_update(&generator.pool, data, size);
}

/* The variation of a memory access's and RDTSC's own duration: little, but there on any machine. */
static void mix_jitter(void) {
    uint64_t samples[JITTER_SAMPLES];

    for (unsigned i = 0; i < JITTER_SAMPLES; i++)
        samples[i] = cpu_tsc();
    pool_add_locked(samples, sizeof samples);
}

static void mix_hardware(void) {
    for (unsigned i = 0; i < HARDWARE_WORDS; i++) {
        uint64_t word;
        if (!cpu_random(&word))
            return;
        pool_add_locked(&word, sizeof word);
    }
}

/* key' = H(pool, key); the pool goes on from a hash of both, so it keeps all it ever took in. */
static void reseed_locked(void) {
    uint8_t digest[BLAKE2S_DIGEST_SIZE];

    mix_hardware();
    mix_jitter();
    pool_add_locked(generator.key, sizeof generator.key);
    blake2s_final(&generator.pool, digest);
    memcpy(generator.key, digest, sizeof generator.key);
    generator.pool_ready = false;
    pool_add_locked(digest, sizeof digest);
    generator.bytes_since_reseed = 0;
    generator.reseeds++;
    generator.pool_dirty = false;
}

/* What differs from boot to boot: when each step of the loader happened, the machine's disk and memory. */
static void mix_boot(void) {
    pool_add_locked(&boot_trace, sizeof boot_trace);
    pool_add_locked(&boot_info.disk, sizeof boot_info.disk);
}

static void ensure_seeded_locked(void) {
    if (!generator.seeded)
        mix_boot();
    if (!generator.seeded || generator.pool_dirty || generator.bytes_since_reseed >= RESEED_BYTES)
        reseed_locked();
    generator.seeded = true;
}

/* Takes a key for one request and erases it from the generator. */
static void take_key(uint8_t key[CHACHA20_KEY_BYTES], size_t size) {
    uint32_t state[CHACHA20_WORDS];
    uint8_t block[CHACHA20_BLOCK_BYTES];
    uint64_t flags = spin_lock_irqsave(&generator.lock);

    ensure_seeded_locked();
    generator.bytes_since_reseed += (uint32_t)MIN(size, (size_t)RESEED_BYTES);
    chacha20_init(state, generator.key, no_nonce, 0);
    chacha20_block(state, block);
    memcpy(generator.key, block, sizeof generator.key);
    spin_unlock_irqrestore(&generator.lock, flags);
    memcpy(key, block + CHACHA20_KEY_BYTES, CHACHA20_KEY_BYTES);
}

void random_bytes(void *to, size_t size) {
    uint32_t state[CHACHA20_WORDS];
    uint8_t key[CHACHA20_KEY_BYTES], block[CHACHA20_BLOCK_BYTES], *out = to;

    while (size > 0) {
        size_t request = MIN(size, (size_t)RESEED_BYTES);
        size -= request;
        take_key(key, request);
        chacha20_init(state, key, no_nonce, 0);
        for (; request > 0; state[CHACHA20_COUNTER]++) {
            size_t take = MIN(request, sizeof block);
            chacha20_block(state, block);
            memcpy(out, block, take);
            out += take;
            request -= take;
        }
    }
    memset(key, 0, sizeof key);
    memset(state, 0, sizeof state);
    memset(block, 0, sizeof block);
    __asm__ volatile("" ::"r"(key), "r"(state), "r"(block) : "memory"); /* the erasure is not dead code */
}

void random_mix(const void *data, size_t size) {
    uint64_t flags = spin_lock_irqsave(&generator.lock);

    pool_add_locked(data, size);
    generator.pool_dirty = true;
    spin_unlock_irqrestore(&generator.lock, flags);
}

void random_mix_interrupt(uint64_t address) {
    struct interrupt_pool *pool = this_cpu_ptr(interrupt_pool);
    uint64_t *word = &pool->words[pool->count % ARRAY_SIZE(pool->words)];

    *word = hash_u64(*word ^ cpu_tsc()) ^ address;
    if (++pool->count >= INTERRUPTS_PER_FOLD) {
        pool->count = 0;
        random_mix(pool->words, sizeof pool->words);
    }
}

void random_stats_read(struct random_stats *stats) {
    uint64_t flags = spin_lock_irqsave(&generator.lock);

    *stats = (struct random_stats){generator.seeded, generator.pool_dirty, generator.reseeds,
                                   generator.bytes_since_reseed};
    spin_unlock_irqrestore(&generator.lock, flags);
}
