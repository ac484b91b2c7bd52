/* Bugs on request, to see that the kernel notices and explains them: `crash=KIND` on the command line. */
#pragma once

/* Does what crash=KIND asks for, if anything; logs the kinds when it does not know it. In a thread. */
void crash_run_requested(void);
