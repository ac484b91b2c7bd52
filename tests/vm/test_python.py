"""Python's own regression tests (Debian's libpython3.11-testsuite) as a check of the system-call interface: which tests
pass is known exactly. What fails on Linux without a network, or asks for what Astra does not have, is named here."""
import os

import pytest

from test_rootfs import make_root

PACKAGES = "python3.11 libpython3.11-testsuite coreutils" # busybox's stty refuses a size of 0 by 0
RUNNER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_suite.py")
LIMIT_S = 600
LONG_LIMIT_S = 3600

# Module: how many of its tests pass; all others are skipped by the suite itself or named below.
PASSED = {
    "test_fcntl": 9, "test_file": 34, "test_fork1": 3, "test_ioctl": 5, "test_mmap": 36, "test_openpty": 1, "test_poll": 7,
    "test_popen": 5, "test_pty": 7, "test_resource": 11, "test_select": 6, "test_thread": 24, "test_wait3": 2, "test_wait4": 1,
}
LONG = ("test_posix test_os test_signal test_threading test_subprocess test_selectors test_epoll test_eintr test_io test_fileio "
        "test_tempfile test_shutil test_glob test_posixpath test_faulthandler test_mailbox test_queue test_pathlib test_time "
        "test_largefile test_stat test_pwd test_grp test_threadsignals test_dbm test_sys test_gc test_random test_memoryio "
        "test_curses test_readline test_pipes test_getpass test_cmd_line test_genericpath").split()
LONG_PASSED_MIN = 2000

NO_NOTIFICATION_BY_SIGNAL = {"test.test_fcntl.TestFcntl.test_fcntl_64_bit"} # F_NOTIFY, which inotify replaced
NO_NETWORK = {
    *(f"test.test_os.TestSendfile.test_{name}" for name in
      ("invalid_offset", "keywords", "offset_overflow", "send_at_certain_offset", "send_whole_file")),
    *(f"test.test_signal.WakeupFDTests.test_{name}" for name in ("invalid_socket", "set_wakeup_fd_socket_result")),
    *(f"test.test_epoll.TestEPoll.test_{name}" for name in
      ("add", "badcreate", "close", "context_manager", "control_and_wait", "create", "errors", "fd_non_inheritable", "fromfd",
       "unregister_closed")),
    "test.test_eintr.EINTRTests.test_all",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory, PACKAGES)


def run(guest_exec, root, modules, limit_s) -> dict:
    """The names of the tests that passed, failed, were skipped."""
    result = guest_exec("python3.11", "/tmp/suite.py", *modules, timeout_s=limit_s,
                        options=("--rootfs", root, "--mem", "1G", "--smp", "2", "--add", f"{RUNNER}:/tmp/suite.py"))
    names = {"passed": [], "failed": [], "skipped": []}
    assert result.status == 0, result.err.decode(errors="replace")
    for line in result.text.splitlines():
        word, name = line.split(" ", 1)
        names[word].append(name)
    return names


def test_python_tests(guest_exec, root):
    names = run(guest_exec, root, PASSED, LIMIT_S)
    assert set(names["failed"]) == NO_NOTIFICATION_BY_SIGNAL
    passed = {module: sum(name.startswith(f"test.{module}.") for name in names["passed"]) for module in PASSED}
    assert passed == PASSED


@pytest.mark.long
def test_all_python_tests(guest_exec, root):
    names = run(guest_exec, root, LONG, LONG_LIMIT_S)
    assert set(names["failed"]) == NO_NETWORK
    assert len(names["passed"]) >= LONG_PASSED_MIN
