"""./astra debug: GDB and Astra's commands in code of 16, 32 and 64 bits; ./astra bochs: the same names."""
import re
import subprocess
import time

import pytest

from terminal import Terminal
from vm import host
from vm.symbols import IMAGES, STAGE2_LINEAR, Symbols

LIMIT_S = 500


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
    entry = symbols.find("stage2_start", "stage2").address
    out = session("x/3i $pc", "where", "stepi", "list", f"break *{entry:#x}", "continue", "x/6i $pc", "where",
                  "info registers", "pagewalk 0x7c00", "idt 0x10", "stepi", "where", "gdt")
    assert instructions(out[0])[0] == "jmp 7c5a" and "0000:7c00" in out[1] and "real mode" in out[1]
    assert "cld" in out[2] and "entry:" in out[3]
    assert "stage2_start ()" in out[5] and "boot/stage2/entry.asm" in out[5]
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
    assert "stage2_main (drive=128, entry_tsc=" in out[1]
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


BUSYBOX = host.BUILD / "payload/busybox-static/bin/busybox"


def entry_point(program) -> int:
    header = subprocess.run(["readelf", "-h", str(program)], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Entry point address: +(0x[0-9a-f]+)", header)[1], 16)


def test_kernel_and_first_program(session, symbols):
    """Backtraces through a system call into the program; threads by their own data structures."""
    entry = entry_point(BUSYBOX)
    out = session(f"tbreak *{entry:#x}", f"continue\npagewalk {entry:#x}\ntbreak *{entry:#x}\ncontinue", "x/4i $pc", "where", "tbreak sys_ioctl", "continue", "bt",
                  "finish", "threads", "threads 1", "info threads", "pagewalk $sp", f"pagewalk {entry:#x}", "idt",
                  "gdt", "cr", "tbreak page_fault", "continue", "bt", options=("--init", "/sys/bin/sh"))
    code = subprocess.run(["objdump", "-d", "-M", "intel", f"--start-address={entry:#x}",
                           f"--stop-address={entry + 60:#x}", str(BUSYBOX)], capture_output=True, text=True).stdout
    wanted = [plain(line.split("\t")[2]) for line in code.splitlines() if line.count("\t") >= 2][:4]
    assert "not mapped: P is clear" in out[1]  # the program's page comes with the fault of its first instruction
    assert instructions(out[2]) == wanted and "long mode" in out[3]
    assert re.search(r"#1 .* syscall_entry \(\) at kernel/trap/entry.asm", out[6]) and "#2  0x00000000004" in out[6]
    assert "syscall_entry.done" in out[7]
    assert re.search(r"^ +1 +1 +sh +running +0 +0xffffc0", out[8], re.M)
    assert re.search(r"worker +sleeping +0 +0xffffc0\w+ +worker\+\w+ \(kernel/sched/work.c:\d+\)", out[8])
    assert re.search(r"idle +idle +0 .* kernel_main", out[8])
    assert "runs on CPU 0" in out[9] and "Thread 1.1 (CPU#0" in out[10]
    assert "read, write for the kernel" in out[11] and "read, execute for user and kernel" in out[12]
    assert re.search(r"^ +14 +64-bit interrupt gate .* 0 +- +vector_14 +#PF", out[13], re.M)
    assert re.search(r"^ +8 +64-bit interrupt gate .* 0 +[1-7] +vector_8 +#DF", out[13], re.M)
    assert re.search(r"TSS, busy +0xffffffff80\w+ +0x2068 .* TR", out[14])
    assert "4-level paging" in out[15] and "SCE" in out[15]
    assert re.search(r"#0 +page_fault .*\n#1 .*\n#2 .*trap_handle .*\n#3 .* at kernel/trap/entry.asm:\d+\n#4 +0x", out[18])


def test_two_cpus(session):
    """CPUs are GDB's threads; each has its own mode. The kernel's threads are another list."""
    out = session("tbreak *0x8000", "continue", "where", "x/2i $pc", "thread 1", "where", "tbreak sys_ioctl", "continue",
                  "info threads", "threads", "thread 2", "where",
                  options=("--smp", "2", "--init", "/sys/bin/sh"))
    assert "Thread 2 hit" in out[1] and "CPU 1: real mode" in out[2] and "0800:0000" in out[2]
    assert instructions(out[3]) == ["cli", "cld"]
    assert "CPU 0: long mode" in out[5]
    assert "Thread 1.1 (CPU#0" in out[8] and "Thread 1.2 (CPU#1" in out[8] and "sh" not in out[8].split()
    assert len(re.findall(r"^ +- +- +idle ", out[9], re.M)) == 2 and "CPU 1: long mode" in out[11]


def test_mode_change_within_a_step(session):
    """`next` over the jump into the kernel: the breakpoint there is named all the same."""
    out = session("break handoff_jump", "continue", "break kernel_main", "finish", "where")
    assert "(breakpoint 3, reached in another mode" in out[3] and "kernel_main (" in out[3] and "long mode" in out[4]


def test_reset_vector_and_errors(session):
    out = session("where", "x/i $pc", "python\ntry: gdb.execute('threads')\nexcept gdb.error as error: print(error)\nend",
                  "help astra", options=("--reset",))
    assert "f000:fff0" in out[0] and "linear  0xfffffff0" in out[0] and instructions(out[1]) == ["jmp f000:e05b"]
    assert "the kernel does not run yet" in out[2]
    assert all(name in out[3] for name in ("pagewalk", "gdt", "idt", "e820", "bootinfo", "threads", "cr:", "where:"))


def test_one_command_from_the_command_line(astra):
    result = astra("debug", "--command", "x/i $pc")
    assert result.status == 0 and "jmp    0x7c5a" in result.text


def wait_for(path, text: str) -> None:
    """Until a file holds a text."""
    limit = time.monotonic() + LIMIT_S
    while not path.exists() or text not in path.read_text(errors="replace"):
        assert time.monotonic() < limit, f"no {text!r} in {path}"
        time.sleep(0.1)


def test_interrupt_a_hung_guest(tmp_path, monkeypatch):
    """Ctrl-C stops a kernel that polls with interrupts off; GDB stays, and a backtrace says where it hangs."""
    monkeypatch.setenv("TERM", "dumb")
    console = tmp_path / "console"
    prompt = r"\(gdb\) $"
    with Terminal("--init", "monitor", "--console", str(console), command="debug") as terminal:
        terminal.expect(prompt, LIMIT_S)
        terminal.type("continue\n")
        wait_for(console, "monitor>")
        terminal.type("\x03")
        terminal.expect("Program received signal SIGINT", LIMIT_S)
        terminal.expect(prompt)
        terminal.type("bt\n")
        assert "monitor_run" in terminal.expect(prompt)
        terminal.type("where\n")
        assert "long mode" in terminal.expect(prompt)
        terminal.type("quit\n")
        assert terminal.end() == 0


def test_names_in_bochs(astra, tmp_path, symbols):
    """Stage1's, stage2's and the kernel's labels at their linear addresses, in each mode."""
    script = tmp_path / "commands"
    script.write_text('u /2\nlb "stage2_start"\nc\nlb "stage2_main"\nc\nlb "kernel_main"\nc\nu /2\n')
    text = astra("bochs", "--batch", str(script), limit_s=LIMIT_S).text
    assert "0000:7c00 (stage1+0): jmp" in text
    assert "2000:0020 (stage2_start+0): cld" in text
    assert f"0008:{symbols.find('stage2_main').address:016x} (stage2_main+0): push " in text
    assert re.search(r"0028:ffffffff80\w+ \(kernel_main\+0\): push rbp", text)


def test_bochs_in_a_terminal(monkeypatch):
    """Typed at: the debugger stops at the boot sector and takes commands."""
    monkeypatch.setenv("TERM", "dumb")
    prompt = r"<bochs:\d+> $"
    with Terminal(command="bochs") as terminal:
        terminal.expect(r"stage1\+0", LIMIT_S)
        terminal.expect(prompt)
        terminal.type("s\n")
        assert "entry+0" in terminal.expect(prompt)
        terminal.type("q\n")
        assert terminal.end() == 0


def test_registers_can_be_written(session):
    """In a real-mode segment with a base, and in 32-bit code; no other register changes."""
    others = "info registers cr0 cr4 efer eflags cs fctrl"
    out = session("tbreak *0x20020", "continue", others, "set variable $ebx = 0x12345678", "set variable $pc = 0x20021",
                  "where", "info registers ebx", others, "stepi", "where", "tbreak stage2_main", "continue",
                  "set variable $eax = 0x87654321", "print/x $eax", "tbreak console_init", "continue", "up", "next",
                  "where", "frame")
    assert "2000:0021" in out[5] and "0x12345678" in out[6] and out[7] == out[2]
    assert "2000:0024" in out[9] and "0x87654321" in out[13]
    assert "stage2_main (" in out[16] and "protected mode, 32-bit code" in out[18]


def test_next_steps_over_bios_calls(session):
    """Down to real mode and back within one `next` of 32-bit C."""
    out = session("tbreak memory_detect", "continue", "finish", "where")
    assert "memory_detect ()" in out[1] and "stage2_main (" in out[2] and "protected mode, 32-bit code" in out[3]
