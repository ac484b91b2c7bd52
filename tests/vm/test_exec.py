"""The contract of ./astra exec: streams, statuses, timeouts, failures."""
import random

import pytest

PROGRAMS = "build/tests/programs"


def test_status_and_output(guest_exec):
    result = guest_exec("sh", "-c", "ls -l / | head; uname -a; exit 7")
    assert result.status == 7
    assert "Linux astra 6.1.0-astra" in result.text and "x86_64" in result.text


def test_error_stream_is_separate(guest_exec):
    result = guest_exec("sh", "-c", "echo out; echo error >&2")
    assert (result.status, result.out, result.err) == (0, b"out\n", b"error\n")


def test_binary_through_both_ways(guest_exec):
    data = random.Random(2).randbytes(1_000_000)
    result = guest_exec("cat", stdin=data)
    assert result.status == 0 and result.out == data


def test_large_output(guest_exec):
    result = guest_exec("head", "-c", "2000000", "/dev/zero")
    assert result.status == 0 and result.out == bytes(2_000_000)


def test_words_reach_the_command_unchanged(guest_exec):
    words = ["a b", "", "$HOME", "'\"\\", "ü\n", "*"]
    result = guest_exec("sh", "-c", 'for word; do printf "%s\\0" "$word"; done', "sh", *words)
    assert result.out.split(b"\0")[:-1] == [word.encode() for word in words]


def test_killed_by_signal(guest_exec):
    assert guest_exec("sh", "-c", "kill -SEGV $$").status == 128 + 11


def test_command_not_found(guest_exec):
    result = guest_exec("/no/such/program")
    assert result.status == 127 and b"No such file" in result.err


def test_not_executable(guest_exec):
    assert guest_exec("/data/config/passwd").status == 126


def test_timeout(guest_exec):
    result = guest_exec("sleep", "1000", timeout_s=15)
    assert result.status == 124 and b"no end after 15" in result.err


def test_kernel_panic(guest_exec):
    result = guest_exec("sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60")
    assert result.status == 125 and b"panicked" in result.err and b"syscall_entry" in result.err, "without its last line"


def test_damaged_image(astra, tmp_path):
    image = tmp_path / "zero.img"
    image.write_bytes(bytes(64 << 20))
    result = astra("exec", "--image", str(image), "--", "true")
    assert result.status == 125 and b"boot partition" in result.err


def test_added_files(guest_exec, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "script").write_text("#!/bin/sh\necho from $0 with $1\n")
    (tmp_path / "tree" / "script").chmod(0o755)
    result = guest_exec("/opt/tree/script", "word", options=["--add", f"{tmp_path}/tree:/opt/tree"])
    assert (result.status, result.text) == (0, "from /opt/tree/script with word\n")


def test_kernel_arguments(guest_exec):
    result = guest_exec("cat", "/proc/cmdline", options=["--append", "extra=words quiet"])
    assert "extra=words quiet" in result.text


@pytest.mark.parametrize("memory", ["32M", "1G", "6G"])
def test_memory_sizes(guest_exec, memory):
    result = guest_exec("sh", "-c", "awk '/MemTotal/ {print $2}' /proc/meminfo", options=["--mem", memory])
    total_kib = int(result.text)
    wanted_kib = int(memory[:-1]) * (1024 if memory[-1] == "M" else 1048576)
    assert 0.7 * wanted_kib < total_kib <= wanted_kib


@pytest.mark.parametrize("boot", ["ide", "ahci", "virtio", "nvme", "usb"])
def test_boot_disks(guest_exec, boot):
    assert guest_exec("echo", "up", options=["--boot", boot]).out == b"up\n"
