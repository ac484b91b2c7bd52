/*
 * The kernel's table of contents: what is set up at boot, in which order, and why in that order.
 * Entered from start.asm on the boot CPU, with interrupts off, on the boot stack.
 */
#include "kernel/main.h"

#include "drivers/drivers.h"
#include "fs/filesystems.h"
#include "fs/vfs/vfs.h"
#include "kernel/arch/boot.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/debug/debug.h"
#include "kernel/debug/kasan.h"
#include "kernel/debug/serial.h"
#include "kernel/firmware/acpi.h"
#include "kernel/ipc/epoll.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sysv_msg.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/irq/irq.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/panic.h"
#include "kernel/mm/boot_memory.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/first.h"
#include "kernel/proc/futex.h"
#include "kernel/random/random.h"
#include "kernel/runtime/boot_bios_log.h"
#include "kernel/runtime/runtime.h"
#include "kernel/sched/load.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/work.h"
#include "kernel/start_cpus.h"
#include "kernel/sys/sysctl.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/trap/trap.h"
#include "kernel/tty/console.h"
#include "kernel/vm/space.h"
#include "net/unix/unix.h"

/* The second half may sleep: drivers wait for their devices, self-tests for each other. */
static void boot_rest(void *unused) {
    (void)unused;
    boot_trace_add(BOOT_EVENT_KERNEL_THREADS, 0, 0);
    cpus_start();                    // the other CPUs, to share in the work
    vfs_init();                      // caches and the mount table
    filesystems_init(boot_info.ramfs_size ? phys_to_virt(boot_info.ramfs_phys) : NULL,
                     boot_info.ramfs_size); // the tree at /
    pipe_init();
    shm_init();                      // System V IPC, three kinds
    sem_init();
    msg_init();
    unix_init();                     // AF_UNIX sockets
    epoll_init();
    sysctl_init();                   // /proc/sys
    runtime_views_init();            // /kernel/runtime
    boot_trace_add(BOOT_EVENT_FILESYSTEMS, 0, 0);

    console_init();                  // /dev/console, before drivers offer terminals
    drivers_init();                  // buses announce devices, drivers take them
    boot_trace_add(BOOT_EVENT_DRIVERS, 0, 0);

    debug_run_requested();           // `selftest`, `crash=KIND`, `init=monitor`
    first_program_start();
}

void kernel_main(const struct boot_info *info) {
    const char *bad_hand_over = boot_info_adopt(info);
    boot_trace_add(BOOT_EVENT_KERNEL_ENTRY, 0, 0);
    early_console_init();            // from here on something can be said
    trap_init();                     // and faults are reported, not rebooted on
    debug_init();
    if (bad_hand_over)
        panic("%s", bad_hand_over);
    cmdline_init(boot_info.cmdline);
    cpu_init();                      // NX, SMEP, SMAP: before the page tables that rely on them

    boot_memory_init();              // which frames the loader left free
    kernel_space_init();             // our own page tables, then
    if (CONFIG_KASAN)
        kasan_init();                // the shadow, before there is anything to mark
    boot_bios_log_keep();            // before the loader's memory is given away
    page_init();                     // the page allocator, in the direct map
    slab_init();                     // small objects, in pages
    boot_trace_add(BOOT_EVENT_KERNEL_MEMORY, 0, 0);
    syscall_init();
    arch_fpu_init();                 // its area's size is needed by the task cache

    acpi_tables_init(boot_info.rsdp_phys); // says which interrupt chips there are
    irq_init();
    time_init();                     // calibrates against the PIT or ACPI timer
    boot_trace_add(BOOT_EVENT_KERNEL_CLOCK, clock_tsc_hz(), 0);
    sched_init();                    // this code becomes a thread: sleeping is allowed
    work_start();
    load_start();

    task_init();
    space_init();
    futex_init();
    if (!thread_spawn("boot", boot_rest, NULL))
        panic("no memory for the boot thread");
    sched_idle();                    // this thread is now what runs when nothing else does
}
