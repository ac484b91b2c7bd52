"""Bad arguments to every system call, answered as Linux answers them.

tests/vm/programs/arguments/ makes the calls. arguments.linux.txt is what it printed on Linux (linux_answers.py
records it); what differs here stands in DEVIATIONS. The kernels with costly checks answer every PART-th row on four
CPUs, all rows with --long, and report nothing.
"""
import re
import subprocess
import sys

import pytest

import linux_answers
from vm import host

sys.path.insert(0, str(host.ROOT / "tools"))
import syscalls  # noqa: E402

IN_GUEST = f"{linux_answers.PROGRAM}:/tmp/arguments"
LIMIT_S = 600  # some seconds, on a machine that does nothing else
CHECKED_LIMIT_S = 3600
PART = {"debug": 7, "kasan": 15}
PATIENCE = "--patience 500"  # the checks make a call slow, and so do other machines on this one
REPORTS = re.compile(r"(?:lockdep|ubsan|kasan): .*|.*kernel panic.*")
DMESG_LINE = r"(\w+) \(\d+\) is not implemented; first used by arguments"

# (pattern of "ROW.ARGUMENT VALUE: LINUX's ANSWER -> ASTRA's", why). Each must be needed.
DEVIATIONS = [
    # What Astra does not have; the answer is that of a Linux built without it.
    (r"(socket|socketpair)\.1 (2|10|16|17): .* -> EAFNOSUPPORT", "no network, no netlink"),
    (r"[gs]etsockopt\.3 \w+: .* -> ENOPROTOOPT", "options of the network, and socket filters"),
    (r"(clone(-thread)?|unshare)\.1 \^(7|17|2[5-9]|30): .* -> EINVAL", "no namespaces"),
    (r"memfd_create\.2 \^2: ok -> .*|mmap-fixed\.4 \^18: .*|shmget\.3 \^11: .*", "no huge pages"),
    (r"madvise\.3 (1[2-5]|24): ok -> EINVAL", "no merging of equal pages, no huge pages"),
    (r"madvise\.3 100: EINVAL -> EPERM", "no memory is made to fail, as by a Linux that could do it"),
    (r"pkey_alloc(\.2)? \S+: ENOSPC -> EINVAL", "no protection keys"),
    (r"process_madvise\.4 25: EPERM -> EINVAL", "no huge pages to collapse into"),
    (r"renameat2\.5 \^2: ok -> EINVAL", "no whiteouts: there are no layered filesystems"),
    (r"prctl-code(-1)?\.1 \d+: .* -> EINVAL", "options about what Astra does not have"),
    (r"syslog\.1 [67]: ok -> EINVAL", "the console shows what it shows"),
    (r"flistxattr\.1 \w+: ERANGE -> ok", "sockets have no attribute that names their protocol"),
    (r"fcntl-seals(\.[13])? \S+: EPERM -> EINVAL", "files with names cannot be sealed, as in Linux's ramfs"),
    # What Astra does otherwise on purpose.
    (r"(mmap.*|mremap-(grow|fixed))\.[145] (0|\^4|\^20|\^1): ok -> EPERM", "page 0 is never mapped"),
    (r"mmap-\S+\.1 -1: EPERM -> EINVAL", "Linux takes this address for an error number"),
    (r"clone-thread\.1 \^14: ok -> EINVAL", "a thread cannot be its process' vfork child"),
    (r"mq_open\.2 -1: ok -> EINVAL", "access mode 3 is none, for a new queue too"),
    (r"execveat-fd\.[34] others: EFAULT -> EACCES", "the file is looked at before the strings"),
    (r"setgroups\.1 (4095|4097): EFAULT -> EINVAL", "32 supplementary groups"),
    (r"(fcntl-lease|fchmod|utimensat-fd)\.1 (event|epoll|timer|signals|pidfd): .*", "what has no name is its maker's, not root's"),
    (r"syslog.*: EPERM -> .*", "kernel.dmesg_restrict is 0"),
    # The surroundings differ.
    (r"getpriority\.1 2: 40 -> 20|ioprio_get\.1 3: 8196 -> 16388", "root's processes are also Linux's kernel threads"),
    (r"(setrlimit\.1|prlimit64\.2) 7: EPERM -> ok", "Linux's limit of descriptors is lower"),
]


def rows_here(answers: dict) -> dict:
    """Those of Linux's answers whose call is implemented here: rows are named CALL or CALL-VARIANT."""
    implemented, _ = syscalls.read_table()
    return {name: line for name, line in answers.items() if re.split(r"[-.]", name)[0] in implemented}


def every_nth(answers: dict, part: int) -> dict:
    """What the program answers with --part."""
    rows = set(list(dict.fromkeys(name.partition(".")[0] for name in answers))[::part])
    return {name: line for name, line in answers.items() if name.partition(".")[0] in rows}


def compare(linux: dict, astra: dict) -> list:
    assert list(linux) == list(astra), "the record is of another program: run tests/vm/linux_answers.py"
    return [f"{name} {value}: {theirs} -> {ours}" for name, line in linux.items()
            for value, theirs, ours in linux_answers.differences(line, astra[name])]


def differences(text: str, part: int = 1) -> list:
    """The lines that differ, by deviation; fails if others do. Of the rows there must be every `part`th."""
    record, here = linux_answers.recorded(), linux_answers.sections(text)
    found = [line for user in linux_answers.USERS
             for line in compare(every_nth(rows_here(record[user]), part), here[user])]
    return linux_answers.explain(found, DEVIATIONS)


def check(text: str) -> None:
    linux_answers.check_needed(differences(text), DEVIATIONS)


def test_every_implemented_call_has_a_row():
    host.build("vm-programs")
    missing = subprocess.run([linux_answers.PROGRAM, "--uncovered"], capture_output=True, text=True, check=True).stdout
    assert missing == "", f"add rows to tests/vm/programs/arguments/ for: {missing.split()}"


def test_answers_are_those_of_linux(guest_exec):
    check(guest_exec("sh", "-c", linux_answers.command("/tmp/arguments"), options=["--add", IN_GUEST], timeout_s=LIMIT_S).text)


def checked(astra, tmp_path, image: str, part: int) -> None:
    host.build(image)
    console = tmp_path / "console"
    result = astra("exec", "--timeout", str(CHECKED_LIMIT_S), "--smp", "4", "--image", str(host.BUILD / image / "astra.img"),
                   "--console", str(console), "--add", IN_GUEST, "--", "sh", "-c",
                   linux_answers.command("/tmp/arguments", f"--part {part} {PATIENCE}"), limit_s=CHECKED_LIMIT_S)
    reports = REPORTS.findall(console.read_text(errors="replace"))
    assert result.status == 0 and not reports, "\n".join(reports) + result.err.decode(errors="replace")
    differences(result.text, part)


@pytest.mark.parametrize("image", PART)
def test_some_answers_of_a_kernel_with_checks(astra, tmp_path, image):
    checked(astra, tmp_path, image, PART[image])


@pytest.mark.long
@pytest.mark.parametrize("image", PART)
def test_all_answers_of_a_kernel_with_checks(astra, tmp_path, image):
    checked(astra, tmp_path, image, 1)


def test_calls_that_are_not_implemented(guest_script):
    """Each answers ENOSYS, to root and for numbers that no call has, and is logged once."""
    out = guest_script("/tmp/arguments --unknown && dmesg", options=["--add", IN_GUEST])
    unknown = sorted(syscalls.read_table()[1])
    answers = dict(re.findall(r"^(\w+): (\w+)$", out, re.MULTILINE))
    assert sorted(set(answers) - {"none", "negative"}) == unknown
    assert set(answers.values()) == {"ENOSYS"}, answers
    assert sorted(re.findall(DMESG_LINE, out)) == unknown
