/*
 * Maps the ACPI tables and parses those the kernel needs. Spec: ACPI 6.4 §5.2.
 * Everything here is written once, by acpi_tables_init, before other CPUs and interrupts run.
 */
#define LOG_TAG "acpi"
#include "kernel/firmware/acpi.h"

#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TABLES_MAX 48u

static struct {
    struct { const void *data; size_t size; uint64_t phys; } tables[TABLES_MAX];
    size_t table_count;
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    struct acpi_sleep_type soft_off;
    bool has_madt, has_fadt, has_soft_off;
} acpi;

/* Maps a whole table whose length stands in its header; NULL if it is malformed. */
static const void *map_table(uint64_t phys, size_t *size) {
    const void *header = kernel_map_device(phys, ACPI_HEADER_SIZE, MAP_CACHED);
    if (!header)
        return NULL;
    size_t length = acpi_table_length(header, ACPI_HEADER_SIZE);
    kernel_unmap_device((void *)(uintptr_t)header, ACPI_HEADER_SIZE);
    if (length == 0)
        return NULL;

    const void *table = kernel_map_device(phys, length, MAP_CACHED);
    if (!table)
        return NULL;
    if (acpi_check_table(table, length, NULL) != 0) {
        kernel_unmap_device((void *)(uintptr_t)table, length);
        return NULL;
    }
    *size = length;
    return table;
}

static void add_table(uint64_t phys) {
    size_t size = 0;
    const void *table = acpi.table_count < TABLES_MAX && phys ? map_table(phys, &size) : NULL;

    if (!table) {
        log_warn("table at %#llx is malformed and ignored", (unsigned long long)phys);
        return;
    }
    acpi.tables[acpi.table_count].data = table;
    acpi.tables[acpi.table_count].size = size;
    acpi.tables[acpi.table_count++].phys = phys;
}

static void add_root(const struct acpi_rsdp *rsdp) {
    size_t size = 0;
    const void *root = map_table(rsdp->root_phys, &size);

    if (!root) {
        log_warn("root table at %#llx is malformed", (unsigned long long)rsdp->root_phys);
        return;
    }
    for (size_t i = 0; i < acpi_root_count(root, size, rsdp->root_is_xsdt); i++)
        add_table(acpi_root_entry(root, size, rsdp->root_is_xsdt, i));
    kernel_unmap_device((void *)(uintptr_t)root, size);
}

const void *acpi_table_find(const char *signature, size_t *size) {
    for (size_t i = 0; i < acpi.table_count; i++) {
        if (memcmp(acpi.tables[i].data, signature, 4) == 0) {
            *size = acpi.tables[i].size;
            return acpi.tables[i].data;
        }
    }
    return NULL;
}

/* \_S5 stands in the DSDT or, on some machines, in a secondary table. */
static void find_soft_off(void) {
    size_t size = 0;
    const void *dsdt = acpi.has_fadt && acpi.fadt.dsdt_phys ? map_table(acpi.fadt.dsdt_phys, &size) : NULL;

    if (dsdt) {
        acpi.has_soft_off = acpi_find_s5(dsdt, size, &acpi.soft_off) == 0;
        kernel_unmap_device((void *)(uintptr_t)dsdt, size);
    }
    for (size_t i = 0; i < acpi.table_count && !acpi.has_soft_off; i++) {
        if (memcmp(acpi.tables[i].data, "SSDT", 4) == 0)
            acpi.has_soft_off = acpi_find_s5(acpi.tables[i].data, acpi.tables[i].size, &acpi.soft_off) == 0;
    }
}

static void show_tables(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "signature address bytes\n");
    for (size_t i = 0; i < acpi.table_count; i++)
        view_printf(buffer, "%.4s 0x%llx %zu\n", (const char *)acpi.tables[i].data,
                    (unsigned long long)acpi.tables[i].phys, acpi.tables[i].size);
}

static struct view tables_view = {
    .tree = VIEW_KERNEL,
    .path = "hw/acpi",
    .help = "ACPI tables: signature, physical address, bytes",
    .show = show_tables,
};

static bool read_rsdp(phys_addr_t rsdp_phys, struct acpi_rsdp *rsdp) {
    const void *data = kernel_map_device(rsdp_phys, ACPI_RSDP_SIZE_MAX, MAP_CACHED);
    if (!data)
        return false;
    bool usable = acpi_parse_rsdp(data, ACPI_RSDP_SIZE_MAX, rsdp) == 0;
    kernel_unmap_device((void *)(uintptr_t)data, ACPI_RSDP_SIZE_MAX);
    return usable;
}

void acpi_tables_init(phys_addr_t rsdp_phys) {
    struct acpi_rsdp rsdp;
    size_t size = 0;

    view_register(&tables_view);
    if (!rsdp_phys || !read_rsdp(rsdp_phys, &rsdp)) {
        log_info("no ACPI tables");
        return;
    }
    add_root(&rsdp);
    const void *madt = acpi_table_find("APIC", &size);
    acpi.has_madt = madt && acpi_parse_madt(madt, size, &acpi.madt) == 0;
    const void *fadt = acpi_table_find("FACP", &size);
    acpi.has_fadt = fadt && acpi_parse_fadt(fadt, size, &acpi.fadt) == 0;
    find_soft_off();
    log_info("revision %u, %zu tables, %u CPUs, %u IO-APICs", rsdp.revision, acpi.table_count,
             acpi.madt.cpu_count, acpi.madt.io_apic_count);
}

const struct acpi_madt *acpi_madt(void) {
    return acpi.has_madt ? &acpi.madt : NULL;
}

const struct acpi_fadt *acpi_fadt(void) {
    return acpi.has_fadt ? &acpi.fadt : NULL;
}

bool acpi_soft_off_type(struct acpi_sleep_type *type) {
    *type = acpi.soft_off;
    return acpi.has_soft_off;
}
