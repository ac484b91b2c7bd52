"""Bochs: its configuration file and command line. Serial ports are sockets that Bochs connects to."""
from pathlib import Path

from vm import host

SHARE = Path("/usr/share/bochs")
INSTRUCTIONS_PER_SECOND = 50_000_000
DEFAULT_CPU = "corei7_sandy_bridge_2600k"
# The screen for a VNC viewer, if one comes. Bochs' terminal display would stop for ever once it has drawn 64 KiB that
# nobody reads.
RFB = "rfb, options=\"timeout=0\""

SIZE_UNITS = {"K": 1 / 1024, "M": 1, "G": 1024}


def megabytes(size: str) -> int:
    unit = size[-1].upper()
    if unit in SIZE_UNITS:
        return max(1, int(int(size[:-1]) * SIZE_UNITS[unit]))
    return int(size)


def configuration(options, image: Path, log: Path, ports: list, display: str, power_on: str = "utc") -> str:
    """`ports`: TCP ports on the loopback address, for COM1, COM2, ... `power_on`: the clock's time then, in seconds
    since 1970; given one, every run of an image is the same, instruction by instruction."""
    lines = [
        f"megs: {megabytes(options.mem)}",
        f"cpu: model={options.cpu or DEFAULT_CPU}, count={options.smp}, ips={INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0",
        f"romimage: file={SHARE / 'BIOS-bochs-latest'}, options=fastboot",
        f"vgaromimage: file={SHARE / 'VGABIOS-lgpl-latest'}",
        "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
        f"ata0-master: type=disk, path=\"{image}\", mode=flat, translation=auto",
        "boot: disk",
        f"log: {log}",
        "panic: action=report",
        "error: action=report",
        "info: action=ignore",
        "debug: action=ignore",
        f"display_library: {display}",
        f"clock: sync=none, time0={power_on}",
        "sound: waveoutdrv=dummy",
    ]
    for number, (path, _) in enumerate(options.disk[:1], start=1):
        lines.append(f"ata0-slave: type=disk, path=\"{path}\", mode=flat")
    for number, port in enumerate(ports, start=1):
        lines.append(f"com{number}: enabled=1, mode=socket-client, dev=localhost:{port}")
    return "\n".join(lines) + "\n"


def command(config: Path, debugger_script: Path) -> list:
    return [host.need("bochs"), "-q", "-f", str(config), "-rc", str(debugger_script)]
