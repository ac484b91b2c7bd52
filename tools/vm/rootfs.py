"""./astra rootfs: a root filesystem from unmodified Debian packages, to be booted with --rootfs."""
import argparse
import sys
from pathlib import Path

from vm import host, rootfs_apt, rootfs_archive, rootfs_deb, rootfs_setup
from vm.cpio import CpioError

FOLDER = host.BUILD / "rootfs"
# What every root needs: folders, accounts, library names; and that /bin is /usr/bin, for packages that ask for it.
BASE = ["base-files", "base-passwd", "libc-bin", "usr-is-merged"]


def parse(name: str, arguments: list):
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__)
    classes = ", ".join(rootfs_deb.CLASSES)
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    parser.add_argument("--packages", metavar="TEXT", action="append", required=True,
                        help="names of Debian packages, between blanks or commas; may be given again")
    parser.add_argument("-o", "--output", metavar="FILE", help="where the root goes (a cpio archive)")
    parser.add_argument("--print", action="store_true", dest="show", help="list the packages and their sizes, unpack nothing")
    parser.add_argument("--recommends", action="store_true", help="also what packages recommend")
    parser.add_argument("--keep", metavar="WHAT", action="append", default=[], choices=sorted(rootfs_deb.CLASSES),
                        help=f"keep what is left out by default: {classes}")
    parser.add_argument("--exclude", metavar="WHAT", action="append", default=[],
                        help=f"leave out more: a pattern of paths, such as 'usr/share/perl/*' ({classes} are left out)")
    parser.add_argument("--update", action="store_true", help="fetch the package lists even if they are fresh")
    options = parser.parse_args(arguments)
    options.packages = " ".join(options.packages).replace(",", " ").split()
    if not options.packages:
        parser.error("--packages names no package")
    if not options.show and not options.output:
        parser.error("name the file to write with -o, or see what it would hold with --print")
    return options


def fetch(options) -> list:
    """The paths of the archives of all packages wanted, downloaded and verified."""
    apt = rootfs_apt.Apt(FOLDER, options.recommends)
    wanted = BASE + [name for name in options.packages if name not in BASE]
    with apt.lock():
        apt.update(options.update)
        archives = apt.resolve(wanted)
        if options.show:
            return archives
        try:
            apt.download(wanted, archives)
        except host.HostError:
            print("rootfs: once more, with new lists", file=sys.stderr)
            apt.update(always=True)
            archives = apt.resolve(wanted)
            apt.download(wanted, archives)
    return archives


def show(archives: list) -> None:
    for archive in archives:
        name, version, _ = archive.path.name.split("_", 2)
        print(f"{archive.size / 1024:10.1f} KiB  {name} {version.replace('%3a', ':')}")
    print(f"{sum(archive.size for archive in archives) / 1024:10.1f} KiB  {len(archives)} packages")


def assemble(paths: list, chosen) -> tuple:
    """The tree of the packages, and messages about what could not be prepared."""
    tree, packages = rootfs_setup.begin(), []
    for number, path in enumerate(paths, 1):
        if sys.stderr.isatty():
            print(f"\r\x1b[Krootfs: unpacking {number} of {len(paths)}: {path.name}", end="", file=sys.stderr, flush=True)
        packages.append(rootfs_deb.read_control(path))
        rootfs_deb.unpack(path, tree, chosen)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return tree, rootfs_setup.finish(tree, packages)


def save(tree, output: Path) -> None:
    """Written beside the target and renamed: never half a root."""
    partial = output.with_name(output.name + ".partial")
    try:
        with open(partial, "wb") as file:
            rootfs_archive.write(tree, file)
        partial.rename(output)
    except (OSError, CpioError) as error:
        raise host.HostError(f"cannot write {output}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def main(name: str, arguments: list) -> int:
    options = parse(name, arguments)
    archives = fetch(options)
    if options.show:
        show(archives)
        return 0
    classes = [kind for kind in rootfs_deb.CLASSES if kind not in options.keep]
    chosen = rootfs_deb.Filter(classes, [pattern for pattern in options.exclude if pattern not in rootfs_deb.CLASSES])
    tree, messages = assemble([archive.path for archive in archives], chosen)
    for message in messages:
        print(f"rootfs: {message}", file=sys.stderr)
    output = Path(options.output)
    save(tree, output)
    print(f"{output}: {len(archives)} packages, {len(tree.entries)} names, {output.stat().st_size / 1048576:.1f} MiB")
    return 0
