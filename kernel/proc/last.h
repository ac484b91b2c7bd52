/* What happens when process 1 ends: nothing is left to run, so disks are written and the power goes. */
#pragma once

/* Told by exit, with task_list_lock held: only notes it and wakes a worker. */
void first_process_ended(int status);
