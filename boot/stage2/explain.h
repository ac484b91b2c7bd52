/*
 * Explain mode: the loader pauses at each step and shows what happens, with the values of this
 * machine. Chosen in the boot menu or by `explain = yes` in boot/astra.cfg.
 *
 * Both choices are known only after the configuration has been read; the steps before that are
 * explained from what they noted (facts.h), the later ones as they happen.
 */
#pragma once

/* Where the loader has got to: pages up to here can be shown. In order. */
enum explain_point {
    EXPLAIN_CONFIG,  /* all steps up to the configuration are done */
    EXPLAIN_VIDEO,
    EXPLAIN_KERNEL,
    EXPLAIN_RAMFS,
    EXPLAIN_ACPI,
    EXPLAIN_PAGING,
    EXPLAIN_HANDOFF  /* all is ready for the jump; the BIOS still works */
};

/*
 * Shows the pages that have become possible and waits for the reader after each. Nothing unless
 * the mode was chosen, or after the reader has had enough. Where nobody presses a key, it ends by
 * itself.
 */
void explain(enum explain_point point);
