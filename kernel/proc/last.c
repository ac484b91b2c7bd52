#include "kernel/proc/last.h"

#define LOG_TAG "proc"

#include "fs/vfs/mount.h"
#include "kernel/device/power.h"
#include "kernel/log/log.h"
#include "kernel/sched/work.h"

static int first_process_status; /* written once, before the work is queued */

static void end_system(struct work *work) {
    (void)work;
    log_error("process 1 ended with status %#x: nothing is left to run, the machine is switched off",
              (unsigned)first_process_status);
    if (super_sync_all() < 0)
        log_error("a file system could not be written");
    power_off();
}

static struct work end_work;

void first_process_ended(int status) {
    first_process_status = status;
    work_init(&end_work, end_system);
    work_queue(&end_work);
}
