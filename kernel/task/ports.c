#include "kernel/task/ports.h"

#include "kernel/arch/segments.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

struct task_ports {
    struct refcount refcount;
    struct port_map map;
};

static struct port_map every_port; /* denies nothing */

/* The running task's rights have changed. */
static void use(struct task *task) {
    const struct port_map *own = task->ports ? &task->ports->map : NULL;

    arch_set_ports(&task->thread.arch, task->port_level == PORT_LEVEL_MAX ? &every_port : own);
}

/* A map that nobody else has, with the same rights. */
static struct task_ports *ports_copy(const struct task_ports *old) {
    struct task_ports *ports = kmalloc(sizeof *ports);

    if (!ports)
        return NULL;
    refcount_init(&ports->refcount, 1);
    if (old)
        ports->map = old->map;
    else
        memset(&ports->map, 0xff, sizeof ports->map);
    return ports;
}

static void change_map(struct port_map *map, uint32_t first, uint32_t count, bool allow) {
    for (uint32_t port = first; port < first + count; port++) {
        uint8_t bit = (uint8_t)(1u << port % 8);
        map->denied[port / 8] = (uint8_t)(allow ? map->denied[port / 8] & ~bit : map->denied[port / 8] | bit);
    }
}

int ports_change(uint32_t first, uint32_t count, bool allow) {
    struct task *task = current_task();
    struct task_ports *ports = task->ports;

    if (!ports && !allow)
        return 0;
    if (!ports || refcount_read(&ports->refcount) > 1) {
        ports = ports_copy(task->ports);
        if (!ports)
            return -ENOMEM;
    }
    change_map(&ports->map, first, count, allow);
    struct task_ports *old = task->ports;
    task->ports = ports;
    use(task);
    if (old && old != ports && refcount_put(&old->refcount))
        kfree(old);
    return 0;
}

void ports_set_level(unsigned level) {
    struct task *task = current_task();

    task->port_level = level;
    use(task);
}

void ports_inherit(struct task *child, const struct task *parent) {
    if (parent->ports)
        refcount_get(&parent->ports->refcount);
    child->ports = parent->ports;
    child->port_level = parent->port_level;
    arch_preset_ports(&child->thread.arch, parent->thread.arch.ports);
}

void ports_drop(struct task *task) {
    if (task->ports && refcount_put(&task->ports->refcount))
        kfree(task->ports);
}
