"""The host's additions to the ramfs archive, read back by cpio(1)."""
import subprocess

import pytest

from vm import cpio, host

ARCHIVE = host.BUILD / "boot" / "ramfs.cpio"


def listing(archive: bytes) -> str:
    return subprocess.run(["cpio", "-itv", "--quiet"], input=archive, capture_output=True, check=True).stdout.decode()


def test_added_files_are_listed_and_aligned(tmp_path):
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_bytes(b"content of a file")
    (tmp_path / "tree" / "link").symlink_to("deep/file")
    appender = cpio.Appender(ARCHIVE.read_bytes())
    appender.add_host(tmp_path / "tree", "/data/tree")
    archive = appender.finish()
    names = listing(archive)
    assert "data/tree/deep/file" in names and "data/tree/link -> deep/file" in names
    assert archive.index(b"content of a file") % cpio.PAGE == 0


def test_checksum_is_right(tmp_path):
    appender = cpio.Appender(ARCHIVE.read_bytes())
    appender.add_bytes("/x", b"y")
    path = tmp_path / "ramfs.cpio"
    path.write_bytes(appender.finish())
    end, names, _ = cpio._content_end(path.read_bytes())
    assert b"x" in names
    import zlib
    assert b"crc32 %08x" % zlib.crc32(path.read_bytes()[:end]) in path.read_bytes()[end:]


def test_a_damaged_archive_is_refused():
    with pytest.raises(cpio.CpioError):
        cpio.Appender(ARCHIVE.read_bytes()[:5000])


def test_links_on_the_way_are_followed():
    appender = cpio.Appender(ARCHIVE.read_bytes())
    appender.add_bytes("/tmp/new/file", b"1")
    appender.add_bytes("/var/tmp/other", b"2")
    names = listing(appender.finish())
    assert "data/tmp/new/file" in names and "data/tmp/other" in names
