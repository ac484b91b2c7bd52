/* /proc/PID/oom_score and oom_score_adj (proc(5)): whom the OOM killer takes first. */
#include "fs/procfs/process.h"

#include "kernel/mm/page.h"
#include "kernel/vm/oom.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define NUMBER_BYTES 12u /* as much of what is written is looked at, as on Linux */

/* 0 to 2000, as Linux scales it: two thirds of (1000 + thousandths of memory that it counts for). */
int proc_show_oom_score(const struct proc_node *node, struct view_buffer *buffer) {
    struct process *process = proc_process(node);
    struct page_stats stats;

    if (!process)
        return -ESRCH;
    page_stats_read(&stats);
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    uint64_t weight = oom_weight(process);
    spin_unlock_irqrestore(&task_list_lock, flags);
    process_put(process);
    uint64_t score = weight ? (OOM_ADJUST_MAX + weight * OOM_ADJUST_MAX / stats.managed_pages) * 2 / 3 : 0;
    view_printf(buffer, "%llu\n", (unsigned long long)score);
    return 0;
}

int proc_show_oom_adjust(const struct proc_node *node, struct view_buffer *buffer) {
    struct process *process = proc_process(node);

    if (!process)
        return -ESRCH;
    view_printf(buffer, "%d\n", atomic_load_relaxed(&process->oom_adjust));
    process_put(process);
    return 0;
}

/* "-17\n": 0 or -EINVAL. */
static int parse_adjust(const char *text, size_t length, int *adjust) {
    char digits[NUMBER_BYTES + 1] = {0};
    uint64_t value;

    length = MIN(length, (size_t)NUMBER_BYTES);
    if (length > 0 && text[length - 1] == '\n')
        length--;
    bool negative = length > 0 && text[0] == '-';
    if (length - negative >= sizeof digits || length == negative)
        return -EINVAL;
    memcpy(digits, text + negative, length - negative);
    if (parse_u64(digits, &value) != 0 || value > OOM_ADJUST_MAX)
        return -EINVAL;
    *adjust = negative ? -(int)value : (int)value;
    return 0;
}

/* Going down, to be spared, needs CAP_SYS_RESOURCE. */
int proc_store_oom_adjust(const struct proc_node *node, const char *text, size_t length) {
    int adjust, error = parse_adjust(text, length, &adjust);
    struct process *process = error ? NULL : proc_process(node);

    if (!process)
        return error ? error : -ESRCH;
    if (adjust < atomic_load_relaxed(&process->oom_adjust) && !cred_has(current_cred(), CAP_SYS_RESOURCE))
        error = -EACCES;
    else
        atomic_store_relaxed(&process->oom_adjust, (int16_t)adjust);
    process_put(process);
    return error;
}
