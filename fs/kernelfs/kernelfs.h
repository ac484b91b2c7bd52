/* /kernel: live kernel state as typed text, one file a view. */
#pragma once

void kernelfs_init(void);
