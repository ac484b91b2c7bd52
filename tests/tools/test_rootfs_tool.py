"""The host side of ./astra rootfs: apt with a small archive of our own, .debs, trees, links, library names."""
import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from vm import cpio, host, rootfs, rootfs_alternatives, rootfs_apt, rootfs_archive, rootfs_boot  # noqa: E402
from vm import rootfs_deb, rootfs_ldcache, rootfs_setup  # noqa: E402
from vm.rootfs_tree import Tree, TreeError, directory, file, link  # noqa: E402

TIME = 1_600_000_000


def tar_of(members) -> bytes:
    """members: (name, type, what, mode, uid, gid); what: contents, target or (major, minor)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind, what, mode, uid, gid in members:
            info = tarfile.TarInfo(f"./{name}")
            info.type, info.mode, info.uid, info.gid, info.mtime = kind, mode, uid, gid, TIME
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = what
            elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
                info.devmajor, info.devminor = what
            content = what if kind == tarfile.REGTYPE else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def make_deb(path: Path, name: str, members, postinst: str = "", fields: str = "") -> Path:
    """A package file: an ar archive of two tar archives (deb(5))."""
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\n{fields}Description: {name}\n"
    scripts = [("control", tarfile.REGTYPE, control.encode(), 0o644, 0, 0)]
    if postinst:
        scripts.append(("postinst", tarfile.REGTYPE, postinst.encode(), 0o755, 0, 0))
    parts = [("debian-binary", b"2.0\n"), ("control.tar", tar_of(scripts)), ("data.tar", tar_of(members))]
    with open(path, "wb") as out:
        out.write(b"!<arch>\n")
        for part, data in parts:
            out.write(f"{part:<16}{TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
            out.write(data + b"\n" * (len(data) % 2))
    return path


def a_file(name, content=b"x", mode=0o644, uid=0, gid=0):
    return (name, tarfile.REGTYPE, content, mode, uid, gid)


def a_link(name, target):
    return (name, tarfile.SYMTYPE, target, 0o777, 0, 0)


def assembled(paths, chosen=None) -> Tree:
    return rootfs.assemble(paths, chosen or rootfs_deb.Filter())[0]


# ---- packages ----

def test_everything_in_a_package_survives(tmp_path):
    deb = make_deb(tmp_path / "a.deb", "a", [
        a_file("usr/bin/su", b"su", 0o4755), a_file("var/mail/x", b"m", 0o660, 8, 12),
        ("usr/bin/hard", tarfile.LNKTYPE, "./usr/bin/su", 0o4755, 0, 0), a_link("usr/bin/soft", "su"),
        ("opt/disk", tarfile.BLKTYPE, (8, 300), 0o660, 0, 6), ("opt/pipe", tarfile.FIFOTYPE, b"", 0o600, 1, 2)])
    tree = assembled([deb])
    su = tree.entries["usr/bin/su"]
    assert stat.filemode(su.mode) == "-rwsr-xr-x" and tree.entries["usr/bin/hard"] is su and su.mtime == TIME
    assert (tree.entries["var/mail/x"].uid, tree.entries["var/mail/x"].gid) == (8, 12)
    assert tree.entries["usr/bin/soft"].target == "su"
    assert tree.entries["opt/disk"].device == (8, 300) and stat.S_ISBLK(tree.entries["opt/disk"].mode)
    assert stat.S_ISFIFO(tree.entries["opt/pipe"].mode)


def test_old_folders_are_merged_into_usr(tmp_path):
    deb = make_deb(tmp_path / "a.deb", "a", [
        ("bin", tarfile.DIRTYPE, b"", 0o755, 0, 0), a_file("bin/cat", b"cat", 0o755), a_link("usr/bin/cat", "/bin/cat"),
        a_file("lib/x86_64-linux-gnu/ld.so", b"ld"), a_link("lib64/ld.so", "/lib/x86_64-linux-gnu/ld.so")])
    tree = assembled([deb])
    assert tree.entries["bin"].target == "usr/bin"
    assert tree.entries["usr/bin/cat"].data == b"cat"  # the compatibility link would have been its own target
    assert tree.find("/lib64/ld.so").data == b"ld"
    assert not any(name.startswith(("bin/", "lib/", "lib64/")) for name in tree.entries)


def test_trimming(tmp_path):
    names = ["usr/share/doc/a/copyright", "usr/share/doc/a/changelog.gz", "usr/share/man/man1/a.1.gz",
             "usr/share/locale/de/LC_MESSAGES/a.mo", "usr/lib/locale/C.utf8/LC_CTYPE", "usr/share/perl/x"]
    deb = make_deb(tmp_path / "a.deb", "a", [*map(a_file, names), a_link("usr/share/doc/b", "a")])
    left = assembled([deb], rootfs_deb.Filter(rootfs_deb.CLASSES, ["/usr/share/perl"])).entries
    assert [name for name in names if name in left] == [names[0], names[4]]
    assert "usr/share/doc/b" in left
    kept = assembled([deb], rootfs_deb.Filter(["man"])).entries
    assert [name for name in names if name not in kept] == [names[2]]


def test_damaged_package_is_reported(tmp_path):
    deb = make_deb(tmp_path / "a.deb", "a", [a_file("usr/bin/a", bytes(5000))])
    deb.write_bytes(deb.read_bytes()[:-3000])
    with pytest.raises(host.HostError, match="a.deb"):
        assembled([deb])
    make_deb(deb, "a", [("usr/bin/a", tarfile.LNKTYPE, "./usr/bin/none", 0o755, 0, 0)])
    with pytest.raises(host.HostError, match="hard link to nothing"):
        assembled([deb])


# ---- what scripts would do ----

def test_alternatives_are_read_from_scripts():
    found, unknown = rootfs_alternatives.parse("""
set -e
DIR=/usr/bin
if [ "$1" = configure ]; then
    # update-alternatives --install /no /no /no 1
    update-alternatives --quiet --install /usr/bin/awk awk ${DIR}/mawk 5 \\
        --slave /usr/bin/nawk nawk "$DIR/mawk" \\
        --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz || true
    for name in vi view; do
        update-alternatives --install /usr/bin/$name $name /usr/bin/vim.tiny 15
    done
fi; update-alternatives --remove gone /usr/bin/gone
update-alternatives --install "$(echo x)" y /z 3
update-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20 \\
    #--slave /a b /c
""")
    assert [(one.name, one.link, one.path, one.priority) for one in found] == [
        ("awk", "/usr/bin/awk", "/usr/bin/mawk", 5), ("vi", "/usr/bin/vi", "/usr/bin/vim.tiny", 15),
        ("view", "/usr/bin/view", "/usr/bin/vim.tiny", 15), ("cc", "/usr/bin/cc", "/usr/bin/gcc", 20)]
    assert [slave[1] for slave in found[0].slaves] == ["nawk", "awk.1.gz"] and not found[3].slaves
    assert len(unknown) == 1 and "echo x" in unknown[0]


def test_the_best_alternative_wins(tmp_path):
    def awk(name, priority):
        script = f"update-alternatives --install /usr/bin/awk awk /usr/bin/{name} {priority} --slave /a.1 a.1 /usr/{name}.1\n"
        return make_deb(tmp_path / f"{name}.deb", name, [a_file(f"usr/bin/{name}")] * (name != "gone"), script)
    tree = assembled([awk("mawk", 5), awk("gawk", 10), awk("gone", 99)])
    assert tree.resolve("usr/bin/awk") == "usr/bin/gawk"
    assert tree.entries["usr/bin/awk"].target == "/etc/alternatives/awk"
    assert "a.1" not in tree.entries  # its manual page is not there


def test_shell_accounts_and_records(tmp_path):
    base = make_deb(tmp_path / "base.deb", "base", [
        a_file("usr/share/base-passwd/passwd.master", b"root:*:0:0:root:/root:/bin/bash\ngames:*:5:60:g:/g:/x\n"),
        a_file("usr/share/debianutils/shells", b"# shells\n/bin/sh\n"), a_file("usr/share/debianutils/shells.d/dash", b"/bin/dash\n")])
    dash = make_deb(tmp_path / "dash.deb", "dash", [a_file("bin/dash")])
    bash = make_deb(tmp_path / "bash.deb", "bash", [a_file("bin/bash")])
    tree = assembled([base, dash, bash])
    assert tree.resolve("bin/sh") == "usr/bin/dash"
    assert tree.find("etc/shells").data == b"# shells\n/bin/sh\n/bin/dash\n"
    assert b"root:/root:/bin/bash" in tree.find("etc/passwd").data
    assert tree.find("var/lib/dpkg/status").data.count(b"Status: install ok installed") == 3
    assert assembled([base, bash]).resolve("bin/sh") == "usr/bin/bash"
    alone = assembled([base])
    assert alone.entries["usr/bin/sh"].target == "/sys/bin/sh"
    assert b"root:/root:/bin/sh" in alone.find("etc/passwd").data
    assert stat.S_IMODE(alone.entries["tmp"].mode) == 0o1777 and stat.S_IMODE(alone.entries["root"].mode) == 0o700


# ---- trees and archives ----

def test_links_in_trees():
    tree = Tree()
    tree.put("a/b", link("../c"))
    tree.put("c", directory())
    tree.put("a/b/d", file(b"1"))
    assert tree.entries["c/d"].data == b"1" and tree.find("/a/b/../c/d").data == b"1"
    tree.put("a/b", directory())  # a package with a real folder where the tree has a link
    assert tree.entries["a/b"].is_link
    tree.put("c", link("a"))
    assert tree.entries["c"].is_directory
    tree.put("loop", link("loop2"))
    tree.put("loop2", link("loop"))
    assert tree.find("loop") is None
    with pytest.raises(TreeError):
        tree.put("loop/x", file(b""))
    with pytest.raises(TreeError):
        tree.put("c/d/e", file(b""))


def sample_tree() -> Tree:
    tree = rootfs_setup.begin()
    big = file(bytes(range(256)) * 40, 0o755, TIME)
    for name in ("usr/bin/big", "usr/bin/same", "usr/bin/small"):
        tree.put(name, big if name != "usr/bin/small" else file(b"s", mtime=TIME))
    tree.put("usr/bin/tty", rootfs_archive.Entry(stat.S_IFCHR | 0o620, 0, 5, TIME, b"", (4, 300)))
    return tree


def written(tree: Tree) -> bytes:
    sink = io.BytesIO()
    rootfs_archive.write(tree, sink)
    return sink.getvalue()


def test_archive_is_cpio_and_comes_back(tmp_path):
    archive = written(sample_tree())
    listing = subprocess.run(["cpio", "-itv", "--quiet"], input=archive, capture_output=True, check=True).stdout.decode()
    assert re.search(r"^crw--w---- +1 root +\S+ +4, 300 .* usr/bin/tty$", listing, re.M)
    assert re.search(r"^-rwxr-xr-x +2 root .* usr/bin/same$", listing, re.M)
    assert "bin -> usr/bin" in listing
    back = rootfs_archive.read(archive)
    assert back.entries["usr/bin/big"] is back.entries["usr/bin/same"]
    assert len(back.entries["usr/bin/big"].data) == 10240 and back.entries["usr/bin/tty"].device == (4, 300)
    assert written(back) == archive
    assert cpio.Appender(archive).finish() != b""
    data = archive.index(bytes(range(256)) * 40)
    assert data % cpio.PAGE == 0


def test_archive_does_not_depend_on_order():
    tree, other = sample_tree(), Tree()
    other.entries = dict(reversed(tree.entries.items()))
    assert written(tree) == written(other)


@pytest.mark.parametrize("damage", [lambda a: a[:200], lambda a: b"x" + a, lambda a: a[:6] + b"g" * 8 + a[14:], lambda a: b""])
def test_damaged_archives_are_refused(tmp_path, damage):
    bad = tmp_path / "bad.cpio"
    bad.write_bytes(damage(written(sample_tree())))
    with pytest.raises(host.HostError, match="bad.cpio is no root"):
        rootfs_boot.merge(written(Tree()), str(bad))


def test_both_trees_together():
    astra = Tree()
    for name, target in (("bin", "sys/bin"), ("etc", "data/config"), ("usr/bin", "../sys/bin"), ("tmp", "data/tmp")):
        astra.put_new(name, link(target))
    astra.entries["sys"] = directory()
    astra.entries["sys/bin"] = directory()
    astra.entries["sys/bin/init"] = file(b"init")
    astra.put("data/config/init.conf", file(b"console = x\n"))
    astra.put("opt/mine", file(b"mine"))
    root = sample_tree()
    root.put("boot/vmlinuz", file(b"k"))
    tree = rootfs_boot.combine(astra, root)
    assert tree.entries["bin"].target == "usr/bin" and tree.entries["etc"].is_directory
    assert tree.entries["usr/bin"].is_directory and tree.find("usr/bin/small").data == b"s"
    assert tree.entries["sys/bin/init"].data == b"init" and tree.entries["opt/mine"].data == b"mine"
    assert "boot/vmlinuz" not in tree.entries
    config = tree.entries["data/config/init.conf"].data
    assert config.startswith(b"env = PATH=/usr/local/sbin") and config.endswith(b"console = x\n")


def test_memory_grows_with_the_root():
    assert rootfs_boot.memory_mib(10 << 20) == 256
    assert 400 <= rootfs_boot.memory_mib(200 << 20) <= 480


# ---- the loader's cache ----

def build_library(path: Path, soname: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    name = [f"-Wl,-soname,{soname}"] if soname else []
    subprocess.run([os.environ.get("CC", "gcc"), "-shared", "-nostdlib", "-xc", "/dev/null", *name, "-o", path], check=True)


def test_library_cache_is_as_ldconfig_makes_it(tmp_path):
    """The same tree on the disk and in memory; `ldconfig -p` must print the same in the same order."""
    ldconfig = shutil.which("ldconfig", path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
    lib = tmp_path / "lib/x86_64-linux-gnu"
    build_library(lib / "libfoo.so.1.2.10", "libfoo.so.1")
    build_library(lib / "libfoo.so.1.2.9", "libfoo.so.1")
    build_library(lib / "libfoo.so.12.1", "libfoo.so.12")
    build_library(lib / "libbar-2.so", "libbar-2.so")
    build_library(lib / "libnone.so.3", "")
    build_library(tmp_path / "usr/local/lib/libfoo.so.1.0", "libfoo.so.1")
    build_library(tmp_path / "usr/local/lib/private.so", "private.so")
    (lib / "libfoo.so.12").symlink_to("libfoo.so.12.1")
    build_library(lib / "liblink.so.4", "liblink.so.4")
    (lib / "liblink.so").symlink_to("liblink.so.4")
    (lib / "libtext.so").write_text("INPUT(libfoo.so.12)")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    (tmp_path / "etc/ld.so.conf.d").mkdir()
    (tmp_path / "etc/ld.so.conf.d/a.conf").write_text("# ours\n/usr/local/lib\n/lib/x86_64-linux-gnu\n")
    tree = Tree()
    for path in sorted(tmp_path.rglob("*")):
        name = str(path.relative_to(tmp_path))
        if path.is_symlink():
            tree.put(name, link(os.readlink(path)))
        elif path.is_file():
            tree.put(name, file(path.read_bytes()))
    rootfs_ldcache.install(tree)
    ours = tmp_path / "ours"
    ours.write_bytes(tree.entries["etc/ld.so.cache"].data)
    subprocess.run([ldconfig, "-r", tmp_path], check=True, capture_output=True)
    def printed(cache):
        text = subprocess.run([ldconfig, "-p", "-C", cache], check=True, capture_output=True, text=True).stdout
        return [line for line in text.splitlines() if line.startswith("\t")]
    assert printed(ours) == printed(tmp_path / "etc/ld.so.cache")
    assert len(printed(ours)) == 7
    assert tree.find("lib/x86_64-linux-gnu/libfoo.so.1") is tree.find("lib/x86_64-linux-gnu/libfoo.so.1.2.10")


def test_names_of_libraries_in_damaged_files():
    library = Path("/proc/self/exe").read_bytes()
    assert rootfs_ldcache.soname(b"") is None and rootfs_ldcache.soname(library[:70]) is None
    for cut in range(0, 4096, 64):
        rootfs_ldcache.soname(library[:cut])


# ---- apt ----

@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A package archive in a folder, which is apt's only source; returns a function that publishes packages."""
    folder = tmp_path / "archive"
    folder.mkdir()
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] copy:{folder} ./\n")
    (tmp_path / "apt.conf").write_text(f'Dir::Etc::sourcelist "{tmp_path}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

    def publish(**packages):
        stanzas = []
        for name, depends in packages.items():
            fields = f"Depends: {depends}\n" if depends else ""
            deb = make_deb(folder / f"{name}_1_all.deb", name, [a_file(f"usr/bin/{name}", name.encode())], fields=fields)
            data = deb.read_bytes()
            stanzas.append(f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\n{fields}"
                           f"Filename: ./{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
                           f"Description: {name}\n")
        (folder / "Packages").write_text("\n".join(stanzas))
        return folder
    return publish


def names(archives) -> list:
    return [archive.path.name.split("_")[0] for archive in archives]


def test_apt_resolves_and_downloads(archive, tmp_path):
    folder = archive(one="two", two="", other="")
    apt = rootfs_apt.Apt(tmp_path / "cache")
    with apt.lock():
        apt.update()
        found = apt.resolve(["one"])
        assert names(found) == ["one", "two"] and not found[0].is_right()
        apt.download(["one"], found)
        assert all(one.is_right() for one in found)
        found[0].path.write_bytes(found[0].path.read_bytes()[:-1] + b"!")  # the cache went bad
        apt.download(["one"], found)
        assert found[0].is_right()
        (folder / "one_1_all.deb").write_bytes(b"!" * found[0].size)  # now the archive lies
        found[0].path.unlink()
        with pytest.raises(host.HostError, match="cannot be downloaded: one_1_all.deb"):
            apt.download(["one"], found)
    assert not list((tmp_path / "cache/state").glob("extended_states"))


def test_apt_explains(archive, tmp_path):
    archive(one="missing (>= 3)")
    apt = rootfs_apt.Apt(tmp_path / "cache")
    apt.update()
    with pytest.raises(host.HostError, match="no such package: nothing-like-it"):
        apt.resolve(["one", "nothing-like-it"])
    with pytest.raises(host.HostError, match="do not go together(.|\n)*missing"):
        apt.resolve(["one"])


def test_apt_names_what_a_virtual_package_stands_for(archive, tmp_path):
    folder = archive(mawk="", gawk="")
    packages = (folder / "Packages").read_text()
    (folder / "Packages").write_text(packages.replace("Filename:", "Provides: awk\nFilename:"))
    apt = rootfs_apt.Apt(tmp_path / "cache")
    apt.update()
    with pytest.raises(host.HostError, match="cannot do this(.|\n)*virtual package(.|\n)*gawk"):
        apt.resolve(["awk"])


def test_no_archive_to_be_reached(archive, tmp_path):
    shutil.rmtree(archive(one=""))
    with pytest.raises(host.HostError, match="is there a network"):
        rootfs_apt.Apt(tmp_path / "cache").update()


def test_old_lists_do_without_network(archive, tmp_path, capfd):
    folder = archive(one="")
    apt = rootfs_apt.Apt(tmp_path / "cache")
    apt.update()
    shutil.rmtree(folder)
    apt.update(always=True)
    assert "going on with older ones" in capfd.readouterr().err
    assert names(apt.resolve(["one"])) == ["one"]
