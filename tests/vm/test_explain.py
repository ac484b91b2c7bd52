"""Explain mode: what its pages say is compared with the files of the build and with what QEMU knows of the machine."""
import os
import re
import struct
import subprocess

import pytest

import screen
from conftest import ROOT
from explain_guest import FOOT, ExplainGuest
from vm import host

LAST = 20
MEMORY_BYTES = 128 << 20
FAST_CLOCK = "--qemu-args=-icount shift=10,sleep=off"  # 1 us an instruction: half a minute goes by in seconds
(BOOT_SECTOR, SEGMENTS, PROTECTED_MODE, CPU, A20, RAW_MAP, CLEAN_MAP, DISK, CONFIG, VIDEO, KERNEL_BEFORE, KERNEL_HEADER,
 KERNEL_SEGMENTS, RAMFS, ACPI, PAGING_BEFORE, PAGE_WALK, LOW_MAPS, LONG_MODE, JUMP) = range(1, LAST + 1)
MBR_PACKET = slice(424, 440)
MBR_COUNT, MBR_TABLE = 423, 446
STAGE2_LBA, STAGE2_TOTAL, STAGE2_CRC = 8, 20, 24
ADDRESS_MASK = 0x000FFFFFFFFFF000

CR0_BITS = {"PE": 0, "MP": 1, "EM": 2, "TS": 3, "ET": 4, "NE": 5, "WP": 16, "AM": 18, "NW": 29, "CD": 30, "PG": 31}
CR4_BITS = {"VME": 0, "PVI": 1, "TSD": 2, "DE": 3, "PSE": 4, "PAE": 5, "MCE": 6, "PGE": 7, "PCE": 8, "OSFXSR": 9,
            "OSXMMEXCPT": 10, "UMIP": 11, "LA57": 12, "VMXE": 13, "SMXE": 14, "FSGSBASE": 16, "PCIDE": 17,
            "OSXSAVE": 18, "SMEP": 20, "SMAP": 21}
EFER_BITS = {"SCE": 0, "LME": 8, "LMA": 10, "NXE": 11}
ENTRY_BITS = {"P": 0, "RW": 1, "US": 2, "PWT": 3, "PCD": 4, "A": 5, "D": 6, "PS": 7, "PAT": 7, "G": 8, "NX": 63}


def build_file(name: str) -> bytes:
    with open(os.path.join(ROOT, "build", name), "rb") as file:
        return file.read()


def hex_bytes(text: str) -> bytes:
    """The first run of two-digit hexadecimal numbers in a line."""
    return bytes.fromhex(re.search(r"(?<!\w)(?:[0-9a-f]{2} )+[0-9a-f]{2}(?!\w)", text).group())


def flags(text: str, bits: dict) -> int:
    """The value that the names say: capitals are set bits. Every name must be known, and none missing twice."""
    words = text.split()
    assert words and all(word.upper() in bits for word in words), text
    return sum(1 << bits[word] for word in words if word.isupper())


def find(page: list, pattern: str) -> re.Match:
    found = re.search(pattern, "\n".join(page))
    assert found, "\n".join(page)
    return found


def number(page: list, pattern: str) -> int:
    return int(find(page, pattern).group(1), 16)


class Elf:
    """Header and LOAD segments of an ELF64 file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.entry, table = struct.unpack_from("<QQ", data, 24)
        count, = struct.unpack_from("<H", data, 56)
        self.headers = [struct.unpack_from("<IIQQQQQQ", data, table + 56 * i) for i in range(count)]

    def loads(self) -> list:
        return [header for header in self.headers if header[0] == 1]

    def at(self, virt: int, count: int) -> bytes:
        for _, _, offset, vaddr, _, file_size, _, _ in self.loads():
            if vaddr <= virt < vaddr + file_size:
                return self.data[offset + virt - vaddr:][:count]
        raise AssertionError(f"{virt:x} is in no segment")


def walk_entries(page: list) -> list:
    """(index, address, value, flags by name) of each entry on a page."""
    return [(int(index), int(address, 16), int(value, 16), flags(names, ENTRY_BITS)) for index, address, value, names in
            re.findall(r"\[ *(\d+)\] at (\w+) = (\w{16}) (.*)", "\n".join(page))]


def check_walk(guest, entries: list, virt: int, large_at: int = 0) -> int:
    """Entries are in memory as said, each leads to the next, flags mean the value. Returns the physical address."""
    table, phys = 0x40000, None
    for level, (index, address, value, named) in enumerate(entries):
        shift = 39 - 9 * level
        assert index == virt >> shift & 511 and address == table + 8 * index
        assert value == struct.unpack("<Q", guest.memory(address, 8))[0]
        assert named == value & ~ADDRESS_MASK
        table = value & ADDRESS_MASK
        phys = table + (virt & (1 << shift) - 1)
    assert len(entries) == 4 or entries[-1][2] & 0x80
    assert large_at in (0, len(entries))
    return phys


@pytest.fixture(scope="module")
def built():
    host.build()


@pytest.fixture(scope="module")
def tour(built):
    """All pages of one boot, with what QEMU said meanwhile, and the machine at the kernel's first instruction."""
    with ExplainGuest("--mem", "128M") as guest:
        pages, seen = {}, {}
        for page in range(1, LAST + 1):
            pages[page] = guest.page(page)
            if page == PROTECTED_MODE:
                seen["protected"] = guest.loader_registers()
            if page == PAGE_WALK:
                seen["walk"] = check_walk(guest, walk_entries(pages[page]), Elf(build_file("kernel.elf")).entry)
                seen["at_entry"] = guest.memory(seen["walk"], 8)
            if page == LOW_MAPS:
                entries = walk_entries(pages[page])
                half = len(entries) // 2
                seen["low"] = [check_walk(guest, entries[:half], 0x9000, 3),
                               check_walk(guest, entries[half:], 0xFFFF800000009000, 3)]
            if page == LONG_MODE:
                seen["before"] = guest.loader_registers()
            if page == RAMFS:
                at = number(pages[page], r"First bytes +(\w+):")
                seen["ramfs"] = guest.memory(at, 16)
            if page != LAST:
                guest.press("enter")
        with open(guest.image, "rb") as file:
            seen["disk"] = file.read(256 * 512)
        guest.run_to(Elf(build_file("kernel.elf")).entry, "enter")
        seen["kernel"] = guest.stopped
    return pages, seen


def test_every_page_fits(tour):
    pages, _ = tour
    for page, rows in pages.items():
        assert re.match(rf" {page}/{LAST}  \w", rows[0]) and rows[22].startswith(" live: ")
        assert all(len(row) < 80 for row in rows) and rows[21] == "", "\n".join(rows)
        source = re.search(r"source: (\S+)$", rows[22]).group(1)
        assert os.path.exists(os.path.join(ROOT, source)), source


def test_boot_sector(tour):
    pages, seen = tour
    page, disk = pages[BOOT_SECTOR], seen["disk"]
    rows = [row for row in page if re.match(r"^ +(\w\w ){15}\w\w", row)]
    packet = bytearray(disk[MBR_PACKET])
    packet[2] = disk[MBR_COUNT]  # stage1 puts it there
    assert hex_bytes(rows[0]) == packet
    assert b"".join(map(hex_bytes, rows[1:])) == disk[MBR_TABLE:MBR_TABLE + 64]
    total, crc = struct.unpack_from("<II", disk, STAGE2_LBA * 512 + STAGE2_TOTAL)
    assert find(page, r"stage2 at 20000, (\d+) bytes; its CRC-32 (\w+)").groups() == (str(total), f"{crc:08x}")
    assert find(page, r"DX as passed \w\w80: DL 80") and find(page, "Signature +55 aa at 7dfe")
    assert number(page, r"Disk id +(\w+)") == struct.unpack_from("<I", disk, 440)[0]


def stage2_symbol(name: str) -> int:
    text = subprocess.run(["nm", os.path.join(ROOT, "build/boot/stage2.elf")], check=True, capture_output=True,
                          text=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", text, re.MULTILINE).group(1), 16)


def test_segment_descriptors(tour):
    pages, seen = tour
    page = pages[SEGMENTS]
    offset = stage2_symbol("gdt")
    rows = re.findall(r"^ +(\w\w)  ((?:\w\w ){7}\w\w)  (\w{8})  (\w{8})", "\n".join(page), re.MULTILINE)
    assert [int(row[0], 16) for row in rows] == list(range(0, 0x30, 8))
    raw = bytes.fromhex("".join(row[1] for row in rows))
    assert raw == build_file("boot/stage2.bin")[offset:offset + len(raw)]
    assert seen["protected"]["GDT"] == (0x20000 + offset, 0x2F)
    assert number(page, r"GDTR base (\w+)") == 0x20000 + offset and number(page, r"limit (\w{4})\b") == 0x2F
    decoded = {int(row[0], 16): (int(row[2], 16), int(row[3], 16)) for row in rows}
    assert decoded[0x08] == seen["protected"]["CS"][1:] and decoded[0x10] == seen["protected"]["DS"][1:]
    assert decoded[0x18] == (0x20000, 0xFFFF)
    assert find(page, "Now CS 08  SS 10  DS 10")


def test_protected_mode(tour):
    pages, seen = tour
    page = pages[PROTECTED_MODE]
    for when in ("before", "now   "):
        value, names = find(page, rf"CR0 {when} (\w{{8}}) (.*)").groups()
        assert flags(names, CR0_BITS) == int(value, 16) and len(names.split()) == len(CR0_BITS)
    assert number(page, r"CR0 before (\w+)") & 1 == 0
    assert number(page, r"CR0 now +(\w+)") == seen["protected"]["CR0"]
    assert find(page, "IDTR before +base 00000000, limit 03ff")
    assert (number(page, r"IDTR now +base (\w+)"), 0xFF) == seen["protected"]["IDT"]


def test_processor(tour):
    page = tour[0][CPU]
    assert find(page, 'vendor "AuthenticAMD"') and find(page, r"EDX \w{8} SSE2 SSE FXSR CMOV PGE CX8 PAE MSR TSC")
    edx, names = find(page, r"EDX (\w{8}) (LM.*)").groups()
    assert flags(names, {"LM": 29, "PDPE1GB": 26, "NX": 20}) == int(edx, 16) & (1 << 29 | 1 << 26 | 1 << 20)


def test_a20(tour):
    page = tour[0][A20]
    written, low, high, passes, verdict = find(page, r"0 as the BIOS left it +(\w+) +(\w+) +(\w+) +(\d+)  (\w+)").groups()
    assert written == low != high and passes == "1" and verdict == "on"
    assert len(re.findall("not needed", "\n".join(page))) == 3


def test_memory_as_the_bios_says(tour):
    page = "\n".join(tour[0][RAW_MAP])
    rows = [[int(field, 16) for field in row] for row in
            re.findall(r"^ +(\w+) +(\w+) +(\d+) +(\w+) +(\w+)  (\d) ", page, re.MULTILINE)]
    assert rows[0][0] == 0 and rows[-1][1] == 0 and len(rows) == int(re.search(r"E820: (\d+)", page).group(1))
    assert all(before[1] == after[0] for before, after in zip(rows, rows[1:]))
    above_1m = [row for row in rows if 0x100000 <= row[3] < 0x80000000]
    assert above_1m[0][3] == 0x100000 and above_1m[-1][4] == MEMORY_BYTES - 1  # the BIOS keeps the top for its tables
    assert all(before[4] + 1 == after[3] for before, after in zip(above_1m, above_1m[1:]))


def test_clean_memory_map(tour):
    page = "\n".join(tour[0][CLEAN_MAP])
    rows = re.findall(r"^ +(\w+) +(\w+) +(\d+)  ([\w ]+?)( \*)?$", page, re.MULTILINE)
    ranges = [(int(first, 16), int(last, 16)) for first, last, *_ in rows]
    assert ranges == sorted(ranges) and all(before[1] < after[0] for before, after in zip(ranges, ranges[1:]))
    assert all(first % 4096 == 0 and last % 4096 == 4095 for first, last in ranges)
    assert [(last + 1 - first) >> 10 for first, last in ranges] == [int(row[2]) for row in rows]
    kinds = {row[3] for row in rows}
    assert {"usable", "reserved", "loader"} <= kinds and "unknown" not in page
    assert ("100000", "usable", "") in {(row[0], row[3], row[4]) for row in rows}
    assert all(row[4] for row in rows if row[3] == "loader")


def test_disk(tour):
    pages, seen = tour
    page = pages[DISK]
    assert number(page, r"Drive +(\w+), disk id") == 0x80
    assert number(page, r"disk id (\w+)") == struct.unpack_from("<I", seen["disk"], 440)[0]
    assert find(page, r"EDD version 30; CX 0007 EDD LOCK EXTENDED") and find(page, "sectors of 512 bytes")
    assert find(page, r"up to 127 sectors a call") and find(page, "0 failed attempts, 0 changes")


def test_kernel(tour):
    pages, _ = tour
    kernel = build_file("boot/kernel.elf")
    elf = Elf(kernel)
    page = pages[KERNEL_HEADER]
    assert find(page, rf"boot/kernel.elf, {len(kernel)} bytes") and number(page, r"Entry point +(\w+)") == elf.entry
    assert hex_bytes(find(page, "Identity.*").group()) == kernel[:16]
    stored, computed = find(page, r"CRC-32 (\w+) expected, (\w+) computed: right").groups()
    assert stored == computed and struct.pack("<I", int(stored, 16)) in kernel
    rows = re.findall(r"LOAD +([R-])([W-])([X-]) +(\w+)  (\w+) +(\w+) +(\w+) +(\w+)", "\n".join(pages[KERNEL_SEGMENTS]))
    assert [tuple(int(field, 16) for field in row[3:]) for row in rows] == [header[2:7] for header in elf.loads()]
    assert [sum(bit for bit, letter in zip((4, 2, 1), row) if letter != "-") for row in rows] == \
        [header[1] for header in elf.loads()]
    assert hex_bytes(find(pages[KERNEL_BEFORE], "2 MiB, now.*").group().split(":")[1]) == bytes(16)
    assert hex_bytes(find(pages[KERNEL_SEGMENTS], "Now there.*").group().split(":")[1]) == elf.at(elf.loads()[0][3], 16)


def test_ramfs(tour):
    pages, seen = tour
    page = pages[RAMFS]
    first, last = (int(field, 16) for field in find(page, r"In memory +(\w+) to (\w+)").groups())
    size = int(find(page, r"boot/ramfs.cpio, (\d+) bytes").group(1))
    assert last + 1 - first == size and first % 4096 == 0 and last < MEMORY_BYTES
    assert seen["ramfs"][:6] == b"070701" and hex_bytes(find(page, "First bytes.*").group().split(":")[1]) == seen["ramfs"]


def test_acpi(tour):
    page = tour[0][ACPI]
    rows = [hex_bytes(row) for row in page[:FOOT - 1] if re.match(r"^ +\w+: ", row)]
    assert rows[0].startswith(b"RSD PTR ") and sum((rows[0] + rows[1])[:20]) % 256 == 0
    assert number(page, r"RSDT at (\w+)") == struct.unpack_from("<I", rows[1])[0]


def test_page_walks(tour):
    """The fixture has compared each entry with memory."""
    pages, seen = tour
    elf = Elf(build_file("kernel.elf"))
    page = pages[PAGE_WALK]
    assert len(walk_entries(page)) == 4 and number(page, r"-> physical (\w+)") == seen["walk"]
    assert seen["walk"] == elf.entry - elf.loads()[0][3] + elf.loads()[0][4]
    assert hex_bytes(find(page, "there:.*").group()) == seen["at_entry"] == elf.at(elf.entry, 8)
    assert seen["low"] == [0x9000, 0x9000] and find(pages[LOW_MAPS], "The same place: yes")


def mode_registers(page: list, heading: str) -> dict:
    text = "\n".join(page).split(heading + ":", 1)[1]
    found = {"CR3": int(re.search(r"CR3 +(\w+)", text).group(1), 16)}
    for name, bits in (("CR0", CR0_BITS), ("CR4", CR4_BITS), ("EFER", EFER_BITS)):
        value, names = re.search(rf"{name} +(\w{{8}}) ((?:[a-zA-Z0-9]+\s+)+?)(?=CR\d|EFER|\n|$|In long|CS)", text).groups()
        if name == "CR4":
            names = re.search(r"CR4 +\w{8} ([\s\S]*?)EFER", text).group(1)
        found[name] = int(value, 16)
        assert flags(names, bits) == found[name] and len(names.split()) == len(bits)
    return found


def test_mode_switch(tour):
    pages, seen = tour
    page = pages[LONG_MODE]
    before, after = mode_registers(page, "Before"), mode_registers(page, "In long mode")
    for name in ("CR0", "CR3", "CR4", "EFER"):
        assert before[name] == seen["before"][name], name
        assert after[name] == seen["kernel"][name], name  # the real switch, seen at the kernel's first instruction
    assert after["EFER"] & 0x400 and not before["EFER"] & 0x400 and find(page, "CS +28 in 64-bit code")


def test_jump(tour):
    pages, seen = tour
    page, kernel = pages[JUMP], seen["kernel"]
    elf = Elf(build_file("kernel.elf"))
    for name in ("rip", "rdi", "rsp"):
        assert number(page, rf"{name} +(\w{{16}})") == kernel[name.upper()], name
    assert kernel["RIP"] == elf.entry and kernel["RFL"] & ~0x10000 == 2
    assert kernel["CS"][0] == number(page, r"cs (\w\w)") and kernel["SS"][0] == number(page, r", gs (\w\w)")
    assert hex_bytes(find(page, "through the page tables.*").group()) == elf.at(elf.entry, 8)


# ---- keys, displays, machines --------------------------------------------------------------

def test_back_next_and_boot(built):
    with ExplainGuest() as guest:
        guest.page(1)
        guest.press(" ")
        guest.page(2)
        guest.press("b")
        guest.page(1)
        guest.press("b")  # there is nothing before the first
        guest.page(1)
        for _ in range(CONFIG):
            guest.press("enter")
        guest.page(VIDEO)
        guest.press("b")  # back to a page of a step that is long over
        first = guest.page(CONFIG)
        guest.press("enter")
        guest.page(VIDEO)
        assert any("explain =    yes" in row for row in first)
        guest.press("q")
        guest.expect("Welcome to Astra")
        assert " 11/" not in guest.pump()


def test_goes_on_where_nobody_is(built):
    with ExplainGuest(FAST_CLOCK) as guest:
        guest.expect(r" 1/20 [^$]*boots on after 30 s without a key\)[^$]*start +kernel at")
        assert " 2/20" not in guest.pump()


def test_arguments_and_video(built):
    arguments = " ".join(f"number{i}" for i in range(30)) + " long=" + "x" * 200
    with ExplainGuest(config=f"explain = yes\nappend = {arguments}\nvideo = 800x600x32\n") as guest:
        pages = guest.pages(VIDEO)
        text = " ".join(row.strip() for row in pages[CONFIG])
        assert f"Arguments, {len(arguments)} bytes: number0 number1" in text and text.count("x") > 200
        assert find(pages[CONFIG], "video = +800x600") and find(pages[VIDEO], r"800 x 600 pixels of 32 bits")
        guest.press("q")
        guest.expect("Welcome to Astra")


def test_no_display(built):
    with ExplainGuest("--qemu-args=-vga none") as guest:
        assert find(guest.pages(VIDEO)[VIDEO], "no display answers")


def test_explain_from_the_menu(built):
    with ExplainGuest(config="", device="keyboard") as guest:
        guest.open_menu()
        guest.press("x")
        guest.page(1)
        guest.expect_row(FOOT, "15 minutes")  # somebody is there
        guest.press("q")
        guest.expect("Welcome to Astra")


def test_a20_switched_on(built):
    """A BIOS that leaves the gate shut: the first test says off, the next method's says on."""
    subprocess.run(["make", "-s", "-C", ROOT, "loader-tests"], check=True)
    with ExplainGuest.behind_a_hostile_bios(os.path.join(ROOT, "build/probe/hostile.bin"), {"a20_off": 1}) as guest:
        page = guest.pages(A20)[A20]
        written, low, high, passes, verdict = find(page, r"0 as the BIOS left it +(\w+) +(\w+) +(\w+) +(\d+)  (\w+)").groups()
        assert written == low == high and int(passes) > 1 and verdict == "off"
        assert find(page, r"1 INT 15h AX=2401h +(\w+ +){4}on") and find(page, "3 port 92h, bit 1 +not needed")


@pytest.mark.parametrize("cpu,entries,nx", [("max", 2, True), ("qemu64,-nx,-pdpe1gb", 3, False)])
def test_other_processors(built, cpu, entries, nx):
    with ExplainGuest("--cpu", cpu, "--smp", "2") as guest:
        pages = guest.pages(LAST)
        assert len(walk_entries(pages[LOW_MAPS])) == 2 * entries
        assert bool(mode_registers(pages[LONG_MODE], "In long mode")["EFER"] & 1 << 11) == nx
        guest.press("enter")
        guest.expect("Welcome to Astra")


def test_the_screen_shows_the_same(built, tmp_path):
    """Pixels of some pages are read with glyphs learnt from others."""
    with ExplainGuest() as guest:
        reader, read = screen.Reader(), 0
        for page in range(1, PAGE_WALK + 1):
            guest.page(page)
            lines = guest.both_screens()
            picture = screen.picture_of(guest, tmp_path)
            if page in (A20, CLEAN_MAP, PAGE_WALK):
                shown = reader.lines(picture)[:24]
                for row, line in zip(shown, lines):
                    assert len(row) == len(line) and all(c in (d, "?") for c, d in zip(row, line)), (row, line)
                assert sum(row.count("?") for row in shown) < 10
                read += 1
            for row, line in enumerate(lines):
                reader.learn(picture, line.ljust(80), row)
            guest.press("enter")
        assert read == 3


def test_bochs(built):
    with ExplainGuest("--bochs", "--mem", "64M") as guest:
        pages = guest.pages(LAST)
        assert find(pages[A20], "0 as the BIOS left it .* on") and find(pages[LOW_MAPS], "The same place: yes")
        elf = Elf(build_file("kernel.elf"))
        assert hex_bytes(find(pages[JUMP], "through the page tables.*").group()) == elf.at(elf.entry, 8)
        assert mode_registers(pages[LONG_MODE], "In long mode")["EFER"] & 0x500 == 0x500
        guest.press("enter")
        guest.expect("mm: ")
