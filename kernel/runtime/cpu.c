/* /kernel/hw/cpu: the processor as CPUID describes it, and what the kernel uses of it. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/runtime/runtime.h"
#include "kernel/time/clock.h"

#define ADDRESS_SIZES_LEAF 0x80000008u /* SDM 2A CPUID: EAX bits 7:0 physical, 15:8 linear */
#define PHYSICAL_BITS_DEFAULT 36u
#define LINEAR_BITS_DEFAULT 48u

static const struct {
    enum cpu_feature feature;
    const char *name;
} features[] = {
    {CPU_NX, "nx"}, {CPU_SMEP, "smep"}, {CPU_SMAP, "smap"}, {CPU_UMIP, "umip"}, {CPU_PGE, "pge"}, {CPU_PAT, "pat"},
    {CPU_PAGES_1G, "pages_1g"}, {CPU_XSAVE, "xsave"}, {CPU_XSAVEOPT, "xsaveopt"}, {CPU_TSC_INVARIANT, "tsc_invariant"},
    {CPU_TSC_DEADLINE, "tsc_deadline"}, {CPU_TSC_ADJUST, "tsc_adjust"},
    {CPU_APIC, "apic"}, {CPU_X2APIC, "x2apic"}, {CPU_RDRAND, "rdrand"},
    {CPU_RDSEED, "rdseed"}, {CPU_ERMS, "erms"}, {CPU_HYPERVISOR, "hypervisor"},
};

static void show_cpu(struct view_buffer *buffer, void *context) {
    char brand[49], vendor[13];
    uint32_t sizes = cpuid_checked(ADDRESS_SIZES_LEAF, 0).eax;
    (void)context;
    cpu_brand(brand);
    cpu_vendor(vendor);
    view_printf(buffer, "count %u\nvendor %s\nbrand %s\nsignature %#x\ntsc_hz %llu\n", cpu_count, vendor, brand,
                cpuid(1, 0).eax, (unsigned long long)clock_tsc_hz());
    view_printf(buffer, "physical_address_bits %u\nlinear_address_bits %u\nfeatures",
                sizes ? sizes & 0xff : PHYSICAL_BITS_DEFAULT, sizes ? sizes >> 8 & 0xff : LINEAR_BITS_DEFAULT);
    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if (cpu_has(features[i].feature))
            view_printf(buffer, " %s", features[i].name);
    view_printf(buffer, "\n");
}

static struct view views[] = {
    {.path = "hw/cpu", .help = "processors: count, vendor, brand, CPUID signature, clock, address sizes, features used",
     .show = show_cpu},
};

void runtime_cpu_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
