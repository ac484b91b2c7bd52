"""The page tables that stage2 builds, taken apart entry by entry."""
from vm.tour_decode import entries, walk
from vm.tour_model import HERE, At, Bochs, Code, Decode, Step, Steps, Tour

TOUR = Tour(
    name="page-table",
    title="The first page tables",
    summary="PML4, PDPT, PD, PT as the loader built them; the kernel's entry point looked up by hand",
    loader_tables=True,
    intro=(
        "In long mode every address goes through tables of 512 entries of 8 bytes, four levels deep. Nine bits of "
        "the address choose the entry at each level, the last twelve the byte in the page (SDM 3A §4.5). The kernel "
        "is linked to the top 2 GiB of the address space; no PC has memory there. These tables put it there. The "
        "code of this tour is `boot/stage2/paging.c`.",
    ),
    steps=(
        Step("The top table", At("stage2:handoff_jump.long"), (
            "Long mode has just begun. CR3 has the physical address of the top level, the PML4.",
            Bochs("creg", keep="^CR3"),
            Decode("Its entries that are not 0, of 512:", entries, ("LAYOUT_PAGE_TABLES",)),
            "Each entry covers 512 GiB. Entry 0 is the bottom of the address space. Entry 256 begins the upper "
            "half, the kernel's; it points to the same table as entry 0, so that all of the low memory can be seen "
            "there too. Entry 511 is the top: the kernel itself.",
        ), claims=("cr3 == LAYOUT_PAGE_TABLES",)),
        Step("Low memory, twice", HERE, (
            "The code that switches modes runs at its physical address and must go on doing so: the first 4 GiB are "
            "mapped to themselves. The boot sector, which is still in memory:",
            Decode("0x7c00:", walk, ("LAYOUT_BOOT_SECTOR",)),
            "Two levels down there is a page already: where bit 7 is set the entry maps memory instead of pointing "
            "to a table. One entry for 2 MiB, or for 1 GiB where the CPU knows such pages, saves most of the "
            "tables. Bochs walks the same way:",
            Bochs("page {LAYOUT_BOOT_SECTOR}"),
            "And by way of the upper half, where the kernel looks at physical memory:",
            Bochs("page {LAYOUT_BOOT_SECTOR + 0xffff800000000000}"),
        )),
        Step("The kernel's entry point", HERE, (
            "`kernel_entry` by hand. Each line is one read of memory: 8 bytes at the table's address plus 8 times "
            "the index.",
            Decode("The walk:", walk, ("kernel:kernel_entry",)),
            "Present, but not writable; and not forbidden to execute. The other levels are writable because the "
            "rights of all levels are combined: the last says no. Accessed is set by the CPU when it uses an entry: "
            "it has not been here yet. Bochs' `page` command agrees:",
            Bochs("page {kernel:kernel_entry}"),
        )),
        Step("Three kinds of pages", HERE, (
            "The ELF file of the kernel has three segments with rights of their own, and each page gets those of its "
            "segment: none is both writable and executable. Constants may be read only:",
            Bochs("page {kernel:kernel_rodata_start}", keep="PTE"),
            "Data may be written, not executed (XD is bit 63):",
            Bochs("page {kernel:kernel_data_start}", keep="PTE"),
            "And what is mapped nowhere is not there: the byte before the kernel.",
            Decode("One byte before:", walk, ("kernel:kernel_start - 1",)),
        )),
        Step("The jump", At("kernel:kernel_entry"), (
            "The CPU stands before the kernel's first instruction, but has not fetched it.",
            Code("rip", 2),
            Bochs("page {kernel:kernel_entry}", keep="PTE"),
        )),
        Step("The first use", Steps(1), (
            "Now it has, and left a mark on every entry on its way: A for accessed. Systems that are short of "
            "memory clear these marks and look later which pages have got them again.",
            Bochs("page {kernel:kernel_entry}"),
        )),
    ),
    outro=(
        "A few thousand instructions later the kernel builds tables of its own, with more rights and more pages "
        "(`kernel/mm/kernel_space.c`), and these are forgotten. `./astra tour page-fault` shows an entry being made "
        "on demand.",
    ),
)
