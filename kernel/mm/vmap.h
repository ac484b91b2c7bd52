/* How the region at VMAP_BASE is divided. All of it hangs on one top-level entry, made at boot. */
#pragma once

#include "kernel/mm/layout.h"

#define VMAP_STACKS_BASE VMAP_BASE
#define VMAP_STACKS_SIZE (128ull << 30)
#define VMAP_DEVICES_BASE (VMAP_STACKS_BASE + VMAP_STACKS_SIZE)
#define VMAP_DEVICES_SIZE (384ull << 30)
_Static_assert(VMAP_STACKS_SIZE + VMAP_DEVICES_SIZE == 1ull << 39, "one top-level entry");
