/* /proc as Linux has it: processes by number, and the views of VIEW_PROC. */
#pragma once

void procfs_init(void);
