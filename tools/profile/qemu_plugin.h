/*
 * What the profiler uses of the interface between QEMU and its plugins (QEMU's documentation, "QEMU TCG Plugins",
 * version 1 of the interface). QEMU exports these functions; Debian packages no header for them.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_INTERFACE 1
#define PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;   /* a block of instructions without a jump inside */
struct qemu_plugin_insn; /* one of them */

enum plugin_registers { PLUGIN_NO_REGISTERS };
enum plugin_access { PLUGIN_READ = 1, PLUGIN_WRITE = 2 };

typedef void plugin_on_translate(uint64_t id, struct qemu_plugin_tb *block);
typedef void plugin_on_execute(unsigned cpu, void *data);
typedef void plugin_on_access(unsigned cpu, uint32_t kind, uint64_t address, void *data);
typedef void plugin_on_exit(uint64_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_on_translate *function);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, plugin_on_execute *function,
                                          enum plugin_registers registers, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_on_access *function,
                                      enum plugin_registers registers, enum plugin_access access, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_on_exit *function, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
