/*
 * Which I/O ports a program may use by itself: ioperm(2) and iopl(2). The I/O privilege level stays 0; level 3
 * is played by a map that denies nothing, so that programs cannot switch interrupts off.
 *
 * Invariant: a map that more than one task has is never changed.
 * Locks: none; a task changes its own rights only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct task;

#define PORT_LEVEL_MAX 3u /* every port */

/* Allows or denies `count` ports from `first` to the running task. 0 or -ENOMEM. May sleep. */
int ports_change(uint32_t first, uint32_t count, bool allow);
/* 0 to PORT_LEVEL_MAX. */
void ports_set_level(unsigned level);
/* A child begins with what its parent has. */
void ports_inherit(struct task *child, const struct task *parent);
/* Does not sleep. */
void ports_drop(struct task *task);
