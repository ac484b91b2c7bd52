/* The way down: every program is asked, then told, to end; disks are written; then the kernel. */
#pragma once

enum shutdown_action { SHUTDOWN_POWER_OFF, SHUTDOWN_HALT, SHUTDOWN_REBOOT };

_Noreturn void shutdown_system(enum shutdown_action action);
