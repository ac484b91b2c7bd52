/* unshare(2): what clone() shared becomes the thread's own. */
#pragma once

#include <stdint.h>

/* 0, -EINVAL, -EPERM, -ENOMEM. There are no namespaces. May sleep. */
int process_unshare(uint64_t flags);
