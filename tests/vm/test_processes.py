"""Processes, signals, threads, futexes and times, checked by programs that run the same on Linux."""
import pytest

from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"


def check(result, count: int) -> None:
    """So many lines "ok SENTENCE", and no others."""
    lines = result.text.splitlines()
    assert result.status == 0 and all(line.startswith("ok ") for line in lines), result.text + result.err.decode(errors="replace")
    assert len(lines) == count


@pytest.mark.parametrize("name, count, smp", [
    ("processes", 25, 1),      # fork, signals, threads, futexes
    ("posix_timers", 46, 1),
    ("event_files", 11, 2),    # timerfd, signalfd; the clock is set on the way
    ("cpu_clocks", 49, 2),     # timers and sleeps on CPU time, RLIMIT_CPU, RLIMIT_SIGPENDING
    ("peers", 46, 2),          # pidfds, process_vm_readv, kcmp, memory policies
    ("process_rules", 84, 2),  # clone3, waitid, children of threads, orphaned groups
    ("thread_ends", 5, 4),     # the last thread's status, signals passed on, none survives its process
    ("sched_rules", 72, 2),    # policies, who may, what fork inherits, who runs before whom, RLIMIT_RTTIME
    ("task_settings", 27, 2),  # unshare, capabilities of prctl, oom_score_adj, smaps
    ("time_rules", 55, 2),     # all clocks, interrupted sleeps, sleeps across a stop, overruns, usage of children
    ("clock_set", 14, 2),      # what waits for a time of day follows when that is set
])
def test_by_the_letter(guest_exec, name, count, smp):
    """tests/vm/programs/NAME.c, or the folder NAME there."""
    check(guest_exec("env", "SET_CLOCK=1", "/tmp/p", options=["--smp", str(smp), "--add", f"{PROGRAMS}/{name}:/tmp/p"]), count)


def test_privileges(guest_exec):
    """tests/vm/programs/privileges.c: capabilities across set*id and exec, no_new_privs; where set-user-ID bits count."""
    check(guest_exec("/opt/p", options=["--add", f"{PROGRAMS}/privileges:/opt/p"]), 12)


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
def test_what_a_handler_is_told_of_a_fault(guest_exec, cpu):
    """tests/vm/programs/fault_codes.c: si_code and si_addr, frames with and without XSAVE, flags, stack and guard gap."""
    check(guest_exec("/tmp/p", options=["--cpu", cpu, "--add", f"{PROGRAMS}/fault_codes:/tmp/p"]), 51)


@pytest.mark.parametrize("smp", [1, 4])
def test_adjustments(guest_exec, smp):
    """tests/vm/programs/adjustments.c: clocks' speed, priorities for disks, real-time threads that spin, processors."""
    check(guest_exec("/tmp/p", options=["--smp", str(smp), "--add", f"{PROGRAMS}/adjustments:/tmp/p"]), 43)


def test_restartable_sequences(guest_exec):
    """tests/vm/programs/rseq.c; nothing says at boot any more that the call is missing."""
    result = guest_exec("sh", "-c", "/tmp/rseq; dmesg | grep -c 'rseq.*not implemented'",
                        options=["--add", f"{PROGRAMS}/rseq:/tmp/rseq"])
    *checks, aborts, unknown = result.text.splitlines()
    assert len(checks) == 37 and all(line.startswith("ok ") for line in checks), result.text
    assert int(aborts.split()[0]) > 0 and unknown == "0"


def test_old_calls_orphans_and_privileges(guest_exec):
    """tests/vm/programs/old_calls.c: the vsyscall page, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS."""
    result = guest_exec("/opt/old_calls", options=["--add", f"{PROGRAMS}/old_calls:/opt/old_calls"])
    assert result.text == "vsyscall 1 subreaper 1 no_new_privs 1 set_user_id 1\n"
