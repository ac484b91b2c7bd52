/*
 * What the compiler's checks for undefined behaviour report to (debug builds: -fsanitize=undefined). The C
 * standard gives such code no meaning; the kernel says where it is, once a place, and goes on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Reports so far, and those that nobody expected: 0 in a correct kernel. */
uint32_t ubsan_report_count(void);
uint32_t ubsan_unexpected_count(void);
/* For the self-test that seeds faults: reports are counted but not logged. */
void ubsan_expect_reports(bool expect);
