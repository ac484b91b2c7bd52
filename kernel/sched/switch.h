/* Between the scheduler's core and thread creation. */
#pragma once

/* Where every new thread's stack starts: completes the switch to it and calls its entry function. */
void thread_begin(void);
