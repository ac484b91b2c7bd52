/* /proc/sys: what sysctl(8) reads and writes. */
#pragma once

void sysctl_init(void); /* registers the views */
