/*
 * Stage2's check of itself: stage1 had room to look at the magic only.
 */
#pragma once

#include <stdint.h>

/* The CRC of the file as it lies in memory; to be called before anything in it changes. */
uint32_t self_check_compute(void);

/* Does not return if the file is not what its header says; otherwise notes it in the trace. */
void self_check_judge(uint32_t crc);
