/*
 * The facts.
 */
#include "boot/stage2/facts.h"

struct boot_facts boot_facts;
