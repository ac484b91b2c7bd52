"""A BIOS that misbehaves: every fault of tests/boot/hostile/faults.h ends in a boot whose hand-over the probe kernel
finds right, or in the documented code with its remedy. A fault that never took effect is a failed test."""
import re
import shutil
from pathlib import Path

import pytest

import hostile
from loader_boot import make_image, parts  # noqa: F401  (fixtures)

DISK_ID = 440  # byte of the boot sector
STAGE2 = 8 * 512
VIDEO = "video = 1024x768\n"

# Faults, and what must come of them: text that a boot prints, or a code of boot/README.md.
DISK = [
    ("", "EDD"),
    ("read_fails=1", "Astra E1-80"),
    ("read_fails=2", "EDD"),
    ("read_fails=3", "EDD"),
    ("read_fails=5", "EDD"),
    ("read_fails=13", "EDD"),
    ("dead_behind=200", 43),
    ("no_edd", "CHS"),
    ("edd_lies", "CHS"),
    ("edd_partial", "CHS"),
    ("sector_size=1", "512-byte sectors"),
    ("sector_size=4096", "512-byte sectors"),
    ("sector_size=513", "EDD"),
    ("sector_size=0xffff", "EDD"),
    ("no_parameters", "EDD"),
    ("short_told=63", "EDD"),
    ("short_told=8", "EDD"),
    ("short_told=1", "EDD"),
    ("short=63", "EDD"),
    ("short=16", "EDD"),
    ("short=1", "EDD"),
    ("refuse_above=126", "EDD"),
    ("refuse_above=64", "EDD"),
    ("refuse_above=63", "EDD"),
    ("refuse_above=32", "EDD"),
    ("refuse_above=8", "EDD"),
    ("refuse_above=1", "EDD"),
    ("slow=50", "EDD"),
    ("read_moves_a20=3", None),
    ("no_geometry", "EDD"),
    ("no_geometry no_edd", "Astra E1-00"),
]
START = [
    ("drive=0x100", "BIOS drive 80h"),
    ("drive=0x101", "BIOS drive 80h"),
    ("drive=0x17f", "BIOS drive 80h"),
    ("drive=0x181", "BIOS drive 80h"),
    ("drive=0x18f", "BIOS drive 80h"),
    ("drive=0x190", "BIOS drive 80h"),
    ("drive=0x1e0", "BIOS drive 80h"),
    ("drive=0x1ff", "BIOS drive 80h"),
    ("cs", None),
    ("bpb", None),
    ("disk_id", 40),
]
A20 = [
    ("a20_off", "on, by the BIOS"),
    ("a20_off 2401_lies", "on, by the keyboard controller"),
    ("a20_off 2401_missing", "on, by the keyboard controller"),
    ("a20_off 2401_lies kbc_absent", "on, by port 92h"),
    ("a20_off 2401_lies kbc_deaf", "on, by port 92h"),
    ("a20_off 2401_lies kbc_busy", "on, by port 92h"),
    ("a20_off 2401_lies kbc_chatters", "on, by port 92h"),
    ("a20_off 2401_missing kbc_absent port_a_absent", 20),
    ("a20_off 2401_missing kbc_deaf port_a_deaf", 20),
]
EVERY_CALL = [
    ("registers", None),
    ("segments", None),
    ("direction", None),
    ("interrupts", None),
]
MEMORY = [
    ("map_unsorted", "by E820"),
    ("map_overlaps", "0000000000600000 0000000000610000 type 2"),
    ("map_wraps", "63 MiB usable, .* by E820"),
    ("map_endless", " [67] ranges by E820"),
    ("map_stuck=2", "by E801"),
    ("map_stuck=5", "by E820"),
    ("map_24", "by E820"),
    ("map_20", "by E820"),
    ("map_crowded=40", "by E820"),
    ("map_crowded=300", "60 MiB usable, 128 ranges by E820"),
    ("map_lost=1", "by E801"),
    ("map_lost=3", "by E801"),
    ("map_none", "by E801"),
    ("map_none e801_ax", "by E801"),
    ("map_none e801_cx", "by E801"),
    ("map_none e801_none", "by 88h"),
    ("map_none e801_none 88_none", 30),
    ("low_kib=512", None),
    ("low_kib=511", 32),
    ("ebda=0x8000", None),
    ("ebda=0x7f00", 32),
]
SCREEN = [
    ("vbe_none", "warning  80:"),
    ("vbe_no_linear", "warning  80:"),
    ("vbe_pitch=1", "warning  80:"),
    ("vbe_pitch=0xffff", "warning  80:"),
    ("vbe_size=0xffff", "warning  80:"),
    ("vbe_address=1", "warning  80:"),
    ("vbe_address=0x101", "warning  80:"),
    ("vbe_address=0xffff", "warning  80:"),
    ("vbe_colours=40", "warning  80:"),
    ("vbe_list", "warning  80:"),
    ("vbe_endless", "warning  80:"),
    ("vbe_set_fails", "warning  80:"),
    ("vbe_set_lies", "warning  80:"),
]
COMBINED = [
    ("registers segments direction interrupts", None),
    ("registers segments direction interrupts no_edd read_fails=3 drive=0x100 cs bpb a20_off map_overlaps map_unsorted",
     "CHS"),
    ("registers segments direction interrupts vbe_endless map_none", "warning  80:"),
    ("short=8 drive=0x181 refuse_above=64 read_moves_a20=2", "EDD"),
]
KEYBOARD = [
    ("key_stuck disk_id", 40),
    ("key_garbage disk_id", 40),
]
CASES = DISK + START + A20 + EVERY_CALL + MEMORY + SCREEN + KEYBOARD + COMBINED

EMULATORS = {"qemu": hostile.qemu, "bochs": hostile.bochs}


def parse(words: str) -> dict:
    """`name` or `name=n`, n being the fault's parameter."""
    pairs = (word.partition("=") for word in words.split())
    return {name: int(number or "1", 0) for name, _, number in pairs}


@pytest.fixture
def misbehave(make_image, parts, tmp_path):  # noqa: F811
    def run(emulator, faults, **options):
        image = make_image(config="append = quiet\n" + (VIDEO if "vbe_" in faults else ""), ramfs_kib=200,
                           stage2=parts["stuck"] if "kbc_" in faults else None)
        hostile.install(image, parts["hostile"], parse(faults))
        return EMULATORS.get(emulator, emulator)(image, tmp_path, **options)
    return run


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("faults,expected", CASES, ids=[words or "none" for words, _ in CASES])
def test_fault(misbehave, emulator, faults, expected):
    misbehave(emulator, faults).check(parse(faults), expected)


def test_every_fault_is_tried_and_told():
    tried = {name for words, _ in CASES for name in parse(words)} | {"18_returns", "key_typed"}
    assert tried == set(hostile.FAULTS)
    told = set(re.findall(r"`(\w+)`", (Path(hostile.ROOT) / "docs" / "boot-hardware.md").read_text()))
    assert not set(hostile.FAULTS) - told


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("faults", ["drive=0x181", "drive=0x181 no_edd"])
@pytest.mark.parametrize("has_loader", [True, False])
def test_other_disk_first(misbehave, emulator, faults, has_loader):
    """DL names a disk that the boot sector did not come from; a loader may be on it too."""
    def boot(image, folder):
        other = shutil.copyfile(image, f"{image}.other")
        with open(other, "r+b") as file:
            file.seek(DISK_ID)
            file.write(b"nope")
            file.seek(STAGE2)
            file.write(b"" if has_loader else bytes(512))
        return EMULATORS[emulator](image, folder, second=other)
    misbehave(boot, faults).check(parse(faults), "BIOS drive 80h")


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("faults", ["disk_id 18_returns key_typed=55",
                                    pytest.param("disk_id 18_returns key_stuck", marks=pytest.mark.long)])
def test_int_18h_returns_to_stage2(misbehave, emulator, faults):
    """The error stays readable until a key, or for 30 seconds when the keyboard always has one; then the last word."""
    outcome = misbehave(emulator, faults, until=b"Switch the machine off")
    outcome.check(parse(faults), 40)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_int_18h_returns_to_stage1(misbehave, emulator):
    """The code stays on the screen, once, and the machine stands still."""
    faults = "read_fails=1 18_returns key_stuck"
    outcome = misbehave(emulator, faults, fired="18_returns")
    outcome.check(parse(faults), "Astra E1-80")
    assert outcome.text.count("E1") == 1


@pytest.mark.parametrize("emulator", EMULATORS)
def test_damaged_and_short(misbehave, emulator):
    """Read in full at the second attempt, stage2 is still not what was made."""
    def boot(image, folder):
        with open(image, "r+b") as file:
            file.seek(STAGE2 + 30000)
            file.write(b"\xff\0\xff")
        return EMULATORS[emulator](image, folder)
    misbehave(boot, "short=16").check(parse("short=16"), 10)
