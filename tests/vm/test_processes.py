"""Processes, signals, threads and futexes, checked by a program that runs the same on Linux."""
import pytest

from vm import host

PROGRAM = host.BUILD / "tests" / "programs" / "processes"


def test_process_semantics(guest_exec):
    result = guest_exec("/tmp/processes", options=["--add", f"{PROGRAM}:/tmp/processes"])
    bad = [line for line in result.text.splitlines() if not line.startswith("ok ")]
    assert result.status == 0 and not bad, result.text + result.err.decode(errors="replace")
    assert result.text.count("ok ") >= 24


def test_restartable_sequences(guest_exec):
    """tests/vm/programs/rseq.c; nothing says at boot any more that the call is missing."""
    program = host.BUILD / "tests" / "programs" / "rseq"
    result = guest_exec("sh", "-c", "/tmp/rseq; dmesg | grep -c 'rseq.*not implemented'",
                        options=["--add", f"{program}:/tmp/rseq"])
    *checks, aborts, unknown = result.text.splitlines()
    assert len(checks) == 37 and all(line.startswith("ok ") for line in checks), result.text
    assert int(aborts.split()[0]) > 0 and unknown == "0"


def test_posix_timers(guest_exec):
    program = host.BUILD / "tests" / "programs" / "posix_timers"
    result = guest_exec("/tmp/posix_timers", options=["--add", f"{program}:/tmp/posix_timers"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 46 and all(line.startswith("ok ") for line in checks), result.text


def test_old_calls_orphans_and_privileges(guest_exec):
    """tests/vm/programs/old_calls.c: the vsyscall page, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS."""
    program = host.BUILD / "tests" / "programs" / "old_calls"
    result = guest_exec("/opt/old_calls", options=["--add", f"{program}:/opt/old_calls"])
    assert result.text == "vsyscall 1 subreaper 1 no_new_privs 1 set_user_id 1\n"


def test_timers_and_signals_as_files(guest_exec):
    """tests/vm/programs/event_files.c: timerfd, signalfd; with two CPUs, and the clock set on the way."""
    program = host.BUILD / "tests" / "programs" / "event_files"
    result = guest_exec("env", "SET_CLOCK=1", "/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 11 and all(line.startswith("ok ") for line in checks), result.text


def test_cpu_time_as_a_clock(guest_exec):
    """tests/vm/programs/cpu_clocks.c: interval timers, POSIX timers and sleeps on CPU time, RLIMIT_CPU, RLIMIT_SIGPENDING."""
    program = host.BUILD / "tests" / "programs" / "cpu_clocks"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 48 and all(line.startswith("ok ") for line in checks), result.text


def test_other_processes(guest_exec):
    """tests/vm/programs/peers.c: pidfds, process_vm_readv, kcmp, memory policies."""
    program = host.BUILD / "tests" / "programs" / "peers"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 39 and all(line.startswith("ok ") for line in checks), result.text


def test_making_and_awaiting_by_the_letter(guest_exec):
    """tests/vm/programs/process_rules.c: clone3, waitid, children of threads, orphaned groups."""
    program = host.BUILD / "tests" / "programs" / "process_rules"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 80 and all(line.startswith("ok ") for line in checks), result.text


@pytest.mark.parametrize("smp", [1, 4])
def test_adjustments(guest_exec, smp):
    """tests/vm/programs/adjustments.c: clocks' speed, priorities for disks, real-time threads that spin, processors."""
    program = host.BUILD / "tests" / "programs" / "adjustments"
    result = guest_exec("/tmp/p", options=["--smp", str(smp), "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and checks.pop() == "passed" and len(checks) == 43, result.text
    assert all(line.startswith("ok ") for line in checks), result.text


def test_scheduling_policies_by_the_letter(guest_exec):
    """tests/vm/programs/sched_rules.c: policies, who may, what fork inherits, who runs before whom, RLIMIT_RTTIME."""
    program = host.BUILD / "tests" / "programs" / "sched_rules"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 69 and all(line.startswith("ok ") for line in checks), result.text


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
def test_what_a_handler_is_told_of_a_fault(guest_exec, cpu):
    """tests/vm/programs/fault_codes.c: si_code and si_addr, frames with and without XSAVE, flags, stack and guard gap."""
    program = host.BUILD / "tests" / "programs" / "fault_codes"
    result = guest_exec("/tmp/p", options=["--cpu", cpu, "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 51 and all(line.startswith("ok ") for line in checks), result.text


def test_settings_of_a_task(guest_exec):
    """tests/vm/programs/task_settings.c: unshare, capabilities of prctl, oom_score_adj, smaps, /proc/TID."""
    program = host.BUILD / "tests" / "programs" / "task_settings"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 27 and all(line.startswith("ok ") for line in checks), result.text


def test_time_by_the_letter(guest_exec):
    """tests/vm/programs/time_rules.c: all clocks, interrupted sleeps, sleeps across a stop, overruns, usage of children."""
    program = host.BUILD / "tests" / "programs" / "time_rules"
    result = guest_exec("/tmp/p", options=["--smp", "2", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) == 55 and all(line.startswith("ok ") for line in checks), result.text
