/* /proc/PID: timerslack_ns, personality, oom_adj, task/TID/children (proc(5)). */
#include "fs/procfs/process.h"

#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

#define NUMBER_BYTES 24u

/* ---- timerslack_ns ---- */

static int may_see_slack(const struct proc_node *node) {
    struct process *process = proc_process(node);
    bool own = process == current_process();
    if (process)
        process_put(process);
    if (!process)
        return -ESRCH;
    return own || cred_has(current_cred(), CAP_SYS_NICE) ? 0 : -EPERM;
}

int proc_show_timer_slack(const struct proc_node *node, struct view_buffer *buffer) {
    int error = may_see_slack(node);
    if (error)
        return error;
    rcu_read_lock();
    const struct task *task = proc_task_rcu(node);
    uint64_t slack_ns = task ? task->timer_slack_ns : 0;
    rcu_read_unlock();
    view_printf(buffer, "%llu\n", (unsigned long long)slack_ns);
    return task ? 0 : -ESRCH;
}

/* A number with perhaps a newline behind it. */
static int parse_text(const char *text, size_t length, uint64_t *value) {
    char digits[NUMBER_BYTES];
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length == 0 || length >= sizeof digits)
        return -EINVAL;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return parse_u64(digits, value) == 0 ? 0 : -EINVAL;
}

int proc_store_timer_slack(const struct proc_node *node, const char *text, size_t length) {
    uint64_t slack_ns;
    int error = parse_text(text, length, &slack_ns);
    if (!error)
        error = may_see_slack(node);
    if (error)
        return error;
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    if (task)
        task->timer_slack_ns = slack_ns ? slack_ns : task->default_timer_slack_ns;
    rcu_read_unlock();
    return task ? 0 : -ESRCH;
}

/* ---- personality ---- */

int proc_show_personality(const struct proc_node *node, struct view_buffer *buffer) {
    int error = proc_may_look(node);
    if (error)
        return error;
    rcu_read_lock();
    const struct task *task = proc_task_rcu(node);
    uint32_t personality = task ? task->personality : 0;
    rcu_read_unlock();
    view_printf(buffer, "%08x\n", personality);
    return 0;
}

/* ---- oom_adj: oom_score_adj in the older measure, -17 to 15 ---- */

#define OLD_DISABLE (-17)
#define OLD_MAX 15
#define NEW_MAX 1000

int proc_show_oom_adj(const struct proc_node *node, struct view_buffer *buffer) {
    struct process *process = proc_process(node);
    if (!process)
        return -ESRCH;
    int adjust = atomic_load_relaxed(&process->oom_adjust);
    process_put(process);
    view_printf(buffer, "%d\n", adjust == NEW_MAX ? OLD_MAX : adjust * -OLD_DISABLE / NEW_MAX);
    return 0;
}

int proc_store_oom_adj(const struct proc_node *node, const char *text, size_t length) {
    bool negative = length > 0 && text[0] == '-';
    char number[NUMBER_BYTES];
    uint64_t value;
    int error = parse_text(text + negative, length - negative, &value);
    if (error || value > (negative ? (uint64_t)-OLD_DISABLE : OLD_MAX))
        return -EINVAL;
    int adjust = (int)value * NEW_MAX / -OLD_DISABLE;
    if (!negative && value == OLD_MAX)
        adjust = NEW_MAX;
    size_t size = (size_t)format_snprintf(number, sizeof number, "%d", negative ? -adjust : adjust);
    return proc_store_oom_adjust(node, number, size);
}

/* ---- children: of the process, told by its first thread ---- */

int proc_show_children(const struct proc_node *node, struct view_buffer *buffer) {
    struct process *process = proc_process(node), *child;
    if (!process)
        return -ESRCH;
    char line[NUMBER_BYTES];
    size_t size = 0, room = 0;
    char *text = NULL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    bool first_thread = process->pid == node->pid;
    list_for_each_entry(child, &process->children, sibling)
        room += first_thread ? NUMBER_BYTES : 0;
    spin_unlock_irqrestore(&task_list_lock, flags);
    text = room ? kmalloc(room) : NULL;
    flags = spin_lock_irqsave(&task_list_lock);
    list_for_each_entry(child, &process->children, sibling) {
        size_t length = (size_t)format_snprintf(line, sizeof line, "%d ", child->pid->number);
        if (!text || size + length > room)
            break;
        memcpy(text + size, line, length);
        size += length;
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    if (size)
        view_write(buffer, text, size);
    kfree(text);
    process_put(process);
    return room && !text ? -ENOMEM : 0;
}
