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
    console_printf(
        "CR4.PAE, CR3, EFER.LME, then CR0.PG: with that the processor itself sets EFER.LMA.\n"
        "Stage2 has just done so, read the registers in 32-bit code (compatibility mode),\n"
        "jumped to selector %02x (64-bit code), and come back: PG cleared ends it.\n\n",
        visit.cs);
    print_registers("Before", &visit.before);
    print_registers("In long mode", &visit.after);
    console_printf(
        "\n  PAE entries of 8 bytes  PGE pages marked G  LME long mode enabled  LMA active\n"
        "  NXE entries may carry NX  WP the kernel too obeys RW  NE FPU errors: exception 16\n");
    return 1;
}

unsigned explain_jump(unsigned part) {
    const struct handoff_target *target = boot_facts.target;

    (void)part;
    console_printf(
        "What is left: the interrupt controllers and NMI masked, boot information sealed with\n"
        "a CRC, long mode once more, and the jump. Registers at the kernel's first instruction:\n\n");
    console_printf("  rip    %016llx  the entry point\n", (unsigned long long)target->entry);
    console_printf("  rdi    %016llx  struct boot_info, in the offset map\n",
                   (unsigned long long)target->info);
    console_printf("  rsp    %016llx  as after a call; the return address is 0\n",
                   (unsigned long long)target->stack_top - 8);
    console_printf("  rflags 0000000000000002  interrupts off\n");
    console_printf("  cs %02x (64-bit code)   ss, ds, es, fs, gs %02x   all other registers 0\n\n",
                   SELECTOR_CODE64, SELECTOR_DATA32);
    console_printf("The bytes at rip, as 64-bit code just read them through the page tables:\n  ");
    explain_bytes(&visit.bytes, sizeof(visit.bytes));
    console_printf(
        "\n\nWith a framebuffer (`video =`) the screen goes dark until the kernel draws.\n"
        "This is the last page: from here on the kernel speaks.\n");
    return 1;
}
