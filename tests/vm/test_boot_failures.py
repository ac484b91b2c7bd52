"""Every error and warning of the loader is provoked: its code, sentence and remedy are on the screen and on COM1, and
after a key the BIOS goes on to the next device."""
import os
import re
from dataclasses import dataclass, field

import pytest

import boot_errors
import spoiled_disk
import test_hostile_bios
from loader_boot import SECTOR, boot_bochs, make_image, parts  # noqa: F401  (fixtures)
from machine_guest import MachineGuest
from machines import Machine
from spoiled_disk import (FILE_SIZE, MEMORY_SIZE, PADDR, STAGE2, TABLE, VADDR, SpoiledDisk, change_segments,
                          grow_last_segment)

LIMIT_S = 400
FLOPPY_BYTES = 1440 * 1024
NEXT_DEVICE = "the next device was started"
TEXTS = boot_errors.texts()
UD2 = b"\x0f\x0b"
EFLAGS_ID, EFLAGS_FIXED = (1 << 21).to_bytes(4, "little"), (1 << 15).to_bytes(4, "little")


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


@dataclass
class Case:
    """`code` comes after `spoil` has changed the disk, on such a machine."""
    name: str
    code: int
    spoil: callable = lambda disk: None
    machine: dict = field(default_factory=dict)
    image: dict = field(default_factory=dict)
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code}-{self.name}"


def segments(name: str, code: int, which: int, change) -> Case:
    return Case(name, code, lambda disk: disk.unsealed_kernel(lambda kernel: change_segments(kernel, which, change)))


def hostile_bios(name: str, code: int, faults: str) -> Case:
    return Case(name, code, lambda disk: disk.hostile_bios(test_hostile_bios.parse(faults)))


FAILURES = [
    Case("one byte of stage2", 10, lambda disk: disk.patch(STAGE2 + 20000, b"\xff\x00\xff")),
    Case("no CPUID", 11, lambda disk: disk.stage2("has_cpuid", EFLAGS_ID, EFLAGS_FIXED)),
    Case("32-bit processor", 12, machine={"cpu": "qemu32"}),
    Case("Pentium", 12, machine={"cpu": "pentium"}),
    Case("486", 12, machine={"cpu": "486"}),
    Case("no SSE2", 13, machine={"cpu": "qemu64,-sse2"}, detail="no SSE2"),
    hostile_bios("A20 stuck", 20, "a20_off 2401_missing kbc_absent port_a_absent"),
    hostile_bios("no memory map", 30, "map_none e801_none 88_none"),
    hostile_bios("EBDA too low", 32, "low_kib=511"),
    hostile_bios("another disk's id", 40, "disk_id"),
    Case("4 MiB", 31, machine={"memory_mib": 4}),
    Case("nothing active", 41, lambda disk: disk.patch(TABLE, b"\0")),
    Case("no volume", 42, lambda disk: disk.patch(spoiled_disk.PARTITION, bytes(SECTOR))),
    Case("volume unreadable", 43, lambda disk: disk.unreadable(2048)),
    Case("missing", 60, lambda disk: disk.delete("kernel.elf")),
    Case("broken chain", 61, lambda disk: disk.break_chain("kernel.elf")),
    Case("cut short", 62, lambda disk: disk.kernel(lambda kernel: kernel[:1000])),
    Case("something else", 62, lambda disk: disk.kernel(lambda kernel: b"MZ" + kernel[2:])),
    Case("empty", 62, lambda disk: disk.kernel(lambda _: b"")),
    segments("entry point outside", 62, VADDR, lambda address: address - 0xffffffff80000000),
    segments("memory beyond count", 62, MEMORY_SIZE, lambda size: 2**64 - 4096),
    segments("file beyond count", 62, FILE_SIZE, lambda size: size + 2**40),
    segments("below 2 MiB", 63, PADDR, lambda address: address - 0x100000),
    segments("above 4 GiB", 63, PADDR, lambda address: address + 0x100000000),
    segments("not at one distance", 63, PADDR, lambda address: address * 2),
    segments("not on pages", 63, PADDR, lambda address: address + 0x800),
    segments("no memory there", 64, PADDR, lambda address: address + 0x80000000),
    Case("one bit of the kernel", 65, lambda disk: disk.kernel(lambda kernel: flipped(kernel, len(kernel) - 1))),
    Case("broken chain", 71, lambda disk: disk.break_chain("ramfs.cpio")),
    Case("20 MB for 16 MiB", 72, machine={"memory_mib": 16}, image={"ramfs_kib": 20000}),
    Case("one bit of the archive", 73, lambda disk: disk.ramfs(lambda archive: flipped(archive, 9000))),
    Case("cut short", 75, lambda disk: disk.ramfs(lambda archive: archive[:5000])),
    Case("something else", 75, lambda disk: disk.ramfs(lambda archive: b"x" + archive[1:])),
    Case("empty", 75, lambda disk: disk.ramfs(lambda _: b"")),
    Case("200 MiB more", 90, lambda disk: disk.unsealed_kernel(lambda kernel: grow_last_segment(kernel, 200 << 20)),
         machine={"memory_mib": 512}),
    Case("invalid instruction in the loader", 99, lambda disk: disk.stage2("acpi_find", b"", UD2), detail="exception 6"),
]


def newc_archive() -> bytes:
    """A cpio archive (newc) of one file, without the member that carries the checksum."""
    def member(name: bytes, data: bytes, mode: int) -> bytes:
        numbers = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return member(b"payload", b"hello", 0o100644) + member(b"TRAILER!!!", b"", 0)


WARNINGS = [
    Case("missing", 50, lambda disk: disk.delete("astra.cfg")),
    Case("unknown key", 51, lambda disk: disk.write("astra.cfg", b"append = a\ncolour = blue\nappend = b\n"),
         detail="line 2: unknown key"),
    Case("too long", 52, lambda disk: disk.write("astra.cfg", b"append = a\n" + b"#" * 9000)),
    Case("kernel unsealed", 66, lambda disk: disk.unsealed_kernel()),
    Case("ramfs missing", 70, lambda disk: disk.delete("ramfs.cpio"), detail="probe: no ramfs"),
    Case("ramfs unsealed", 74, lambda disk: disk.write("ramfs.cpio", newc_archive())),
    Case("no such mode", 80, image={"config": "video = 1281x803\n"}),
    Case("no VESA", 80, image={"config": "video = 1024x768\n"}, machine={"screen": "none"}),
    Case("no ACPI", 85, machine={"acpi": False}),
]


@pytest.fixture
def spoiled(make_image, parts, tmp_path):  # noqa: F811
    def make(case: Case) -> SpoiledDisk:
        disk = SpoiledDisk(make_image(**case.image), parts, tmp_path)
        case.spoil(disk)
        return disk
    return make


@pytest.fixture
def floppy(parts, tmp_path):  # noqa: F811
    """QEMU's arguments for a next boot device that says so."""
    path = tmp_path / "floppy"
    with open(parts["next_device"], "rb") as file:
        path.write_bytes(file.read().ljust(FLOPPY_BYTES, b"\0"))
    return ["-drive", f"if=floppy,file={path},format=raw", "-boot", "order=ca"]


def press_key(guest: MachineGuest) -> None:
    guest.type(" ")


def send_byte(guest: MachineGuest) -> None:
    guest.console.sendall(b" ")


def do_nothing(_guest: MachineGuest) -> None:
    pass


def fail(case: Case, disk: SpoiledDisk, floppy: list, answer) -> None:  # noqa: F811
    sentence, remedy = TEXTS[case.code]
    with MachineGuest(Machine(**{"memory_mib": 64, **case.machine}), disk.image, floppy) as guest:
        said = guest.wait_for_console("Press a key for the next boot device", LIMIT_S)
        shown = guest.screen_text()
        for text in (said, shown):
            assert f"Astra boot error {case.code}: {sentence}" in text, text
            assert f"Remedy: {remedy}." in text and case.detail in text, text
        assert NEXT_DEVICE not in said
        answer(guest)
        guest.wait_for_console(NEXT_DEVICE, LIMIT_S)
        assert NEXT_DEVICE in guest.screen_text()


@pytest.mark.parametrize("number,case", enumerate(FAILURES), ids=str)
def test_failures(spoiled, floppy, number, case):
    """The key and the byte take turns; error 10, the first, knows the keyboard alone."""
    fail(case, spoiled(case), floppy, send_byte if number % 2 else press_key)


@pytest.mark.long
def test_nobody_answers(spoiled, floppy):
    case = FAILURES[1]
    fail(case, spoiled(case), floppy, do_nothing)


@pytest.mark.parametrize("case", WARNINGS, ids=str)
def test_warnings(spoiled, case):
    machine = Machine(**{"memory_mib": 64, **case.machine})
    with MachineGuest(machine, spoiled(case).image, ["-device", "isa-debug-exit,iobase=0xf4"]) as guest:
        said = guest.wait_for_console("probe: PASS", LIMIT_S)
    assert f"warning  {case.code}: {TEXTS[case.code][0]}" in said and case.detail in said, said


@pytest.mark.parametrize("spoil,status", [
    (lambda disk: disk.patch(STAGE2, bytes(SECTOR)), "E2-[0-9A-F]{2}"),
    (lambda disk: os.truncate(disk.image, 4 * SECTOR), r"E1-[0-9A-F]{2}"),
    (lambda disk: disk.unreadable(20), r"E1-[0-9A-F]{2}"),
], ids=["no stage2", "disk ends", "read error"])
def test_stage1(spoiled, floppy, spoil, status):
    """Stage1 shows a code only and waits for the keyboard."""
    disk = spoiled(Case("stage1", 0, spoil))
    with MachineGuest(Machine(memory_mib=64), disk.image, floppy) as guest:
        said = guest.wait_for_console(r"E\d-\w\w", LIMIT_S)
        assert re.search(f"Astra {status}", said) and re.search(f"Astra {status}", guest.screen_text())
        press_key(guest)
        guest.wait_for_console(NEXT_DEVICE, LIMIT_S)


def test_fault_before_the_kernel_has_handlers(spoiled):
    """The loader's last table of exception handlers reports it."""
    disk = spoiled(Case("kernel", 99, lambda disk: disk.unsealed_kernel(spoiled_disk.invalid_first_instruction)))
    with MachineGuest(Machine(memory_mib=64), disk.image) as guest:
        said = guest.wait_for_console("own handlers", LIMIT_S)
    assert re.search(r"exception 06, error code 0000, rip ffffffff80\w+, cr2 ", said), said


@pytest.mark.parametrize("cpu", ["pentium", "p4_willamette", "core_duo_t2400_yonah"])
def test_bochs_without_long_mode(make_image, boot_bochs, cpu):  # noqa: F811
    assert "Astra boot error 12:" in boot_bochs(make_image(), cpu)


def test_table_is_complete():
    """The numbers, the texts, the documented table and what the tests provoke are one set."""
    codes = dict(boot_errors.codes().values())
    assert codes and set(TEXTS) == set(codes) and boot_errors.documented() == codes
    assert {case.code for case in WARNINGS} == {code for code, warning in codes.items() if warning}
    assert {case.code for case in FAILURES} == {code for code, warning in codes.items() if not warning}


def test_texts_fit_the_screen():
    """No line of a message is torn: 80 columns, the last one empty."""
    for code, (sentence, remedy) in TEXTS.items():
        warning = boot_errors.documented()[code]
        lead = "  warning  00: " if warning else "Astra boot error 00: "
        assert len(lead + sentence) < 80 and len(f"  Remedy: {remedy}.") < 80, code
