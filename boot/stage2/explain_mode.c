/*
 * Pages: the switch to long mode and the jump.
 */
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/handoff_jump.h"
#include "boot/stage2/long_mode.h"
#include "boot/stage2/state.h"
#include "lib/string.h"

static struct mode_visit visit;

static void print_registers(const char *when, const struct mode_registers *r) {
    console_printf("%s:\n", when);
    explain_flags("  CR0  ", r->cr0, 8, FLAGS_CR0);
    console_printf("  CR3  %08x\n", r->cr3);
    explain_flags("  CR4  ", r->cr4, 8, FLAGS_CR4);
    explain_flags("  EFER ", r->efer, 8, FLAGS_EFER);
}

unsigned explain_long_mode(unsigned part) {
    const struct handoff_target *target = boot_facts.target;

    (void)part;
    long_mode_visit(target->page_tables, target->use_nx, target->entry, &visit);
    explain_text("CR4.PAE, CR3, EFER.LME, then CR0.PG: with that the processor sets EFER.LMA. The "
                 "loader has just done it, read the registers in 32-bit code (compatibility mode), "
                 "jumped into 64-bit code, and come back by clearing PG.");
    print_registers("Before", &visit.before);
    print_registers("In long mode", &visit.after);
    console_printf("\nCS in 64-bit code %02x\n\n", visit.cs);
    explain_text("PAE: entries of 8 bytes. PGE: G counts. LME: long mode enabled, LMA: active. NXE: "
                 "NX counts. WP: the kernel obeys RW too.");
    return 1;
}

unsigned explain_jump(unsigned part) {
    const struct handoff_target *target = boot_facts.target;

    (void)part;
    explain_text("Left to do: mask the interrupt controllers and NMI, seal the boot information "
                 "with a CRC, enter long mode again, jump. At the kernel's first instruction:");
    console_printf("  rip    %016llx  the entry point\n", (unsigned long long)target->entry);
    console_printf("  rdi    %016llx  struct boot_info, in the offset map\n",
                   (unsigned long long)target->info);
    console_printf("  rsp    %016llx  as after a call; the return address is 0\n",
                   (unsigned long long)target->stack_top - 8);
    console_printf("  rflags 0000000000000002  interrupts off\n");
    console_printf("  cs %02x (64-bit code)   ss, ds, es, fs, gs %02x   all other registers 0\n\n",
                   SELECTOR_CODE64, SELECTOR_DATA32);
    console_printf("At rip, read by 64-bit code through the page tables: ");
    explain_bytes(&visit.bytes, sizeof(visit.bytes));
    console_printf("\n");
    return 1;
}
