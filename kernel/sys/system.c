/* System calls about the machine as a whole: its names, its memory, its power. */
#include "kernel/sys/sys_system.h"

#include "kernel/device/power.h"
#include "kernel/mm/page.h"
#include "kernel/random/random.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sys/names.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/vm/counts.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/version.h"

/* ---- names ---- */

#define UTS_LENGTH 65 /* with NUL: linux/utsname.h */

struct utsname_user { /* struct new_utsname */
    char sysname[UTS_LENGTH], nodename[UTS_LENGTH], release[UTS_LENGTH], version[UTS_LENGTH];
    char machine[UTS_LENGTH], domainname[UTS_LENGTH];
};

DEFINE_LOCK_CLASS(names_class, "host names");
static struct spinlock names_lock = SPINLOCK_INIT(names_class); /* guards both */
static char host_name[UTS_LENGTH] = "astra", domain_name[UTS_LENGTH] = "(none)";

const char system_release[] = "6.1.0-astra";

void system_version(char *text, size_t size) {
    format_snprintf(text, size, "#1 SMP Astra %s %s", astra_version, astra_build_id);
}

static void get_name(const char *stored, char *text, size_t size) {
    uint64_t flags = spin_lock_irqsave(&names_lock);
    strlcpy(text, stored, size);
    spin_unlock_irqrestore(&names_lock, flags);
}

void system_host_name(char *text, size_t size) {
    get_name(host_name, text, size);
}

void system_domain_name(char *text, size_t size) {
    get_name(domain_name, text, size);
}

static int put_name(char *stored, const char *text, size_t length) {
    char copy[UTS_LENGTH] = {0};

    if (length >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text, length);
    uint64_t flags = spin_lock_irqsave(&names_lock);
    memcpy(stored, copy, sizeof copy);
    spin_unlock_irqrestore(&names_lock, flags);
    return 0;
}

int system_set_host_name(const char *text, size_t length) {
    return put_name(host_name, text, MIN(length, (size_t)UTS_LENGTH - 1));
}

int system_set_domain_name(const char *text, size_t length) {
    return put_name(domain_name, text, MIN(length, (size_t)UTS_LENGTH - 1));
}

int64_t sys_uname(struct utsname_user __user *name) {
    struct utsname_user filled = {.sysname = "Linux", .machine = "x86_64"};

    strlcpy(filled.release, system_release, sizeof filled.release);
    system_version(filled.version, sizeof filled.version);
    uint64_t flags = spin_lock_irqsave(&names_lock);
    memcpy(filled.nodename, host_name, sizeof host_name);
    memcpy(filled.domainname, domain_name, sizeof domain_name);
    spin_unlock_irqrestore(&names_lock, flags);
    return copy_to_user(name, &filled, sizeof filled);
}

static int64_t set_name(char *stored, const char __user *name, int length) {
    char copy[UTS_LENGTH] = {0};

    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    if (length < 0 || length >= UTS_LENGTH)
        return -EINVAL;
    if (copy_from_user(copy, name, (size_t)length) < 0)
        return -EFAULT;
    return put_name(stored, copy, (size_t)length);
}

int64_t sys_sethostname(const char __user *name, int length) {
    return set_name(host_name, name, length);
}

int64_t sys_setdomainname(const char __user *name, int length) {
    return set_name(domain_name, name, length);
}

/* ---- figures ---- */

struct sysinfo_user { /* struct sysinfo, linux/sysinfo.h */
    int64_t uptime_seconds;
    uint64_t loads[3];
    uint64_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, padding;
    uint64_t total_high, free_high;
    uint32_t unit;
};
#define SYSINFO_LOAD_SHIFT (16 - 11) /* SI_LOAD_SHIFT has 16 fraction bits, ours 11 */

static bool count_process(struct process *process, void *context) {
    uint32_t *count = context;
    *count += process->thread_count;
    return true;
}

int64_t sys_sysinfo(struct sysinfo_user __user *info) {
    struct sysinfo_user filled = {.unit = 1};
    struct sched_stats load;
    struct page_stats memory;
    struct vm_counts objects;
    uint32_t threads = 0;

    page_stats_read(&memory);
    vm_counts_read(&objects);
    sched_stats_read(&load);
    process_each(count_process, &threads);
    filled.uptime_seconds = (int64_t)(clock_monotonic_ns() / NS_PER_SEC);
    for (unsigned i = 0; i < ARRAY_SIZE(filled.loads); i++)
        filled.loads[i] = load.load_average[i] << SYSINFO_LOAD_SHIFT;
    filled.total_ram = memory.managed_pages << PAGE_SHIFT;
    filled.shared_ram = (uint64_t)objects.shared_pages << PAGE_SHIFT;
    filled.free_ram = memory.free_pages << PAGE_SHIFT;
    filled.processes = (uint16_t)threads;
    return copy_to_user(info, &filled, sizeof filled);
}

/* ---- randomness ---- */

enum getrandom_flag { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };

/* The generator is always ready, so no flag changes anything. */
int64_t sys_getrandom(uint8_t __user *to, size_t size, unsigned flags) {
    uint8_t chunk[256];
    size_t done = 0;

    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    size = MIN(size, (size_t)INT32_MAX);
    while (done < size) {
        size_t count = MIN(size - done, sizeof chunk);
        random_bytes(chunk, count);
        size_t left = copy_to_user_partial(to + done, chunk, count);
        done += count - left;
        if (left != 0)
            return done != 0 ? (int64_t)done : -EFAULT;
        if (done < size && thread_interrupted())
            break;
        if (atomic_load_relaxed(&current_thread()->work) & THREAD_WORK_RESCHEDULE)
            sched_reschedule();
    }
    return (int64_t)done;
}

/* ---- power: linux/reboot.h ---- */

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_MAGIC2 672274793u
#define REBOOT_MAGIC2A 85072278u
#define REBOOT_MAGIC2B 369367448u
#define REBOOT_MAGIC2C 537993216u
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u
#define REBOOT_POWER_OFF 0x4321fedcu

int64_t sys_reboot(uint32_t magic1, uint32_t magic2, uint32_t command, const char __user *argument) {
    (void)argument; /* for a command that is not offered */
    if (!cred_has(current_cred(), CAP_SYS_BOOT))
        return -EPERM;
    if (magic1 != REBOOT_MAGIC1 || (magic2 != REBOOT_MAGIC2 && magic2 != REBOOT_MAGIC2A &&
                                    magic2 != REBOOT_MAGIC2B && magic2 != REBOOT_MAGIC2C))
        return -EINVAL;
    switch (command) {
    case REBOOT_RESTART:
        power_reboot();
    case REBOOT_POWER_OFF:
        power_off();
    case REBOOT_HALT:
        power_halt();
    case REBOOT_CAD_OFF: /* Ctrl-Alt-Del never restarts at once: it is a key like others */
        return 0;
    case REBOOT_CAD_ON:
    default:
        return -EINVAL;
    }
}
