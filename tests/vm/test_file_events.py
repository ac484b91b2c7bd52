"""Splicing, events, less common memory calls, prctl: programs whose every expectation also holds on Linux."""
from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"


def add(*names: str) -> list:
    return [word for name in names for word in ("--add", f"{PROGRAMS}/{name}:/tmp/{name}")]


def assert_no_failure(result, least: int):
    assert result.status == 0, result.text
    checks, failed = result.text.splitlines()[-1].split(" checks, ")
    assert int(checks) >= least and failed == "0 failed"


def test_splice_as_linux_does(guest_exec):
    assert_no_failure(guest_exec("/tmp/splice", "/mnt", options=add("splice")), 220)


def test_nothing_is_lost_between_pipes(guest_script):
    """Several CPUs at three pipes, in the kernel that checks locks."""
    host.build("debug")
    out = guest_script("/tmp/splice stress 4; dmesg | grep -c lockdep || true", options=[
        "--image", str(host.BUILD / "debug" / "astra.img"), "--smp", "4", *add("splice")])
    assert out.splitlines() == ["whole", "0"]


def test_signal_driven_files_and_urgent_data(guest_exec):
    assert_no_failure(guest_exec("/tmp/signal_io", "/mnt", options=["--smp", "2", *add("signal_io")]), 200)


def test_inotify_tells_what_linux_tells(guest_exec):
    assert_no_failure(guest_exec("/tmp/inotify", "/mnt", options=["--smp", "2", *add("inotify")]), 240)


def test_watches_come_and_go_while_files_do(guest_script):
    host.build("debug")
    out = guest_script("""
        mkdir /tmp/s; /tmp/inotify /tmp/s 4
        dmesg | grep -c lockdep || true
    """, options=["--image", str(host.BUILD / "debug" / "astra.img"), "--smp", "4", *add("inotify")])
    assert out.splitlines() == ["whole", "0"]


def test_less_common_memory_calls(guest_exec):
    assert_no_failure(guest_exec("/tmp/memory_calls", "/mnt", options=["--smp", "2", *add("memory_calls")]), 135)


def test_prctl(guest_script):
    out = guest_script("chmod 755 /tmp /tmp/prctl; /tmp/prctl", options=add("prctl"))
    assert out == "143 checks, 0 failed\n"


def test_openat2(guest_exec):
    assert_no_failure(guest_exec("/tmp/openat2", "/mnt", options=add("openat2")), 54)
