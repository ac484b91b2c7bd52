/* What the process layer asks of terminals. */
#pragma once

struct process;
struct tty;

/* The running process's session leader is exiting: its terminal hangs up. May sleep. */
void tty_session_leader_exit(struct process *process);
/* vhangup(2): the running process's terminal, if it has one, hangs up. May sleep. */
void tty_hangup_controlling(void);
/* tty_nr and tpgid for /proc/PID/stat: the device number, the foreground group; 0 and -1 without a terminal. */
void tty_stat_numbers(struct process *process, unsigned *device, int *foreground);
