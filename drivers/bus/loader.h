/* The devices that the loader set up and describes in boot_info. */
#pragma once

/* Announces them. May sleep. */
void loader_scan(void);
