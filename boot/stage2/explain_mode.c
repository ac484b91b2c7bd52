/*
 * Pages: the switch to long mode and the jump.
 */
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/handoff_jump.h"
#include "boot/stage2/long_mode.h"
#include "boot/stage2/state.h"
#include "lib/string.h"

static struct mode_visit visit;

static void print_registers(const char *when, const struct mode_registers *r) {
    explain_print("%s:\n", when);
    explain_flags("  CR0  ", r->cr0, 8, FLAGS_CR0);
    explain_print("  CR3  " VALUE "%08x\n", r->cr3);
    explain_flags("  CR4  ", r->cr4, 8, FLAGS_CR4);
    explain_flags("  EFER ", r->efer, 8, FLAGS_EFER);
}

unsigned explain_long_mode(unsigned part) {
    const struct handoff_target *target = boot_facts.target;

    (void)part;
    long_mode_visit(target->page_tables, target->use_nx, target->entry, &visit);
    explain_text("CR4.PAE, CR3, EFER.LME, then CR0.PG: with that the processor sets EFER.LMA. "
                 "The loader has just done it, read the registers in 32-bit code "
                 "(compatibility mode), jumped into 64-bit code, and come back by clearing PG.");
    print_registers("Before", &visit.before);
    print_registers("In long mode", &visit.after);
    explain_print("  CS   " VALUE "%02x" PLAIN " in 64-bit code\n\n", visit.cs);
    explain_text("PAE: 8-byte entries. PGE: G counts. NXE: NX counts. LME: enabled, LMA: active.");
    return 1;
}

unsigned explain_jump(unsigned part) {
    const struct handoff_target *target = boot_facts.target;

    (void)part;
    explain_text("Left to do: mask the interrupt controllers and NMI, seal the boot "
                 "information with a CRC, enter long mode again, jump. At the kernel's first "
                 "instruction:");
    explain_print("  rip    " VALUE "%016llx" PLAIN "  the entry point\n",
                  (unsigned long long)target->entry);
    explain_print("  rdi    " VALUE "%016llx" PLAIN "  struct boot_info, in the offset map\n",
                  (unsigned long long)target->info);
    explain_print("  rsp    " VALUE "%016llx" PLAIN "  as after a call; the return address is 0\n",
                  (unsigned long long)target->stack_top - 8);
    explain_print("  rflags " VALUE "0000000000000002" PLAIN "  interrupts off\n");
    explain_print("  cs " VALUE "%02x" PLAIN " (64-bit code)   ss, ds, es, fs, gs " VALUE "%02x"
                  PLAIN "   all other registers 0\n\n", SELECTOR_CODE64, SELECTOR_DATA32);
    explain_print("At rip, read by 64-bit code through the page tables: ");
    explain_bytes(&visit.bytes, sizeof(visit.bytes));
    explain_print("\n");
    return 1;
}
