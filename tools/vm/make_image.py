"""./astra image: an image with your own files or program in it."""
import argparse
import shutil
from pathlib import Path

from vm import disk_format, host, image
from vm.options import add_rootfs, add_video, parse_add


def main(name: str, arguments: list) -> int:
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    parser.add_argument("-o", "--output", default=str(host.IMAGE), metavar="FILE")
    parser.add_argument("--add", metavar="HOST:GUEST", type=parse_add, action="append", default=[])
    add_rootfs(parser)
    parser.add_argument("--init", metavar="PATH")
    parser.add_argument("--append", metavar="TEXT", default="")
    parser.add_argument("--old-kernel", metavar="FILE", help="a kernel for the boot menu's `previous kernel`")
    add_video(parser)
    parser.add_argument("--format", choices=disk_format.FORMATS, help="default: what FILE ends in, such as .vdi; else raw")
    options = parser.parse_args(arguments)
    options.format = options.format or disk_format.by_name(options.output)
    host.build()
    output = Path(options.output)
    append = image.kernel_arguments(options)
    changed = (append or options.add or options.rootfs or options.video or options.old_kernel or options.format != "raw"
               or output.resolve() != host.IMAGE.resolve())
    if changed and output.resolve() == host.IMAGE.resolve():
        raise host.HostError("name the new image with -o FILE; build/astra.img stays as built")
    if changed:
        _make(output, append, options)
    print(f"{output}: {output.stat().st_size / 1048576:.1f} MiB")
    return 0


def _make(output: Path, append: str, options) -> None:
    """Written beside the target and renamed: never a half-written image."""
    partial = output.with_name(output.name + ".partial")
    converted = output.with_name(output.name + ".converted")
    try:
        image.prepare(host.IMAGE, partial, append, options.add, [], options.video, options.rootfs)
        if options.old_kernel:
            image.BootPartition(partial).write(image.OLD_KERNEL_FILE, Path(options.old_kernel).read_bytes())
        if options.format != "raw":
            disk_format.convert(partial, "raw", converted, options.format)
            shutil.move(converted, partial)
        partial.rename(output)
    except OSError as error:
        raise host.HostError(f"cannot make {output}: {error}") from error
    finally:
        for leftover in (partial, converted):
            leftover.unlink(missing_ok=True)
