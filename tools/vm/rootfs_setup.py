"""What the packages' maintainer scripts would do to make a root work, done without running any of them."""
from vm import rootfs_alternatives, rootfs_ldcache
from vm.rootfs_tree import Tree, directory, file, link

MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # the usrmerge layout
GROUP_MAIL, GROUP_UTMP = 8, 43                                # base-passwd's group.master
FOLDERS = [  # path, mode, group
    ("usr", 0o755, 0), ("dev", 0o755, 0), ("proc", 0o555, 0), ("sys", 0o755, 0), ("run", 0o755, 0),
    ("run/lock", 0o1777, 0), ("tmp", 0o1777, 0), ("var", 0o755, 0), ("var/tmp", 0o1777, 0), ("var/log", 0o755, 0),
    ("root", 0o700, 0), ("home", 0o755, 0), ("mnt", 0o755, 0), ("srv", 0o755, 0), ("opt", 0o755, 0),
    ("media", 0o755, 0), ("etc", 0o755, 0), ("var/mail", 0o2775, GROUP_MAIL), ("usr/local/bin", 0o755, 0),
    ("usr/local/sbin", 0o755, 0), ("usr/local/lib", 0o755, 0), ("usr/local/share", 0o755, 0)]
LINKS = [("var/run", "/run"), ("var/lock", "/run/lock"), ("etc/mtab", "/proc/mounts")]
COPIES = [  # what a package keeps as a model, and where its script puts it
    ("usr/share/base-passwd/passwd.master", "etc/passwd"), ("usr/share/base-passwd/group.master", "etc/group"),
    ("usr/share/base-files/profile", "etc/profile"), ("usr/share/base-files/motd", "etc/motd"),
    ("usr/share/base-files/dot.profile", "root/.profile"), ("usr/share/base-files/dot.bashrc", "root/.bashrc"),
    ("usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"), ("usr/share/debianutils/shells", "etc/shells")]
TEXTS = [
    ("etc/hostname", "astra\n"),
    ("etc/hosts", "127.0.0.1\tlocalhost astra\n::1\tlocalhost\n"),
    ("etc/resolv.conf", "# The name server of QEMU's user network.\nnameserver 10.0.2.3\n"),
    ("etc/default/locale", "LANG=C.UTF-8\n"),
    ("etc/profile.d/astra.sh", "# Astra's own programs, after Debian's.\nPATH=$PATH:/sys/bin\nexport PATH LANG=C.UTF-8\n"),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("etc/group", "root:x:0:\n")]
SHELLS = ("dash", "bash", "busybox")
SHELL_OF_ASTRA = "/sys/bin/sh"


def begin() -> Tree:
    """An empty root: the folders and links that the first package already finds."""
    tree = Tree()
    for name, mode, group in FOLDERS:
        tree.put(name, directory(mode, group))
    for name in MERGED:
        tree.put(f"usr/{name}", directory())
        tree.put(name, link(f"usr/{name}"))
    for name, target in LINKS:
        tree.put(name, link(target))
    return tree


def _copy_models(tree: Tree) -> None:
    for source, target in COPIES:
        entry = tree.find(source)
        if entry is not None:
            tree.put_new(target, file(entry.data, mtime=entry.mtime))
    for name, text in TEXTS:
        tree.put_new(name, file(text.encode()))


def _choose_shell(tree: Tree) -> None:
    """/bin/sh is dash, as Debian has it, else the next best; root's shell must be there too."""
    if not tree.has("bin/sh"):
        name = next((shell for shell in SHELLS if tree.has(f"bin/{shell}")), SHELL_OF_ASTRA)
        tree.put("bin/sh", link(name))
    if not tree.has("bin/bash"):
        passwd = tree.find("etc/passwd")
        passwd.data = bytes(passwd.data).replace(b"/bin/bash\n", b"/bin/sh\n")


def _list_shells(tree: Tree) -> None:
    """/etc/shells, with what packages add to it (update-shells)."""
    shells = tree.find("etc/shells")
    if shells is None:
        return
    lines = bytes(shells.data).decode().splitlines()
    for name in tree.children("usr/share/debianutils/shells.d"):
        lines += bytes(tree.find(f"usr/share/debianutils/shells.d/{name}").data).decode().splitlines()
    shells.data = ("\n".join(dict.fromkeys(lines)) + "\n").encode()


def _record_packages(tree: Tree, packages: list) -> None:
    """dpkg's own list, so that `dpkg -l` and programs that ask it know what is there."""
    stanzas = []
    for package in sorted(packages, key=lambda package: package.name):
        name, _, rest = package.control.strip().partition("\n")
        stanzas.append(f"{name}\nStatus: install ok installed\n{rest}\n")
    tree.put("var/lib/dpkg/status", file("\n".join(stanzas).encode()))


def _accounting(tree: Tree) -> None:
    for name, mode in (("wtmp", 0o664), ("btmp", 0o660), ("lastlog", 0o664)):
        tree.put_new(f"var/log/{name}", file(b"", mode, gid=GROUP_UTMP))


def _date(tree: Tree) -> None:
    """What was made here is as old as the newest file of the packages: the same input, the same bytes."""
    newest = tree.newest()
    for entry in tree.entries.values():
        entry.mtime = entry.mtime or newest


def finish(tree: Tree, packages: list) -> list:
    """Completes a tree of unpacked packages; returns messages about what could not be done."""
    messages, alternatives = [], []
    for package in packages:
        found, unknown = rootfs_alternatives.parse(package.scripts.get("postinst", ""))
        alternatives += found
        messages += [f"{package.name}: not understood: {line}" for line in unknown]
    rootfs_alternatives.install(tree, alternatives)
    _copy_models(tree)
    _choose_shell(tree)
    _list_shells(tree)
    _record_packages(tree, packages)
    _accounting(tree)
    rootfs_ldcache.install(tree)
    _date(tree)
    return messages
