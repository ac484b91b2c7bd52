/*
 * Self-test of publishing names while others in the same chain of the hash table move away and come back. The
 * search must be slower than a move for that to matter: interrupts hold it up.
 */
#include "fs/vfs/dentry_internal.h"

#include "fs/vfs/mount.h"
#include "fs/vfs/name_words.h"
#include "kernel/debug/selftest.h"
#include "kernel/sched/completion.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/time/clock.h"
#include "lib/format.h"
#include "lib/string.h"

#define MOVERS 32u
#define RUN_NS (500 * NS_PER_MS)
#define DELAY_US 200u /* a few moves */
#define OFFERS 64u    /* between looks at the clock */

struct movers {
    struct dentry *parent; /* not that of `target`, whose lock would keep them out */
    char here[MOVERS][16], away[MOVERS][16]; /* here: in the chain of `target`; away: in others */
    struct dentry *dentries[MOVERS];
    uint32_t cpu;
    bool stop, failed;
    struct completion done, undisturbed;
};

static const char target[] = "target";

static size_t chain_of(const struct dentry *parent, const char *name) {
    struct name_key key;
    name_key_init(&key, name, (uint32_t)strlen(name));
    return dentry_chain(parent, key.hash);
}

/* The first number from `from` on that, as a name in `parent`, is in that chain. */
static uint32_t find_name(const struct dentry *parent, size_t chain, char name[16], uint32_t from) {
    for (uint32_t number = from;; number++) {
        format_snprintf(name, 16, "%u", number);
        if (chain_of(parent, name) == chain)
            return number;
    }
}

static struct dentry *make(struct dentry *parent, const char *name) {
    inode_get(root_path.dentry->inode);
    return dentry_make_detached(parent, name, root_path.dentry->inode);
}

static void move_all(struct movers *movers, char names[MOVERS][16]) {
    for (unsigned i = 0; i < MOVERS; i++)
        movers->failed |= dentry_move(movers->dentries[i], movers->parent, names[i], strlen(names[i])) != 0;
}

/* Out of the chain, and back to its beginning. */
static void move_about(void *argument) {
    struct movers *movers = argument;
    while (!atomic_load(&movers->stop)) {
        move_all(movers, movers->away);
        move_all(movers, movers->here);
        if (cpu_count == 1)
            sched_yield();
    }
    completion_done(&movers->done);
}

static void delay(void *unused) {
    (void)unused;
    clock_delay_us(DELAY_US);
}

/* Interrupts all CPUs but the one that moves. */
static void disturb(void *argument) {
    struct movers *movers = argument;
    while (!atomic_load(&movers->stop)) {
        cpu_call(cpu_mask_all() & ~BIT(movers->cpu), delay, NULL);
        sched_yield();
    }
    completion_done(&movers->undisturbed);
}

/* Offers another `target` again and again: the one that is there must be found each time. */
static bool always_found(struct dentry *parent, const struct dentry *first) {
    struct dentry *offered = make(parent, target);
    bool found = offered != NULL;
    for (uint64_t end_ns = clock_monotonic_ns() + RUN_NS; found && clock_monotonic_ns() < end_ns; sched_yield()) {
        for (unsigned i = 0; found && i < OFFERS; i++) {
            dentry_get(offered);
            struct dentry *there = dentry_insert_or_find(parent, offered);
            found = there == first;
            dentry_put(there);
        }
    }
    dentry_put(offered);
    return found;
}

static bool movers_init(struct movers *movers, size_t chain) {
    uint32_t number = 0;
    *movers = (struct movers){.parent = make(root_path.dentry, "dentry-test"), .cpu = cpu_count - 1};
    completion_init(&movers->done);
    completion_init(&movers->undisturbed);
    for (unsigned i = 0; movers->parent && i < MOVERS; i++) {
        number = find_name(movers->parent, chain, movers->here[i], number) + 1;
        format_snprintf(movers->away[i], sizeof movers->away[i], "away%u", i);
        struct dentry *dentry = make(movers->parent, movers->here[i]);
        movers->dentries[i] = dentry;
        if (!dentry || dentry_insert_or_find(movers->parent, dentry) != dentry)
            return false;
    }
    return movers->parent != NULL;
}

SELFTEST(dentry_one_a_name, "vfs.one-dentry-a-name") {
    static struct movers movers;
    struct dentry *parent = make(root_path.dentry, "dentry-test");
    struct dentry *first = parent ? make(parent, target) : NULL;

    CHECK(first != NULL && dentry_insert_or_find(parent, first) == first);
    CHECK(movers_init(&movers, chain_of(parent, target)));
    CHECK(thread_spawn_on("test", move_about, &movers, BIT(movers.cpu)) != NULL);
    CHECK(thread_spawn("test", disturb, &movers) != NULL);
    bool found = always_found(parent, first);
    atomic_store(&movers.stop, true);
    completion_wait(&movers.done);
    completion_wait(&movers.undisturbed);

    dentry_forget_children(movers.parent);
    for (unsigned i = 0; i < MOVERS; i++)
        dentry_put(movers.dentries[i]);
    dentry_put(movers.parent);
    dentry_forget_children(parent);
    dentry_put(first);
    dentry_put(parent);
    CHECK(!movers.failed);
    CHECK(found);
}
