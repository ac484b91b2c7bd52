#include "kernel/arch/fpu.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "lib/string.h"

#define CPUID_XSAVE 0xd
/* Components, SDM 1 §13.1: x87, SSE, AVX, and AVX-512's three. Others stay off. */
#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_AVX512 (7ull << 5)

#define FXSAVE_SIZE 512u
#define XSAVE_HEADER_SIZE 64u
#define FCW_DEFAULT 0x37f   /* SysV ABI x86-64 §3.4.1 */
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf /* when FXSAVE stores 0, SDM 1 §11.6.6 */
#define FPU_EXCEPTION_BITS 0x3fu /* SDM 1 §8.1.3, §10.2.3 */
#define MXCSR_MASK_SHIFT 7
#define CPU_NONE UINT32_MAX

/* SDM 1 table 10-2, the parts named here. */
struct fxsave_image {
    uint16_t fcw, fsw;
    uint32_t tag_opcode;
    uint64_t rip, rdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t registers[480];
};
_Static_assert(sizeof(struct fxsave_image) == FXSAVE_SIZE, "SDM 1 table 10-2");

struct fpu_area {
    struct fxsave_image legacy;
    uint64_t xstate_bv; /* XSAVE header, SDM 1 §13.4.2; absent with FXSAVE */
    uint64_t xcomp_bv;
    uint64_t header_reserved[6];
    uint8_t extended[];
};

/* Kept behind the image. */
struct fpu_residence {
    uint32_t cpu; /* that last loaded it */
};

static enum { FPU_FXSAVE, FPU_XSAVE, FPU_XSAVEOPT } method;
static uint64_t features; /* XCR0 */
static size_t image_size = FXSAVE_SIZE;
static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;

static DEFINE_PER_CPU(struct fpu_area *, loaded_area);

static struct fpu_residence *residence(const struct fpu_area *area) {
    return (struct fpu_residence *)(void *)((uint8_t *)(uintptr_t)area + ALIGN_UP(image_size, 8));
}

static void read_mxcsr_mask(void) {
    static struct fxsave_image probe __attribute__((aligned(16)));
    __asm__ volatile("fninit; fxsave64 %0" : "=m"(probe));
    if (probe.mxcsr_mask)
        mxcsr_mask = probe.mxcsr_mask;
}

void arch_fpu_init_cpu(void) {
    if (features)
        __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)features), "d"((uint32_t)(features >> 32)));
    __asm__ volatile("fninit");
}

void arch_fpu_init(void) {
    read_mxcsr_mask();
    if (!cpu_has(CPU_XSAVE))
        return;
    struct cpuid_regs r = cpuid_checked(CPUID_XSAVE, 0);
    uint64_t supported = (uint64_t)r.edx << 32 | r.eax;
    features = supported & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
    if ((features & XCR0_AVX) && (supported & XCR0_AVX512) == XCR0_AVX512)
        features |= XCR0_AVX512;
    arch_fpu_init_cpu();
    image_size = cpuid_checked(CPUID_XSAVE, 0).ebx; /* for the features now in XCR0 */
    method = cpu_has(CPU_XSAVEOPT) ? FPU_XSAVEOPT : FPU_XSAVE;
}

size_t arch_fpu_area_size(void) {
    return ALIGN_UP(image_size, 8) + sizeof(struct fpu_residence);
}

void arch_fpu_area_init(struct fpu_area *area) {
    memset(area, 0, arch_fpu_area_size());
    area->legacy.fcw = FCW_DEFAULT;
    area->legacy.mxcsr = MXCSR_DEFAULT;
    residence(area)->cpu = CPU_NONE;
}

bool arch_fpu_is_loaded(const struct fpu_area *area) {
    return this_cpu(loaded_area) == area && residence(area)->cpu == cpu_id();
}

void arch_fpu_save(struct fpu_area *area) {
    if (!arch_fpu_is_loaded(area))
        return;
    uint32_t low = (uint32_t)features, high = (uint32_t)(features >> 32);
    if (method == FPU_XSAVEOPT)
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
    else if (method == FPU_XSAVE)
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

void arch_fpu_load(struct fpu_area *area) {
    if (arch_fpu_is_loaded(area))
        return;
    if (method == FPU_FXSAVE)
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
    else
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"((uint32_t)features),
                         "d"((uint32_t)(features >> 32)) : "memory");
    residence(area)->cpu = cpu_id();
    this_cpu(loaded_area) = area;
}

void arch_fpu_forget(struct fpu_area *area) {
    residence(area)->cpu = CPU_NONE;
}

void arch_fpu_copy(struct fpu_area *copy, struct fpu_area *current) {
    uint64_t flags = irq_save();
    arch_fpu_save(current);
    irq_restore(flags);
    memcpy(copy, current, image_size);
    residence(copy)->cpu = CPU_NONE;
}

void *arch_fpu_image(struct fpu_area *area) {
    return area;
}

size_t arch_fpu_image_size(void) {
    return image_size;
}

uint64_t arch_fpu_features(void) {
    return features;
}

/* What makes XRSTOR and FXRSTOR fault: SDM 1 §13.8.1 and §10.5.1.2. */
bool arch_fpu_sanitise(struct fpu_area *area) {
    area->legacy.mxcsr &= mxcsr_mask;
    if (method == FPU_FXSAVE)
        return true;
    area->xstate_bv &= features;
    area->xcomp_bv = 0;
    memset(area->header_reserved, 0, sizeof area->header_reserved);
    return true;
}

uint32_t arch_fpu_exceptions(bool simd) {
    uint16_t control, status;
    uint32_t mxcsr;
    if (simd) {
        __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
        return mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT) & FPU_EXCEPTION_BITS;
    }
    __asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
    return status & ~(uint32_t)control & FPU_EXCEPTION_BITS;
}
