/*
 * set_mempolicy, get_mempolicy, mbind: of one node, number 0. A policy is kept, by thread or by mapping, for whoever
 * asks, and changes nothing; that of a shared mapping is not the others'. linux/mempolicy.h.
 */
#include "kernel/sys/sys_memory.h"

#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

enum policy_mode { MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED_MANY, MPOL_MODES };
enum policy_flag { MPOL_F_NUMA_BALANCING = 1 << 13, MPOL_F_RELATIVE_NODES = 1 << 14, MPOL_F_STATIC_NODES = 1 << 15 };
#define MPOL_MODE_FLAGS ((unsigned)(MPOL_F_NUMA_BALANCING | MPOL_F_RELATIVE_NODES | MPOL_F_STATIC_NODES))
enum policy_query { MPOL_F_NODE = 1, MPOL_F_ADDR = 2, MPOL_F_MEMS_ALLOWED = 4 };
enum bind_flag { MPOL_MF_STRICT = 1, MPOL_MF_MOVE = 2, MPOL_MF_MOVE_ALL = 4 };

#define NODES_MAX 1024u /* a set may be as large as this, if the rest is empty */
#define WORD_BITS 64u
#define MASK_BITS_MAX (PAGE_SIZE * 8)

/* Whether node 0 is in the set, and any other: a set without node 0 is an empty one. */
static int read_nodes(const uint64_t __user *mask, uint64_t max_node, bool *node0, bool *any) {
    *node0 = *any = false;
    max_node--;
    if (mask == NULL || max_node == 0)
        return 0;
    if (max_node > MASK_BITS_MAX)
        return -EINVAL;
    for (uint64_t bit = 0; bit < max_node; bit += WORD_BITS) {
        uint64_t word;
        if (get_user(word, mask + bit / WORD_BITS) < 0)
            return -EFAULT;
        if (max_node - bit < WORD_BITS)
            word &= BIT(max_node - bit) - 1;
        if (word != 0 && bit >= NODES_MAX)
            return -EINVAL;
        *node0 |= bit == 0 && (word & 1) != 0;
        *any |= word != 0;
    }
    return 0;
}

/* The policy as it is kept, or -errno. */
static int64_t make_policy(unsigned request, const uint64_t __user *mask, uint64_t max_node) {
    unsigned mode = request & ~MPOL_MODE_FLAGS, flags = request & MPOL_MODE_FLAGS;
    bool node0, any;

    if (mode >= MPOL_MODES || ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES)))
        return -EINVAL;
    if ((flags & MPOL_F_NUMA_BALANCING) && mode != MPOL_BIND)
        return -EINVAL;
    int error = read_nodes(mask, max_node, &node0, &any);
    if (error < 0)
        return error;
    if (mode == MPOL_DEFAULT)
        return any ? -EINVAL : MPOL_DEFAULT;
    bool fixed = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);
    if (mode == MPOL_LOCAL || (mode == MPOL_PREFERRED && !any))
        return any || fixed ? -EINVAL : MPOL_LOCAL;
    return node0 || (flags & MPOL_F_RELATIVE_NODES && any) ? (int64_t)(mode | flags) : -EINVAL;
}

int64_t sys_set_mempolicy(int mode, const uint64_t __user *mask, uint64_t max_node) {
    int64_t policy = make_policy((unsigned)mode, mask, max_node);

    if (policy < 0)
        return policy;
    current_task()->memory_policy = (uint16_t)policy;
    return 0;
}

int64_t sys_mbind(uint64_t start, uint64_t length, int mode, const uint64_t __user *mask, uint64_t max_node,
                  unsigned flags) {
    int64_t policy = make_policy((unsigned)mode, mask, max_node);

    if (policy < 0)
        return policy;
    if (flags & ~(unsigned)(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
        return -EINVAL;
    if ((flags & MPOL_MF_MOVE_ALL) && !cred_has(current_cred(), CAP_SYS_NICE))
        return -EPERM;
    if (start & ~PAGE_MASK)
        return -EINVAL;
    uint64_t end = start + ALIGN_UP(length, PAGE_SIZE);
    if (end < start)
        return -EINVAL;
    return end == start ? 0 : space_set_policy(current_task()->space, start, end, (uint16_t)policy);
}

/* The set of the one node, or the empty one: as many words as the caller has room for. */
static int write_nodes(uint64_t __user *mask, uint64_t max_node, bool node0) {
    uint64_t words = ALIGN_UP(max_node - 1, WORD_BITS) / WORD_BITS, none = 0, one = node0;

    if (words > MASK_BITS_MAX / WORD_BITS)
        return -EINVAL;
    for (uint64_t i = 0; i < words; i++) {
        if (put_user(i == 0 ? one : none, mask + i) < 0)
            return -EFAULT;
    }
    return 0;
}

/* The running thread's policy, or that of the mapping at the address: without one it is MPOL_DEFAULT. -EFAULT, -EINVAL. */
static int find_policy(uint64_t address, uint64_t flags) {
    if (flags & MPOL_F_ADDR)
        return space_policy(current_task()->space, address);
    return address == 0 ? current_task()->memory_policy : -EINVAL;
}

/* MPOL_F_NODE: where the page at the address is, or the thread's next page of an interleaved policy will be. */
static int find_node(int policy, uint64_t flags) {
    bool interleaves = (policy & ~(int)MPOL_MODE_FLAGS) == MPOL_INTERLEAVE;
    return (flags & MPOL_F_ADDR) || interleaves ? 0 : -EINVAL;
}

int64_t sys_get_mempolicy(int32_t __user *mode, uint64_t __user *mask, uint64_t max_node, uint64_t address, uint64_t flags) {
    bool of_all = flags & MPOL_F_MEMS_ALLOWED;

    if ((flags & ~(uint64_t)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) || (mask != NULL && max_node < 1))
        return -EINVAL;
    if (of_all && (flags & (MPOL_F_NODE | MPOL_F_ADDR)))
        return -EINVAL;
    int policy = of_all ? MPOL_DEFAULT : find_policy(address, flags);
    int32_t answer = policy >= 0 && (flags & MPOL_F_NODE) ? find_node(policy, flags) : policy;
    if (answer < 0)
        return answer;
    if (mode != NULL && put_user(answer, mode) < 0)
        return -EFAULT;
    bool node0 = of_all || (policy != MPOL_DEFAULT && policy != MPOL_LOCAL);
    return mask != NULL ? write_nodes(mask, max_node, node0) : 0;
}
