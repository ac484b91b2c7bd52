"""Boots the loader under the misbehaving BIOS (tests/boot/hostile) in QEMU and in Bochs."""
import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from conftest import ROOT

FAULTS_HEADER = Path(ROOT) / "tests" / "boot" / "hostile" / "faults.h"
SECTOR = 512
BOOT_SECTOR_DATA = slice(440, 510)  # disk id and partition table
BOOT_LIMIT_S = 400
POLL_S = 0.03
FIRST_LETTER = ord("0")
ENDS = rb"probe: (PASS|FAIL)|Press a key|Astra E\d-[0-9A-F]{2}"

# The terminal display, which offers larger VESA modes than vm.bochs.RFB; a boot draws far less than what stops it.
BOCHS_CONFIGURATION = """\
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 64
cpu: model=corei7_sandy_bridge_2600k, count=1, ips=50000000
clock: sync=none
{disks}
boot: disk
com1: enabled=1, mode=file, dev={folder}/com1
com2: enabled=1, mode=file, dev={folder}/com2
log: {folder}/bochs.log
"""


def _definitions() -> dict:
    pairs = re.findall(r"^#define (\w+) +(\w+)", FAULTS_HEADER.read_text(), re.MULTILINE)
    return {name: int(value, 0) for name, value in pairs}


CONSTANTS = _definitions()
FAULTS = {name.removeprefix("FAULT_").lower(): value for name, value in CONSTANTS.items()
          if name.startswith("FAULT_") and name != "FAULT_COUNT"}
NAMES = {number: name for name, number in FAULTS.items()}


def install(image: str, shim: str, faults: dict):
    """Puts the misbehaving BIOS in front of the image's own boot sector."""
    sector, resident = _split(Path(shim).read_bytes())
    for name, parameter in faults.items():
        at = CONSTANTS["HOSTILE_PARAMETERS"] + 2 * FAULTS[name]
        resident[at:at + 2] = parameter.to_bytes(2, "little")
    with open(image, "r+b") as file:
        real = file.read(SECTOR)
        sector[BOOT_SECTOR_DATA] = real[BOOT_SECTOR_DATA]
        for lba, data in ((0, sector), (CONSTANTS["HOSTILE_REAL_LBA"], real), (CONSTANTS["HOSTILE_LBA"], resident)):
            file.seek(lba * SECTOR)
            file.write(data)


def _split(shim: bytes) -> tuple:
    return bytearray(shim[:SECTOR]), bytearray(shim[SECTOR:])


class Outcome:
    """What the loader printed on COM1, and how often each fault took effect (COM2)."""

    def __init__(self, text: str, letters: bytes):
        self.text = text
        self.fired = Counter(NAMES[letter - FIRST_LETTER] for letter in letters)

    def check(self, faults: dict, expected):
        """`expected`: an error code, or a pattern in what a boot prints, or None for just a boot."""
        assert not (silent := [name for name in faults if not self.fired[name]]), f"never fired: {silent}\n{self.text}"
        if isinstance(expected, int):
            assert f"Astra boot error {expected}:" in self.text and "Remedy:" in self.text, self.text
        elif expected and expected.startswith("Astra E"):
            assert expected in self.text, self.text
        else:
            assert "probe: PASS" in self.text and re.search(expected or "", self.text), self.text


def qemu(image: str, folder: Path, second: str = "", until=ENDS, fired: str = "") -> Outcome:
    disks = [f"file={path},format=raw,if=ide,index={index}" for index, path in enumerate([image, second]) if path]
    command = ["qemu-system-x86_64", "-display", "none", "-no-reboot", "-monitor", "none", "-nic", "none", "-m", "64M",
               "-serial", f"file:{folder}/com1", "-serial", f"file:{folder}/com2"]
    for disk in disks:
        command += ["-drive", disk]
    return _run(command, folder, until, fired)


def bochs(image: str, folder: Path, second: str = "", until=ENDS, fired: str = "") -> Outcome:
    disks = [f"ata0-{place}: type=disk, path={path}, mode=flat"
             for place, path in (("master", image), ("slave", second)) if path]
    (folder / "bochsrc").write_text(BOCHS_CONFIGURATION.format(disks="\n".join(disks), folder=folder))
    (folder / "commands").write_text("c\n")
    return _run(["bochs", "-q", "-f", str(folder / "bochsrc"), "-rc", str(folder / "commands")], folder, until,
                fired)


def _run(command, folder: Path, until, fired: str) -> Outcome:
    """Until the loader's last words, and the fault `fired`; a hang is a failure that shows what came before."""
    outputs = [folder / "com1", folder / "com2"]
    for output in outputs:
        output.write_bytes(b"")
    process = subprocess.Popen(command, env={**os.environ, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + BOOT_LIMIT_S
    try:
        letter = bytes([FIRST_LETTER + FAULTS[fired]]) if fired else b""
        while not (re.search(until, text := outputs[0].read_bytes()) and letter in outputs[1].read_bytes()):
            assert process.poll() is None, f"ended: {process.stderr.read().decode(errors='replace')}\n{text.decode()}"
            assert time.monotonic() < deadline, \
                f"hung:\n{text.decode(errors='replace')}\nfaults: {outputs[1].read_bytes()}"
            time.sleep(POLL_S)
    finally:
        process.kill()
        process.wait()
    return Outcome(outputs[0].read_text(errors="replace"), outputs[1].read_bytes())
