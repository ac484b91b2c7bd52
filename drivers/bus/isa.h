/* The devices every PC has had at fixed places since the AT: nothing enumerates them. */
#pragma once

/* Announces them, in an order that makes consoles early. May sleep. */
void isa_scan(void);
