"""The commands of ./astra, by name."""
import importlib

from vm import host

# name: (module, one line of help)
COMMANDS = {
    "run": ("vm.run", "build, boot, give a prompt in this terminal (--gui: a window, --bochs: Bochs)"),
    "exec": ("vm.execute", "boot, run one command in the guest, exit with its status:  exec -- CMD..."),
    "test": ("vm.test", "the whole test suite (--long adds what takes more than minutes)"),
    "bench": ("vm.bench", "the same programs on Astra and on Linux in one emulator; ratios (--list: the rows)"),
    "profile": ("vm.profile", "which functions of the kernel a command costs, counted:  profile -- CMD..., --row ROW"),
    "image": ("vm.make_image", "make an image with your own files or program in it"),
    "rootfs": ("vm.rootfs", "a root from unmodified Debian packages, for --rootfs:  rootfs --packages \"bash coreutils\" -o FILE"),
    "usb": ("vm.usb", "write the image to a USB stick and verify it:  usb /dev/sdX, usb --list"),
    "debug": ("vm.debug", "QEMU stopped at the boot sector's first instruction, GDB attached (--reset: in the BIOS)"),
    "bochs": ("vm.debug_bochs", "Bochs' instruction debugger with our symbols"),
    "tour": ("vm.tour", "a boot explained stop by stop, in Bochs' debugger: without NAME, the list"),
}


def usage() -> str:
    lines = ["usage: ./astra COMMAND [OPTIONS]", ""]
    lines += [f"  {name:<8}{text}" for name, (_, text) in COMMANDS.items()]
    lines += ["", "`./astra COMMAND --help` shows a command's options."]
    return "\n".join(lines)


def dispatch(arguments: list) -> int:
    name, rest = arguments[0], arguments[1:]
    if name in ("help", "-h", "--help"):
        print(usage())
        return 0
    if name == "--version":
        print(f"Astra {host.version()}")
        return 0
    if name not in COMMANDS:
        raise host.HostError(f"no command {name!r}\n{usage()}")
    return importlib.import_module(COMMANDS[name][0]).main(name, rest)
