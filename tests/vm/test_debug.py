"""./astra debug: GDB and Astra's commands in code of 16, 32 and 64 bits; ./astra bochs: the same names."""
import re
import subprocess

import pytest

from vm import host
from vm.symbols import IMAGES, STAGE2_LINEAR, Symbols

LIMIT_S = 240


@pytest.fixture(scope="module")
def symbols():
    host.build()
    return Symbols(host.BUILD)


@pytest.fixture
def session(astra, tmp_path):
    """Runs GDB's commands; the output of each, in order."""
    def run(*commands: str, options=()) -> list:
        script = tmp_path / "commands"
        script.write_text("".join(f'echo \\n@@@\\n\n{command}\n' for command in commands))
        result = astra("debug", *options, "--batch", str(script), limit_s=LIMIT_S)
        assert result.status == 0, result.text + result.err.decode(errors="replace")
        return result.text.split("\n@@@\n")[1:]
    return run


def plain(row: str) -> str:
    """An instruction as GDB and objdump both write it: without symbols, spaces and 0x."""
    return re.sub(r"\s+", " ", re.sub(r"<.*?>|#.*|\b0x", "", row)).strip()


def instructions(text: str) -> list:
    """What `x/i` shows."""
    return [plain(line.rpartition(":\t")[2]) for line in text.splitlines() if ":\t" in line]


def objdump(image: str, machine: str, start: int, count: int) -> list:
    """The same from the ELF file. `start`: the address it was linked at."""
    path = host.BUILD / IMAGES[image][0]
    result = subprocess.run(["objdump", "-d", "-M", f"intel,{machine}", f"--start-address={start:#x}",
                             f"--stop-address={start + 15 * count:#x}", str(path)], capture_output=True, text=True)
    rows = [line.split("\t")[2] for line in result.stdout.splitlines() if line.count("\t") >= 2]
    return [plain(row) for row in rows][:count]


def test_real_mode(session, symbols):
    """The MBR's first instructions and stage2's: 16-bit code, the second in a segment of its own."""
    entry = symbols.find("start", "stage2").address
    out = session("x/3i $pc", "where", "stepi", "list", f"break *{entry:#x}", "continue", "x/6i $pc", "where",
                  "info registers", "pagewalk 0x7c00", "idt 0x10", "stepi", "where", "gdt")
    assert instructions(out[0])[0] == "jmp 7c5a" and "0000:7c00" in out[1] and "real mode" in out[1]
    assert "cli" in out[2] and "entry:" in out[3]
    assert "start ()" in out[5] and "boot/stage2/entry.asm" in out[5]
    assert instructions(out[6]) == objdump("stage2", "i8086", entry - STAGE2_LINEAR, 6)
    assert f"2000:{entry - STAGE2_LINEAR:04x}" in out[7] and f"linear  {entry:#x}" in out[7]
    assert re.search(r"^eip +0x20020 ", out[8], re.M) and re.search(r"^cs +0x2000 ", out[8], re.M)
    assert "rax" not in out[8]
    assert "no paging" in out[9] and "physical 0x7c00" in out[9]
    assert re.search(r"16 +vector +[cf]000:", out[10])
    assert "2000:0021" in out[12] and "real mode" in out[13]


def test_protected_mode(session, symbols):
    """C in 32-bit code: arguments, backtraces through callers; a BIOS call down to real mode and back."""
    main = symbols.find("stage2_main").address
    out = session("break stage2_main", "continue", "x/5i $pc", "bt", "info registers", "gdt", "cr", "delete",
                  "tbreak to_real", "continue", "where", "bt", "tbreak from_real", "continue", "where",
                  "tbreak acpi_find", "continue", "finish")
    assert "stage2_main (drive=128)" in out[1]
    assert instructions(out[2]) == objdump("stage2", "i386", main, 5)
    assert re.search(r"#1 .* protected \(\) at boot/stage2/entry.asm", out[3]) and "#2" not in out[3]
    assert re.search(r"^ebp +0x", out[4], re.M) and f"eip            {main:#x}" in out[4]
    assert re.search(r"0x08 +32-bit code +0x0 +0xffffffff +0 +yes +CS", out[5])
    assert "PE" in out[6] and "protected mode, 32-bit code, no paging" in out[6]
    assert "protected mode, 16-bit code" in out[10] and re.search(r"0018:[0-9a-f]{4} +base 0x20000", out[10])
    assert "stage2_main" in out[11]
    assert "32-bit code" in out[14]
    assert "acpi_find ()" in out[16] and "stage2_main (" in out[17]


def test_into_long_mode(session, symbols):
    """The switch, instruction by instruction, then the kernel: registers and page tables of each mode."""
    out = session("break handoff_jump", "continue", "info args", "tbreak handoff_jump.long", "continue", "where",
                  "x/3i $pc", "info registers", "pagewalk kernel_main", "pagewalk 0x8000000000000000",
                  "pagewalk 0x7fffffffffff", "break kernel_entry", "continue", "x/5i $pc", "break kernel_main",
                  "continue", "x/5i kernel_main", "bt", "bootinfo", "e820", "gdt", "cr")
    long = symbols.find("handoff_jump.long").address
    assert "long mode" in out[5] and "32-bit" not in out[5]
    assert instructions(out[6]) == objdump("stage2", "x86-64", long, 3)
    assert re.search(r"^rip +0x", out[7], re.M) and re.search(r"^r15 +0x", out[7], re.M)
    walk = out[8]
    assert [re.search(rf"{level} +\[ *(\d+)\]", walk)[1] for level in ("PML4", "PDPT", "PD")] == ["511", "510", "1"]
    assert "page of 4 KiB: read, execute for the kernel" in walk
    assert "not canonical" in out[9] and "P is clear in the PML4" in out[10]
    entry, main = symbols.find("kernel_entry").address, symbols.find("kernel_main").address
    assert "Breakpoint" in out[12] and instructions(out[13]) == objdump("kernel", "x86-64", entry, 5)
    assert "kernel_main (info=0xffff800000009000)" in out[15]
    assert instructions(out[16]) == objdump("kernel", "x86-64", main, 5)
    assert re.search(r"#1 .* kernel_(entry|text_start) \(\)", out[17])
    assert "'ASTRABI1'" in out[18] and "bios_drive       0x80" in out[18]
    assert "As the firmware says" in out[19] and re.search(r"0x0000000000200000 .* kernel", out[19])
    assert re.search(r"0x28 +64-bit code .* CS", out[20]) and "PG WP NE" in out[21] and "NXE LMA LME" in out[21]
