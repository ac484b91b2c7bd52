/*
 * The letters are Linux's (admin-guide/sysrq); the answers go to the log. Written to by root in a system call, so
 * commands may sleep.
 */
#define LOG_TAG "sysrq"
#include "kernel/debug/sysrq.h"

#include "fs/vfs/mount.h"
#include "kernel/debug/backtrace.h"
#include "kernel/debug/symbols.h"
#include "kernel/device/power.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/view/view.h"
#include "lib/errno.h"

#define CHAIN_DEPTH 16u
#define SYMBOL_MAX 80
#define KIB_PER_PAGE (PAGE_SIZE / 1024)

#define ULL(x) ((unsigned long long)(x))

static void do_reboot(void) {
    power_reboot();
}

static void do_power_off(void) {
    power_off();
}

static void do_crash(void) {
    panic("requested through /proc/sysrq-trigger");
}

static void do_sync(void) {
    int error = super_sync_all();
    if (error)
        log_warn("file systems could not be written back (%d)", error);
    else
        log_notice("file systems are written back");
}

/* The thread may run meanwhile on another CPU: its frames are read as bytes that are not trusted. */
static void show_thread(struct thread *thread, void *context) {
    uint64_t addresses[CHAIN_DEPTH];
    char symbol[SYMBOL_MAX];
    (void)context;
    log_notice("%5d %s %s", thread_is_user(thread) ? thread_to_task(thread)->tid->number : 0, thread->name,
               thread_state_name(thread));
    if (thread->on_cpu)
        return;
    size_t count = backtrace_collect(arch_thread_frame_pointer(&thread->arch), addresses, CHAIN_DEPTH);
    for (size_t i = 0; i < count; i++) {
        symbol_format_return(symbol, sizeof symbol, addresses[i]);
        log_notice("        %s", symbol);
    }
}

static bool show_process_threads(struct process *process, void *context) {
    struct task *task;
    list_for_each_entry(task, &process->threads, process_node)
        show_thread(&task->thread, context);
    return true;
}

static void do_threads(void) {
    log_notice("threads: number, name, state; call chain in the kernel, innermost first");
    kernel_thread_each(show_thread, NULL);
    process_each(show_process_threads, NULL);
}

static void show_slab(void *context, const struct slab_stats *stats) {
    (void)context;
    if (stats->pages)
        log_notice("slab %s: %llu objects of %zu bytes, %llu KiB", stats->name, ULL(stats->objects_in_use),
                   stats->object_size, ULL(stats->pages * KIB_PER_PAGE));
}

static void do_memory(void) {
    struct page_stats stats;
    page_stats_read(&stats);
    log_notice("%llu KiB managed, %llu KiB free", ULL(stats.managed_pages * KIB_PER_PAGE),
               ULL(stats.free_pages * KIB_PER_PAGE));
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        log_notice("free blocks of %llu KiB: %llu", ULL(KIB_PER_PAGE << order), ULL(stats.free_blocks[order]));
    slab_stats_each(show_slab, NULL);
}

static void do_help(void);

static const struct {
    char letter;
    const char *help;
    void (*run)(void);
} commands[] = {
    {'b', "restart the machine at once", do_reboot}, {'c', "crash: panic", do_crash},
    {'h', "this help", do_help},                     {'m', "memory to the log", do_memory},
    {'o', "power off at once", do_power_off},        {'s', "write file systems back", do_sync},
    {'t', "threads to the log", do_threads},
};

static void do_help(void) {
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        log_notice("%c %s", commands[i].letter, commands[i].help);
}

/* Each letter in turn, as newer Linux takes several; unknown ones show the help, as there. */
static int store(const char *text, size_t length, void *context) {
    (void)context;
    for (size_t at = 0; at < length; at++) {
        void (*run)(void) = do_help;
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
            if (commands[i].letter == text[at])
                run = commands[i].run;
        log_notice("'%c' requested", text[at]);
        run();
    }
    return 0;
}

static struct view trigger_view = {
    .tree = VIEW_PROC,
    .path = "sysrq-trigger",
    .help = "write a letter: b restart, c crash, h help, m memory, o power off, s sync, t threads",
    .store = store,
};

void sysrq_init(void) {
    view_register(&trigger_view);
}
