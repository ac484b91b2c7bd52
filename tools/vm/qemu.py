"""The QEMU command line for a guest."""
import shlex
from pathlib import Path

from vm import disk_format, host

DEFAULT_CPU = "qemu64"

# How a disk hangs on the machine: (devices to add once, the disk's own device)
ATTACHMENTS = {
    "ide": ([], "ide-hd,drive={id}"),
    "ahci": (["ich9-ahci,id=ahci"], "ide-hd,drive={id},bus=ahci.{index}"),
    "virtio": ([], "virtio-blk-pci,drive={id}"),
    "nvme": ([], "nvme,drive={id},serial={id}"),
    "usb": (["qemu-xhci,id=xhci"], "usb-storage,drive={id},bus=xhci.0"),
}


class DiskSet:
    """Numbers disks and adds each controller once."""

    def __init__(self) -> None:
        self.arguments = []
        self._controllers = set()
        self._count = {}

    def add(self, path: str, bus: str, disk_format: str, boot: bool = False) -> None:
        controllers, device = ATTACHMENTS[bus]
        for controller in controllers:
            if controller not in self._controllers:
                self._controllers.add(controller)
                self.arguments += ["-device", controller]
        index = self._count.get(bus, 0)
        self._count[bus] = index + 1
        name = f"{bus}{index}"
        file = str(path).replace(",", ",,")
        self.arguments += ["-drive", f"file={file},if=none,id={name},format={disk_format},cache=unsafe"]
        self.arguments += ["-device", device.format(id=name, index=index) + (",bootindex=0" if boot else "")]


def command(options, image: Path, serial: list, extra: list) -> list:
    """`serial`: what COM1, COM2, ... are connected to, in QEMU's words."""
    disks = DiskSet()
    disks.add(str(image), options.boot, "raw", boot=True)
    for path, bus in options.disk:
        disks.add(path, bus, disk_format.by_name(path))
    accel = options.accel or ("kvm" if host.kvm_usable() and not options.icount else "tcg")
    line = [host.need("qemu-system-x86_64"), "-name", "Astra", "-m", options.mem, "-smp", str(options.smp),
            "-accel", accel, "-cpu", options.cpu or ("host" if accel == "kvm" else DEFAULT_CPU),
            "-no-user-config", "-nodefaults", "-vga", "std", "-rtc", "base=utc",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    if options.machine:
        line += ["-machine", options.machine]
    if options.icount:
        line += ["-icount", "shift=1,sleep=off"]
    line += disks.arguments
    for port in serial:
        line += ["-serial", port]
    line += ["-nic", "user,model=virtio-net-pci"] if options.net else ["-nic", "none"]
    if options.audio:
        line += ["-audiodev", f"wav,id=audio,path={options.audio}", "-device", "AC97,audiodev=audio"]
    if options.gdb:
        line += ["-gdb", "tcp::1234"]
    return line + extra + shlex.split(options.qemu_args)
