"""Bits of the control registers, EFER and the flags register (SDM 3A §2.5, §2.2.1, §2.3)."""

CR0 = {0: "PE", 1: "MP", 2: "EM", 3: "TS", 4: "ET", 5: "NE", 16: "WP", 18: "AM", 29: "NW", 30: "CD", 31: "PG"}
CR4 = {0: "VME", 1: "PVI", 2: "TSD", 3: "DE", 4: "PSE", 5: "PAE", 6: "MCE", 7: "PGE", 8: "PCE", 9: "OSFXSR",
       10: "OSXMMEXCPT", 11: "UMIP", 12: "LA57", 13: "VMXE", 14: "SMXE", 16: "FSGSBASE", 17: "PCIDE",
       18: "OSXSAVE", 20: "SMEP", 21: "SMAP", 22: "PKE", 23: "CET", 24: "PKS"}
EFER = {0: "SCE", 8: "LME", 10: "LMA", 11: "NXE", 12: "SVME", 14: "FFXSR"}
EFLAGS = {0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 14: "NT", 16: "RF",
          17: "VM", 18: "AC", 19: "VIF", 20: "VIP", 21: "ID"}

CR0_PE, CR0_PG = 1 << 0, 1 << 31
CR4_PSE, CR4_PAE, CR4_LA57 = 1 << 4, 1 << 5, 1 << 12
EFER_LMA, EFER_NXE = 1 << 10, 1 << 11
EFLAGS_RESERVED = 1 << 1  # always set


def names(value: int, bits: dict) -> str:
    """The set bits by name, the highest first; unnamed ones by number."""
    found = [bits.get(bit, f"bit {bit}") for bit in range(value.bit_length() - 1, -1, -1) if value >> bit & 1]
    return " ".join(found) or "none"
