/*
 * /proc/sys: the settings that programs look for. Those that can be changed have a `store`; the others
 * say what is so.
 */
#include "kernel/sys/sysctl.h"

#include "fs/vfs/dentry.h"
#include "fs/vfs/file.h"
#include "kernel/ipc/inotify.h"
#include "kernel/ipc/mqueue.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sysv_msg.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/mm/page.h"
#include "kernel/proc/exec.h"
#include "kernel/random/random.h"
#include "kernel/sched/sched.h"
#include "kernel/sys/names.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/task.h"
#include "kernel/tty/pty.h"
#include "kernel/view/view.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/map.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define VALUE_MAX 128u
#define UUID_BYTES 16u
#define ENTROPY_BITS 256u /* of the generator's key: what Linux reports once it is seeded */
#define FILES_MAX (1u << 18)

/* ---- constants: a table of texts ---- */

struct constant {
    struct view view;
    uint64_t value;
};

static void show_constant(struct view_buffer *buffer, void *context) {
    const struct constant *constant = context;
    view_printf(buffer, "%llu\n", (unsigned long long)constant->value);
}

#define CONSTANT(name, text, number) {{.path = "sys/" name, .help = (text), .show = show_constant}, (number)}

static void show_pty_count(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%u\n", pty_count());
}

static struct constant constants[] = {
    CONSTANT("kernel/pid_max", "process numbers are below", PID_MAX),
    CONSTANT("kernel/ngroups_max", "supplementary groups of a process", CRED_GROUPS_MAX),
    CONSTANT("kernel/cap_last_cap", "highest capability", CAP_LAST),
    CONSTANT("kernel/tainted", "reasons not to trust the kernel: none", 0),
    CONSTANT("kernel/pty/max", "pseudo-terminals there can be", PTY_COUNT_MAX),
    {.view = {.path = "sys/kernel/pty/nr", .help = "pseudo-terminals there are", .show = show_pty_count}},
    CONSTANT("kernel/sched_rt_period_us", "of each such time, real-time threads may have", SCHED_RT_PERIOD_US),
    CONSTANT("kernel/sched_rt_runtime_us", "so much, while others wait", SCHED_RT_RUNTIME_US),
    CONSTANT("kernel/random/entropy_avail", "bits of the random generator's key", ENTROPY_BITS),
    CONSTANT("kernel/random/poolsize", "the same", ENTROPY_BITS),
    CONSTANT("vm/max_map_count", "mappings of a process", 65530),
    CONSTANT("vm/mmap_min_addr", "mappings below it need CAP_SYS_RAWIO", MAP_LOW),
    CONSTANT("kernel/shm_rmid_forced", "segments go when nobody has them: only those removed", 0),
    CONSTANT("vm/swappiness", "there is no swap", 0),
    CONSTANT("fs/pipe-max-size", "bytes a pipe may be set to hold without privilege", PIPE_CAPACITY_MAX),
    CONSTANT("fs/file-max", "open files of a descriptor table", FILES_MAX),
    CONSTANT("fs/nr_open", "limit of RLIMIT_NOFILE", FILES_MAX),
};

/* ---- numbers that root may change ---- */

struct setting {
    struct view view;
    uint64_t *value;
    uint64_t maximum;
};

static void show_setting(struct view_buffer *buffer, void *context) {
    const struct setting *setting = context;
    view_printf(buffer, "%llu\n", (unsigned long long)atomic_load_relaxed(setting->value));
}

static int store_setting(const char *text, size_t length, void *context) {
    const struct setting *setting = context;
    char digits[VALUE_MAX];
    uint64_t value;

    if (length >= sizeof digits)
        return -EINVAL;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (parse_u64(digits, &value) != 0 || value > setting->maximum)
        return -EINVAL;
    atomic_store_relaxed(setting->value, value);
    return 0;
}

#define SETTING(name, text, variable, largest) \
    {.view = {.path = "sys/" name, .help = (text), .show = show_setting, .store = store_setting}, \
     .value = &(variable), .maximum = (largest)}

static struct setting settings[] = {
    SETTING("kernel/randomize_va_space", "address spaces are laid out at random: 0 not, 1 but for the heap, 2 all",
            exec_randomize, RANDOMIZE_BRK_TOO),
    SETTING("fs/inotify/max_queued_events", "events of an inotify instance that may wait to be read",
            inotify_limits.queued_events, INT32_MAX),
    SETTING("fs/inotify/max_user_instances", "inotify instances of a user", inotify_limits.user_instances, INT32_MAX),
    SETTING("fs/inotify/max_user_watches", "inotify watches of a user", inotify_limits.user_watches, INT32_MAX),
    SETTING("fs/pipe-user-pages-soft", "pages of a user's pipes beyond which new ones are small; 0: no limit",
            pipe_limits.user_pages_soft, INT64_MAX),
    SETTING("fs/pipe-user-pages-hard", "pages of a user's pipes beyond which there are no new ones; 0: no limit",
            pipe_limits.user_pages_hard, INT64_MAX),
    SETTING("fs/mqueue/queues_max", "POSIX message queues of the system", mqueue_limits.queues, INT32_MAX),
    SETTING("fs/mqueue/msg_max", "messages of a queue", mqueue_limits.messages, 65536),
    SETTING("fs/mqueue/msgsize_max", "bytes of a message", mqueue_limits.message_bytes, 1u << 24),
    SETTING("fs/mqueue/msg_default", "messages of a queue made without attributes", mqueue_limits.messages_default, 65536),
    SETTING("fs/mqueue/msgsize_default", "bytes of its messages", mqueue_limits.message_bytes_default, 1u << 24),
    SETTING("kernel/shmmax", "bytes of a shared memory segment", shm_limits.bytes_max, UINT64_MAX),
    SETTING("kernel/shmall", "pages of all of them", shm_limits.pages_total, UINT64_MAX),
    SETTING("kernel/shmmni", "how many there may be", shm_limits.count, IPC_INDEX_MAX),
    SETTING("kernel/msgmax", "bytes of a System V message", msg_limits.message_bytes, INT32_MAX),
    SETTING("kernel/msgmnb", "bytes in a new message queue", msg_limits.queue_bytes, INT32_MAX),
    SETTING("kernel/msgmni", "how many queues there may be", msg_limits.queues, IPC_INDEX_MAX),
    SETTING("vm/overcommit_memory", "memory is promised: 0 by estimate, 1 always, 2 up to CommitLimit",
            overcommit.mode, OVERCOMMIT_NEVER),
    SETTING("vm/overcommit_ratio", "percent of memory in CommitLimit", overcommit.ratio_percent, INT32_MAX),
    SETTING("vm/overcommit_kbytes", "CommitLimit instead of a percentage", overcommit.limit_kib, INT64_MAX),
    SETTING("vm/admin_reserve_kbytes", "not promised to others than root", overcommit.admin_reserve_kib, INT64_MAX),
    SETTING("vm/user_reserve_kbytes", "not promised to one process", overcommit.user_reserve_kib, INT64_MAX),
};

/* ---- names ---- */

static void show_os_type(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "Linux\n");
}

static void show_os_release(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%s\n", system_release);
}

static void show_os_version(struct view_buffer *buffer, void *context) {
    char text[VALUE_MAX];
    (void)context;
    system_version(text, sizeof text);
    view_printf(buffer, "%s\n", text);
}

static void show_host_name(struct view_buffer *buffer, void *context) {
    char text[VALUE_MAX];
    (void)context;
    system_host_name(text, sizeof text);
    view_printf(buffer, "%s\n", text);
}

static void show_domain_name(struct view_buffer *buffer, void *context) {
    char text[VALUE_MAX];
    (void)context;
    system_domain_name(text, sizeof text);
    view_printf(buffer, "%s\n", text);
}

static int store_host_name(const char *text, size_t length, void *context) {
    (void)context;
    return system_set_host_name(text, length);
}

static int store_domain_name(const char *text, size_t length, void *context) {
    (void)context;
    return system_set_domain_name(text, length);
}

/* Open files, free ones kept (none), and how many there may be. */
static void show_file_numbers(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%llu\t0\t%u\n", (unsigned long long)file_count(), FILES_MAX);
}

static void show_threads_max(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%u\n", task_max());
}

/* ---- semaphores: four numbers in one file ---- */

static void show_sem_limits(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%llu\t%llu\t%llu\t%llu\n", (unsigned long long)sem_limits.per_set,
                (unsigned long long)sem_limits.total, (unsigned long long)sem_limits.operations,
                (unsigned long long)sem_limits.sets);
}

/* The next number of a list; NULL: there is none, or it is too large. */
static const char *next_number(const char *text, const char *end, uint64_t *value) {
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    const char *start = text;
    for (*value = 0; text < end && *text >= '0' && *text <= '9' && *value <= INT32_MAX; text++)
        *value = *value * 10 + (uint64_t)(*text - '0');
    return text == start || *value > INT32_MAX ? NULL : text;
}

/* Fewer than four numbers change the first ones. */
static int store_sem_limits(const char *text, size_t length, void *context) {
    uint64_t *const limits[] = {&sem_limits.per_set, &sem_limits.total, &sem_limits.operations, &sem_limits.sets};
    static const uint64_t largest[] = {65535, INT32_MAX, 65535, IPC_INDEX_MAX};
    const char *end = text + length;

    (void)context;
    for (size_t i = 0; i < ARRAY_SIZE(limits) && text < end; i++) {
        uint64_t value;
        text = next_number(text, end, &value);
        if (text == NULL || value > largest[i])
            return -EINVAL;
        atomic_store_relaxed(limits[i], value);
    }
    return 0;
}

/* ---- the identifier that the next object of System V shall have ---- */

static void show_wanted_id(struct view_buffer *buffer, void *context) {
    view_printf(buffer, "%d\n", ipc_wanted_id(context));
}

static int store_wanted_id(const char *text, size_t length, void *context) {
    uint64_t value;
    const char *end = next_number(text, text + length, &value);

    if (!cred_has(current_cred(), CAP_CHECKPOINT_RESTORE) && !cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    if (end != text + length)
        return -EINVAL;
    ipc_want_id(context, (int32_t)value);
    return 0;
}

#define WANTED_ID(name, family) \
    {.path = "sys/kernel/" name "_next_id", .help = "identifier of the next new one; -1: any", .context = &(family), \
     .show = show_wanted_id, .store = store_wanted_id}

/* ---- random numbers ---- */

static uint8_t boot_id[UUID_BYTES]; /* drawn once at start-up */

static void show_uuid(struct view_buffer *buffer, const uint8_t uuid[UUID_BYTES]) {
    for (unsigned i = 0; i < UUID_BYTES; i++)
        view_printf(buffer, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    view_printf(buffer, "\n");
}

/* A random UUID, RFC 4122 §4.4: version 4, variant 1. */
static void draw_uuid(uint8_t uuid[UUID_BYTES]) {
    random_bytes(uuid, UUID_BYTES);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void show_new_uuid(struct view_buffer *buffer, void *context) {
    uint8_t uuid[UUID_BYTES];
    (void)context;
    draw_uuid(uuid);
    show_uuid(buffer, uuid);
}

static void show_boot_id(struct view_buffer *buffer, void *context) {
    (void)context;
    show_uuid(buffer, boot_id);
}

/* ---- caches ---- */

static void show_dentry_state(struct view_buffer *buffer, void *context) {
    struct dentry_stats stats;
    (void)context;
    dentry_stats_read(&stats);
    view_printf(buffer, "%llu\t%llu\t45\t0\t0\t0\n", (unsigned long long)stats.total,
                (unsigned long long)stats.unused);
}

/* 2 and 3 drop names that nobody uses; 1, the page cache, has nothing that could be read again yet. */
static int store_drop_caches(const char *text, size_t length, void *context) {
    (void)context;
    if (length != 1 || text[0] < '1' || text[0] > '3')
        return -EINVAL;
    if (text[0] != '1')
        dentry_shrink_all();
    return 0;
}

static void show_drop_caches(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "0\n");
}

static struct view views[] = {
    {.path = "sys/kernel/ostype", .help = "as uname -s", .show = show_os_type},
    {.path = "sys/kernel/osrelease", .help = "as uname -r", .show = show_os_release},
    {.path = "sys/kernel/version", .help = "as uname -v", .show = show_os_version},
    {.path = "sys/kernel/hostname", .help = "as uname -n", .show = show_host_name,
     .store = store_host_name},
    {.path = "sys/kernel/domainname", .help = "NIS domain", .show = show_domain_name, .store = store_domain_name},
    {.path = "sys/fs/file-nr", .help = "open files, 0, limit", .show = show_file_numbers},
    {.path = "sys/kernel/random/uuid", .help = "a new one at each reading", .show = show_new_uuid},
    {.path = "sys/kernel/random/boot_id", .help = "of this run", .show = show_boot_id},
    {.path = "sys/kernel/sem", .help = "semaphores of a set, of the system; operations of a call; sets",
     .show = show_sem_limits, .store = store_sem_limits},
    WANTED_ID("shm", shm_family),
    WANTED_ID("sem", sem_family),
    WANTED_ID("msg", msg_family),
    {.path = "sys/kernel/threads-max", .help = "threads of the system", .show = show_threads_max},
    {.path = "sys/fs/dentry-state", .help = "cached names: all, unused", .show = show_dentry_state},
    {.path = "sys/vm/drop_caches", .help = "write 2 to forget unused names", .show = show_drop_caches,
     .store = store_drop_caches},
};

void sysctl_init(void) {
    draw_uuid(boot_id);
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].tree = VIEW_PROC;
        view_register(&views[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        settings[i].view.tree = VIEW_PROC;
        settings[i].view.context = &settings[i];
        view_register(&settings[i].view);
    }
    for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
        constants[i].view.tree = VIEW_PROC;
        constants[i].view.context = &constants[i];
        view_register(&constants[i].view);
    }
}
