"""Command-line options shared by the commands that start a guest."""
import argparse
import sys

from vm import rootfs_boot


def parse_disk(text: str) -> tuple:
    """FILE[,if=BUS] -> (file, bus)."""
    path, _, rest = text.partition(",if=")
    bus = rest or "virtio"
    if bus not in ("virtio", "ahci", "ide", "nvme", "usb"):
        raise argparse.ArgumentTypeError(f"no such disk interface: {bus}")
    return path, bus


def parse_add(text: str) -> tuple:
    """HOST:GUEST -> (host path, absolute guest path)."""
    source, separator, target = text.rpartition(":")
    if not separator or not source or not target.startswith("/"):
        raise argparse.ArgumentTypeError("wanted HOST:GUEST with an absolute guest path")
    return source, target


def add_video(parser) -> None:
    parser.add_argument("--video", metavar="WxH[xBITS]", default="",
                        help="the screen: pixels, and bits a pixel (default: the deepest); or text")


def add_rootfs(parser) -> None:
    parser.add_argument("--rootfs", metavar="FILE", help="a root of Debian packages (./astra rootfs) beside Astra's own tree")


class GuestParser(argparse.ArgumentParser):
    """Chooses the machine's memory and boot disk when they are not given."""

    def parse_args(self, args=None, namespace=None):
        options = super().parse_args(args, namespace)
        message = rootfs_boot.settle(options)
        if message:
            print(message, file=sys.stderr)
        return options


def guest_parser(name: str, description: str, fixed_emulator: bool = False) -> argparse.ArgumentParser:
    """`fixed_emulator`: the command itself says which, and that GDB is attached or not."""
    parser = GuestParser(prog=f"astra {name}", description=description)
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    content = parser.add_argument_group("what boots")
    content.add_argument("--image", metavar="FILE", help="boot this image (raw, qcow2, vmdk or vdi; it is not changed) instead of building one")
    content.add_argument("--add", metavar="HOST:GUEST", type=parse_add, action="append", default=[],
                         help="put a host file or folder into the guest's tree")
    add_rootfs(content)
    content.add_argument("--append", metavar="TEXT", default="", help="add to the kernel command line")
    content.add_argument("--init", metavar="PATH", help="the guest's first program (shorthand for init=PATH)")
    add_video(content)
    machine = parser.add_argument_group("the machine")
    if fixed_emulator:
        parser.set_defaults(bochs=False, gdb=False)
    else:
        machine.add_argument("--bochs", action="store_true", help="use Bochs instead of QEMU")
        machine.add_argument("--gdb", action="store_true", help="listen for GDB on port 1234")
    machine.add_argument("--mem", metavar="SIZE", help="default: 256M; with --rootfs, what that needs")
    machine.add_argument("--smp", type=int, default=1, metavar="N", help="processors (default: 1)")
    machine.add_argument("--cpu", metavar="MODEL", help="QEMU's or Bochs' name of a CPU model")
    machine.add_argument("--machine", metavar="TYPE", help="QEMU machine type, such as q35")
    machine.add_argument("--boot", choices=("ide", "ahci", "virtio", "nvme", "usb"),
                         help="how the boot disk is attached (default: ide; with --rootfs, ahci)")
    machine.add_argument("--disk", metavar="FILE[,if=BUS]", type=parse_disk, action="append", default=[],
                         help="another disk; it is written to")
    machine.add_argument("--net", action="store_true", help="a network card on QEMU's user network")
    machine.add_argument("--accel", choices=("tcg", "kvm"), help="default: KVM where it works, else TCG")
    machine.add_argument("--icount", action="store_true", help="count instructions: repeatable virtual time")
    machine.add_argument("--screenshot", metavar="FILE.png", help="save the screen before the guest goes")
    machine.add_argument("--audio", metavar="FILE.wav", help="record what the guest plays")
    machine.add_argument("--qemu-args", metavar="TEXT", default="", help="more arguments for QEMU, quoted as in a shell")
    return parser
