/*
 * How the 256 vectors are used (SDM 3A §6.2): 0..31 are the CPU's exceptions. The local APIC ranks
 * interrupts by vector / 16 (SDM 3A §10.8.3), so what the CPU itself needs stands highest.
 */
#pragma once

enum irq_vector {
    IRQ_VECTOR_PIC = 0x20,  /* 16 lines of the 8259 pair */
    IRQ_VECTOR_LINE = 0x30, /* line n of the IO-APICs: 0x30 + n */
    IRQ_VECTOR_LOCAL = 0xf0, /* the CPU's own, enum irq_local */
    IRQ_VECTOR_SPURIOUS = 0xff, /* low four bits set, as old local APICs demand: SDM 3A §10.9 */
};

#define IRQ_PIC_LINES 16u
#define IRQ_LINES_MAX (IRQ_VECTOR_LOCAL - IRQ_VECTOR_LINE)

/* Interrupts that a CPU's local APIC raises or that CPUs send to each other. */
enum irq_local {
    IRQ_LOCAL_TIMER = 0,
    IRQ_LOCAL_RESCHEDULE = 1,
    IRQ_LOCAL_CALL = 2,     /* run a function: TLB shootdown and others */
    IRQ_LOCAL_DEFERRED = 3, /* to itself: deferred work waits */
    IRQ_LOCAL_ERROR = 4,    /* the APIC noticed an error */
    IRQ_LOCAL_COUNT = 5,
};
