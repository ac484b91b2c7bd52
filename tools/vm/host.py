"""The host machine: where the tree is, what it can do, building."""
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).resolve().parents[2]))
BUILD = ROOT / "build"
IMAGE = BUILD / "astra.img"
KERNEL = BUILD / "kernel.elf"


class HostError(Exception):
    """Trouble on the host: shown in one line, exit status 125."""


def need(program: str) -> str:
    path = shutil.which(program)
    if not path:
        raise HostError(f"{program} is not installed; tools/host-packages.txt lists what is needed")
    return path


def need_file(path: str) -> None:
    if not Path(path).is_file():
        raise HostError(f"there is no file {path}")


def version() -> str:
    return (ROOT / "VERSION").read_text().strip()


def build(target: str = "all", quiet: bool = True) -> None:
    """Brings `target` up to date, one build at a time; output is shown only when it fails or when quiet is off."""
    command = [need("make"), "-C", str(ROOT), f"-j{os.cpu_count() or 2}", "--no-print-directory", target]
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build" / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE if quiet else sys.stderr,
                                stderr=subprocess.STDOUT if quiet else None)
    if result.returncode != 0:
        if quiet:
            sys.stderr.write(result.stdout)
        raise HostError("the build failed")


def kvm_usable() -> bool:
    """KVM only where the CPU can and the device opens; elsewhere /dev/kvm may exist and fail late."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
        if not re.search(r"\b(vmx|svm)\b", flags):
            return False
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return True
    except OSError:
        return False
