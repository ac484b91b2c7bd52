/*
 * A QEMU plugin that counts every instruction of the guest, with the calls that led to it.
 *     -plugin file=profile.so,out=FILE
 *
 * There is no sampling: each translated block adds its length when it runs. Who called whom comes from the calls:
 * where on the stack a CALL writes says which frames are over and on which stack it is, so that switches between
 * threads keep their chains apart; a RET ends the frame whose return address is reached. (QEMU 7.2 does not tell
 * plugins what a RET reads.) Counting begins with the first user instruction; user mode is one node.
 *
 * FILE gets a line for each chain that ran: "COUNT ADDRESS ADDRESS ...": where the outermost call, ..., the block
 * itself begins. Address 0 is user mode.
 *
 * Needs one thread for all CPUs (-icount): nothing here is locked.
 */
#include "qemu_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 64
#define FRAMES_MAX 256
#define STACK_SHIFT 15 /* kernel stacks lie in slots of 32 KiB: kernel/mm/layout.h */
#define TABLE_BITS 20
#define TABLE_SIZE (1u << TABLE_BITS)
#define STACKS (1u << 16)
#define RET 0xc3            /* SDM 2B */
#define BLOCK (UINT64_C(1) << 62) /* tells a block at the end of a chain from a call: flips a bit of its address */
#define FIRST_KERNEL_ADDRESS (UINT64_C(1) << 47)

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_INTERFACE;
PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

struct node { /* a call chain; also, as a leaf, a block that runs at its end */
    struct node *parent;
    uint64_t address;
    uint64_t instructions;
};

struct stack {
    uint64_t slot;
    unsigned depth;
    struct {
        uint64_t at;            /* where the return address is */
        uint64_t return_address;
        struct node *caller, *callee;
    } frames[FRAMES_MAX];
};

struct cpu {
    struct node *node;    /* the chain that runs */
    struct stack *stack;
    bool in_user;
    bool called;          /* the next block is a callee */
    bool returned;        /* the next block is what was returned to */
    bool entered;         /* no call yet since user mode: what the stack held is gone */
};

struct block {
    uint64_t address;
    uint64_t instructions;
    bool returns;
};

static struct node *nodes[TABLE_SIZE]; /* by parent and address, open addressing */
static struct stack *stacks[STACKS];
static struct cpu cpus[CPUS_MAX];
static struct node root;
static bool kernel_seen, started;
static const char *output;

static struct node *node_child(struct node *parent, uint64_t address) {
    uint64_t hash = ((uint64_t)(uintptr_t)parent / sizeof *parent ^ address) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = hash >> (64 - TABLE_BITS);
    for (; nodes[at]; at = (at + 1) % TABLE_SIZE)
        if (nodes[at]->parent == parent && nodes[at]->address == address)
            return nodes[at];
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        abort();
    node->parent = parent;
    node->address = address;
    return nodes[at] = node;
}

static struct stack *stack_at(uint64_t address) {
    uint64_t slot = address >> STACK_SHIFT;
    struct stack **at = &stacks[slot % STACKS];
    if (!*at && !(*at = malloc(sizeof **at)))
        abort();
    if ((*at)->slot != slot) { /* new, or another's that is given up */
        (*at)->slot = slot;
        (*at)->depth = 0;
    }
    return *at;
}

static void on_call(unsigned number, uint32_t kind, uint64_t address, void *return_address) {
    struct cpu *cpu = &cpus[number];
    struct stack *stack = stack_at(address);
    (void)kind;
    if (!started)
        return;
    if (cpu->entered)
        stack->depth = 0;
    while (stack->depth > 0 && stack->frames[stack->depth - 1].at <= address)
        stack->depth--;
    if (stack != cpu->stack && stack->depth > 0 && !cpu->entered) /* another thread goes on */
        cpu->node = stack->frames[stack->depth - 1].callee;
    cpu->entered = false;
    cpu->stack = stack;
    if (stack->depth < FRAMES_MAX) {
        stack->frames[stack->depth].at = address;
        stack->frames[stack->depth].return_address = (uint64_t)(uintptr_t)return_address;
        stack->frames[stack->depth].callee = cpu->node; /* until its first block runs */
        stack->frames[stack->depth++].caller = cpu->node;
        cpu->called = true;
    }
}

/* Ends the innermost frame that returns to `address`, and those inside it. */
static void end_frame(struct cpu *cpu, uint64_t address) {
    struct stack *stack = cpu->stack;
    for (unsigned depth = stack ? stack->depth : 0; depth > 0; depth--)
        if (stack->frames[depth - 1].return_address == address) {
            stack->depth = depth - 1;
            cpu->node = stack->frames[depth - 1].caller;
            return;
        }
}

static void enter_block(struct cpu *cpu, uint64_t address, bool in_user) {
    if (in_user) {
        cpu->node = &root;
    } else if (cpu->in_user || !cpu->node) {
        cpu->node = node_child(&root, address);
        cpu->entered = true;
    } else if (cpu->called) {
        cpu->node = node_child(cpu->node, address);
        cpu->stack->frames[cpu->stack->depth - 1].callee = cpu->node;
    } else if (cpu->returned) {
        end_frame(cpu, address);
    }
}

static void on_block(unsigned number, void *data) {
    const struct block *block = data;
    struct cpu *cpu = &cpus[number];
    bool in_user = block->address < FIRST_KERNEL_ADDRESS;
    kernel_seen |= !in_user;
    started |= in_user && kernel_seen; /* the BIOS is at low addresses too */
    if (!started)
        return;
    enter_block(cpu, block->address, in_user);
    cpu->called = false;
    cpu->returned = block->returns;
    cpu->in_user = in_user;
    node_child(cpu->node, in_user ? 0 : block->address ^ BLOCK)->instructions += block->instructions;
}

static bool is_call(const uint8_t *code, size_t size) { /* SDM 2A, CALL: E8, or FF /2 */
    if (size > 2 && (code[0] & 0xf0) == 0x40)
        code++;
    return code[0] == 0xe8 || (code[0] == 0xff && (code[1] >> 3 & 7) == 2);
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *translated) {
    size_t count = qemu_plugin_tb_n_insns(translated);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(translated, count - 1);
    const uint8_t *code = qemu_plugin_insn_data(last);
    struct block *block = malloc(sizeof *block);
    (void)id;
    if (!block)
        abort();
    *block = (struct block){qemu_plugin_tb_vaddr(translated), count, code[0] == RET};
    qemu_plugin_register_vcpu_tb_exec_cb(translated, on_block, PLUGIN_NO_REGISTERS, block);
    if (block->address < FIRST_KERNEL_ADDRESS)
        return;
    if (is_call(code, qemu_plugin_insn_size(last)))
        qemu_plugin_register_vcpu_mem_cb(last, on_call, PLUGIN_NO_REGISTERS, PLUGIN_WRITE,
                                         (void *)(uintptr_t)(qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last)));
}

/* Kernel addresses have bit 62 set. */
static uint64_t node_place(const struct node *node) {
    return node->address ? node->address | BLOCK : 0;
}

static void print_chain(FILE *file, const struct node *node) {
    if (node->parent != &root)
        print_chain(file, node->parent);
    fprintf(file, " %llx", (unsigned long long)(node_place(node)));
}

static void on_exit_write(uint64_t id, void *data) {
    FILE *file = fopen(output, "w");
    (void)id, (void)data;
    if (!file) {
        perror(output);
        return;
    }
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (nodes[i] && nodes[i]->instructions) {
            fprintf(file, "%llu", (unsigned long long)nodes[i]->instructions);
            print_chain(file, nodes[i]);
            fputc('\n', file);
        }
    fclose(file);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            output = strdup(argv[i] + 4);
    if (!output) {
        fprintf(stderr, "profile: out=FILE is missing\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
    return 0;
}
