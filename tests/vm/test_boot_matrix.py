"""Astra's own image on many machines, to a running program. By default every pair of the kinds of parts below, with
--long every triple, and every pair of the parts themselves. docs/boot-paths.md tells what is covered."""
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from machine_guest import MachineGuest
from machines import VARIANTS, Machine
from pairwise import cover
from vm import host, image

BOOT_LIMIT_S = 400
MIB_PER_KIB = 1 / 1024
SPARE_MIB = 8         # the kernel, its first tables and what the BIOS keeps ...
SPARE_SHARE = 1 / 40  # ... and a share of the memory: struct page, the archive
RESIDENT_MAX_MIB = 2048
REPORT = "grep MemTotal /proc/meminfo; echo $((6 * 7)) booted"
LONG_MODE_BOCHS = ["bx_generic", "p4_prescott_celeron_336", "athlon64_clawhammer", "athlon64_venice", "turion64_tyler",
                   "phenom_8650_toliman", "core2_penryn_t9600", "corei5_lynnfield_750", "corei5_arrandale_m520",
                   "corei7_sandy_bridge_2600k", "zambezi", "trinity_apu", "ryzen", "corei7_ivy_bridge_3770k",
                   "corei7_haswell_4770", "broadwell_ult", "corei7_skylake_x", "corei3_cnl", "corei7_icelake_u",
                   "tigerlake"]

# Kinds of parts, and the parts of each: a row of kinds takes them in turn.
KINDS = {
    "disk": {"ide": ["ide", "ide-3t"], "ahci": ["ahci", "ahci-3t"], "virtio": ["virtio-blk", "virtio-scsi"],
             "nvme": ["nvme-4096", "nvme", "nvme-4096-native"], "scsi": ["lsi", "megasas", "pvscsi", "sdhci"],
             "usb": ["xhci", "ehci", "nec-xhci", "uhci", "xhci", "ehci", "nec-xhci", "xhci", "nec-xhci"]},
    "memory_mib": {"smallest": [32], "small": [64, 128], "middle": [512, 2048], "below 4G": [3584],
                   "around 4G": [4096, 8192], "large": [65536]},
    "cpu": {"first": ["Opteron_G1", "phenom", "kvm64", "qemu64"],
            "Core": ["Conroe", "core2duo", "Penryn", "Nehalem", "Westmere"],
            "Core i": ["SandyBridge", "IvyBridge", "Haswell", "Broadwell", "Denverton", "Snowridge"],
            "Xeon": ["Skylake-Client", "Skylake-Server", "Cascadelake-Server", "Cooperlake", "Icelake-Server",
                     "KnightsMill"],
            "AMD": ["Opteron_G2", "EPYC", "Opteron_G3", "EPYC-Rome", "Opteron_G4", "EPYC-Milan", "Opteron_G5",
                    "Dhyana"],
            "max": ["max"]},
    "board": {"pc": ["pc"], "q35": ["q35", "pc-q35-2.12"], "old": ["pc-i440fx-2.4", "pc-i440fx-2.12", "pc-i440fx-4.2"],
              "small BIOS": ["pc-i440fx-1.4", "pc-i440fx-1.7"], "isapc": ["isapc"]},
    "screen": {"std": ["std"], "other": ["cirrus", "qxl", "virtio", "vmware"], "none": ["none"]},
    "cpus": {"one": [1], "more": [2, 4]},
    "apic": {"with": [True], "without": [False]},
    "acpi": {"with": [True], "without": [False]},
    "nx": {"with": [True], "without": [False]},
    "big_pages": {"with": [True], "without": [False]},
    "serial": {"with": [True], "without": [False]},
    "keyboard": {"with": [True], "without": [False]},
}
SMALL_BIOS_DISKS = ("ide", "ahci", "virtio")  # the 128 KiB build of SeaBIOS has no drivers for the rest


def possible(row: dict) -> bool:
    """Whether such kinds go together; for a part of a row, whether they still may."""
    if row.get("cpus") == "more" and row.get("apic") == "without":
        return False
    if row.get("serial") == "without" and row.get("screen") == "none":
        return False  # test_boots_unseen
    if row.get("board") == "small BIOS" and row.get("disk", "ide") not in SMALL_BIOS_DISKS:
        return False
    if row.get("board") in ("old", "small BIOS") and row.get("cpu") == "max":
        return False  # up to version 2.4 such a processor reports no extended CPUID leaves, hence no long mode
    if row.get("board") == "isapc":
        return (row.get("disk", "ide") == "ide" and row.get("cpus", "one") == "one" and row.get("acpi") != "with"
                and row.get("memory_mib") not in ("around 4G", "large") and row.get("screen") != "other")
    return True


def on_board(machine: dict) -> Machine:
    """What a board calls things differently."""
    if machine["board"] == "isapc" and machine["screen"] == "std":
        machine["screen"] = "isa"
    if "q35" in machine["board"] and machine["disk"] == "ahci":
        machine["disk"] = "q35-ahci"
    return Machine(**machine)


def rows_of_kinds(strength: int) -> list:
    turns = Counter()
    machines = []
    for row in cover({name: list(kinds) for name, kinds in KINDS.items()}, possible, strength):
        machine = {}
        for name, kind in row.items():
            parts = KINDS[name][kind]
            machine[name] = parts[turns[name, kind] % len(parts)]
            turns[name, kind] += 1
        machines.append(on_board(machine))
    return machines


def kind_of(name: str, part) -> str:
    return next(kind for kind, parts in KINDS[name].items() if part in parts)


def rows_of_parts() -> list:
    parts = {name: list(dict.fromkeys(part for parts in kinds.values() for part in parts))
             for name, kinds in KINDS.items()}
    rows = cover(parts, lambda row: possible({name: kind_of(name, part) for name, part in row.items()}))
    return [on_board(row) for row in rows]


PAIRS = rows_of_kinds(2)

WITHOUT_LONG_MODE = re.compile(r"(486|athlon|coreduo|kvm32|n270|pentium[23]?|qemu32)(-v1)?$|base$")


class Images:
    """The image of this build: with a command for COM2 in it, and without; for sectors of 512 and 4096 bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = {}

    def of(self, machine: Machine) -> Path:
        made = self._once((machine.serial, machine.image_sector), self._make)
        if machine.disk_size:
            return self._once((machine.serial, machine.disk_size, made), self._enlarge)
        return made

    def _once(self, key: tuple, make) -> Path:
        if key not in self._made:
            self._made[key] = make(self._folder / f"{len(self._made)}.img", *key)
        return self._made[key]

    def _make(self, path: Path, serial: bool, sector: int) -> Path:
        image.prepare(host.IMAGE, path, "panic=exit", [], ["sh", "-c", REPORT] if serial else [])
        if sector != 512:
            self._remake(path, sector)
        return path

    def _remake(self, path: Path, sector: int) -> None:
        """The same contents in an image for larger sectors."""
        partition = image.BootPartition(path)
        line = [str(host.BUILD / "tools" / "mkimage"), "--sector-size", str(sector), "-o", str(path)]
        for option, name in (("kernel", "kernel.elf"), ("ramfs", "ramfs.cpio"), ("config", "astra.cfg"),
                             ("readme", "README.txt")):
            part = path.with_suffix("." + option)
            part.write_bytes(partition.read(f"boot/{name}"))
            line += [f"--{option}", str(part)]
        for stage in ("stage1", "stage2"):
            line += [f"--{stage}", str(host.BUILD / "boot" / f"{stage}.bin")]
        subprocess.run(line, check=True, capture_output=True)

    def _enlarge(self, path: Path, _serial: bool, size: str, base: Path) -> Path:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base), "-F", "raw", str(path), size],
                       check=True)
        return path


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    return Images(tmp_path_factory.mktemp("images"))


def check_memory(machine: Machine, text: str) -> None:
    total = int(re.search(r"MemTotal: +(\d+) kB", text)[1]) * MIB_PER_KIB
    assert machine.memory_mib * (1 - SPARE_SHARE) - SPARE_MIB <= total <= machine.memory_mib, text


def check_by_serial(machine: Machine, guest: MachineGuest) -> None:
    status, text = guest.run_command(BOOT_LIMIT_S)
    assert status == 0 and "42 booted" in text, f"{text}\n{guest.console_tail()}"
    check_memory(machine, text)


def check_by_screen(machine: Machine, guest: MachineGuest) -> None:
    """A prompt, and what is typed there is run."""
    guest.wait_for_screen("root@astra:", BOOT_LIMIT_S)
    if machine.keyboard:
        guest.type("expr 6000000 + 7\n")
        guest.wait_for_screen("6000007", BOOT_LIMIT_S)


def boot(machine: Machine, images: Images) -> None:
    with MachineGuest(machine, images.of(machine)) as guest:
        try:
            (check_by_serial if machine.serial else check_by_screen)(machine, guest)
        except Exception:
            print(guest.console_tail(), guest.emulator_log(), sep="\n")
            raise


@pytest.mark.parametrize("machine", PAIRS, ids=str)
def test_pairs(machine, images):
    boot(machine, images)


@pytest.mark.long
@pytest.mark.parametrize("machine", rows_of_kinds(3), ids=str)
def test_triples(machine, images):
    boot(machine, images)


@pytest.mark.long
@pytest.mark.parametrize("machine", rows_of_parts(), ids=str)
def test_pairs_of_parts(machine, images):
    boot(machine, images)


def test_every_part_is_there():
    """The pairs of kinds hold every disk path; larger ones of other kinds may have more parts than turns."""
    disks = {machine.disk for machine in PAIRS}
    assert disks >= {part for parts in KINDS["disk"].values() for part in parts} - {"ahci"}
    assert {"q35-ahci", *VARIANTS} <= disks and len(PAIRS) <= 50


def test_large_memory_is_not_touched(images):
    """A guest of 64 GiB runs on a host with far less."""
    machine = Machine(memory_mib=65536, serial=False)
    with MachineGuest(machine, images.of(machine)) as guest:
        guest.wait_for_screen("root@astra:", BOOT_LIMIT_S)
        status = Path(f"/proc/{guest.process.pid}/status").read_text()
        resident = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * MIB_PER_KIB
        assert resident < RESIDENT_MAX_MIB, f"{resident:.0f} MiB"


def processor_models() -> list:
    """All of QEMU's models but `host`, which is no model."""
    said = subprocess.run(["qemu-system-x86_64", "-cpu", "help"], check=True, capture_output=True, text=True).stdout
    return [name for name in re.findall(r"^x86 (\S+)", said, re.MULTILINE) if name != "host"]


@pytest.mark.long
@pytest.mark.parametrize("cpu", processor_models())
def test_every_processor_model(images, cpu):
    """To a running program, or, without long mode, to the words for it."""
    machine = Machine(cpu=cpu)
    if not WITHOUT_LONG_MODE.match(cpu):
        boot(machine, images)
        return
    with MachineGuest(machine, images.of(machine)) as guest:
        guest.wait_for_console("Astra boot error 12:", BOOT_LIMIT_S)


def test_boots_unseen(tmp_path):
    """Neither screen nor serial port: the guest can only power off."""
    path = image.prepare(host.IMAGE, tmp_path / "image", "init=/bin/sh -c 'poweroff -f'", [], [])
    machine = Machine(screen="none", serial=False, keyboard=False)
    with MachineGuest(machine, path) as guest:
        assert guest.wait_end(BOOT_LIMIT_S), "did not power off"


@pytest.mark.parametrize("cpu,memory", [
    *((cpu, "64M") for cpu in ("athlon64_clawhammer", "p4_prescott_celeron_336")), ("tigerlake", "2G"),
    *(pytest.param(cpu, memory, marks=pytest.mark.long)
      for cpu in LONG_MODE_BOCHS for memory in ("32M", "128M", "512M", "2G"))])
def test_bochs(guest_exec, cpu, memory):
    result = guest_exec("sh", "-c", REPORT, options=["--bochs", "--cpu", cpu, "--mem", memory], timeout_s=400)
    assert result.status == 0 and "42 booted" in result.text, result.err.decode(errors="replace")
