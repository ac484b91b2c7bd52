/* What the system calls itself: for uname and the views. Any context. */
#pragma once

#include <stddef.h>

extern const char system_release[]; /* "6.1.0-astra" */
void system_version(char *text, size_t size);
void system_host_name(char *text, size_t size);
void system_domain_name(char *text, size_t size);
/* What is too long is cut off. 0. The caller has checked the right to do so. */
int system_set_host_name(const char *text, size_t length);
int system_set_domain_name(const char *text, size_t length);
