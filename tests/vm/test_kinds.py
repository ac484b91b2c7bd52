"""Every call on descriptors, asked of a descriptor of every kind, answers as on Linux.

tests/vm/programs/kinds/ makes the calls, as root. kinds.linux.txt is what it printed on Linux (linux_kinds.py records it);
what differs here stands in DEVIATIONS.
"""
import re

import linux_answers
import linux_kinds
from vm import host

IN_GUEST = f"{linux_kinds.PROGRAM}:/kinds"
LIMIT_S = 600  # some seconds, on a machine that does nothing else
REPORT = re.compile(r"(?:lockdep|ubsan): .*")

# (pattern of "CALL KIND: LINUX's ANSWER -> ASTRA's", why). Each must be needed.
DEVIATIONS = [
    # What Astra does not have; the answer is that of a Linux built without it.
    (r"open proc/self/(mem|io): ok -> ENOENT", "no such files"),
    (r"fcntl-notify(-none)? \S+: .* -> EINVAL", "no dnotify, which inotify has replaced"),
    (r"fcntl-[gs]ethint \S+: .* -> EINVAL", "no hints of how long data is kept: there is no disk to place them on"),
    (r"fcntl-setlease-read \S+: ok -> EAGAIN", "nobody gets a lease"),
    (r"fcntl-(get|add)seals(-write)? \S+: .* -> EINVAL", "files with names cannot be sealed, as in Linux's ramfs"),
    (r"ioctl-get(flags|attributes) \S+: ok -> ENOTTY", "files have no flags of chattr(1), as in Linux's ramfs"),
    (r"f(get|set|remove)xattr(-trusted)? \S+: .* -> EOPNOTSUPP", "no extended attributes"),
    (r"ioctl-tioc(mget|gicount|gserial) dev-\w+: ok -> ENOTTY", "no modem lines, counters and settings of serial ports"),
    (r"ioctl-(kdgetmode|vt-getstate) dev-tty[01]: ok -> ENOTTY", "one text screen: nothing to switch"),
    (r"(ioctl-fioasync|fcntl-setfl-async) (pty-master|dev-ptmx): .*", "SIGIO of a pseudo-terminal's slave alone"),
    (r"fdinfo-keys \S+: (,scm_fds,|,tty-index,) -> ,", "nothing counts them"),
    # What Astra does otherwise on purpose.
    (r"\S+ sys(-cpus|-online)?: .*", "/sys is Astra's own tree, with links to /kernel where programs look for Linux's"),
    (r"fstatfs \S+: 0x1021994 -> 0x858458f6", "the tree is a ramfs"),
    (r"fstat-size dir\S*: .*|fstat-size dev-pts: 0 -> some", "the size of a directory says nothing"),
    (r"(fstat-mode|stat-by-name|fstat-owner) (pty|dev)-\S+: (020600 -> 020620|0.0 -> 0.5)", "group tty, as udev sets it"),
    (r"ioctl-figetbsz pty-\S+: 1024 -> 4096", "blocks are pages"),
    (r"openat-tmpfile (dir-removed|proc/\S+): .*", "refused where nothing can be made, whatever else is wrong"),
    (r"(\S+ proc/sys/fs/pipe-max-size: (ok -> EACCES|100644 -> 100444))", "not to be changed"),
    (r"\S+ mqueue(-read)?: .*", "a queue is in no filesystem: no name, no size to change, not to be opened again"),
    (r"(mmap|touch)\S* \S+: EIO -> ENODEV|(mprotect-write|msync) \S+: EIO -> ENODEV", "text that is made when it is read"),
    (r"touch-behind dev-zero: signal-7 -> ok", "shared zeros begin where the mapping begins"),
    (r"(splice|sendfile)-\S+ proc/\S+: EINVAL -> (some|1)", "all that is text can be spliced"),
    (r"((splice|sendfile)-from-at|lseek-then-read) proc/sys/\S+: 0 -> (some|1)", "a number may be read in pieces"),
    (r"(splice|sendfile)-(from|to) pty-hung-up: EINVAL -> (0|EIO)", "as reading and writing it"),
    (r"sendfile-pipe pipe-broken: EPIPE -> EINVAL", "no source for sendfile, wherever to"),
    (r"sendfile-to-file dev-u?random: 3 -> EINVAL", "what cannot be written is lost to a source without a position"),
    (r"lseek-(set-huge|set-max|data-negative) proc/self/\w+: .*", "a position is any number"),
    (r"lseek-(set|cur)-negative proc/self/pagemap: EPERM -> EINVAL", "but not a negative one"),
    (r"preadv2-(nowait|append) \S+: .*|pwritev2-(append|dsync) \S+: EOPNOTSUPP -> .*", "flags that change nothing do not matter"),
    (r"write-nowhere memfd-sealed: EFAULT -> EPERM", "the seal is looked at before the memory"),
]


def check(text: str) -> None:
    linux, astra = linux_kinds.recorded(), linux_kinds.answers(text)
    assert list(linux) == list(astra) and list(linux["open"]) == list(astra["open"]), \
        "the record is of another program: run tests/vm/linux_kinds.py"
    found = [f"{call} {kind}: {theirs} -> {astra[call][kind]}" for call, kinds in linux.items()
             for kind, theirs in kinds.items() if astra[call].get(kind, theirs) != theirs]
    linux_answers.check_needed(linux_answers.explain(found, DEVIATIONS), DEVIATIONS)


def run(guest_exec, *options) -> str:
    host.build("vm-programs")
    return guest_exec("/kinds", options=["--add", IN_GUEST, *options], timeout_s=LIMIT_S).text


def test_answers_are_those_of_linux(guest_exec):
    check(run(guest_exec, "--smp", "2"))


def test_answers_under_the_costly_checks(guest_exec, tmp_path):
    """The same on the debug kernel, which reports locks taken in a wrong order."""
    host.build("debug")
    console = tmp_path / "console"
    check(run(guest_exec, "--smp", "2", "--image", str(host.BUILD / "debug" / "astra.img"), "--console", str(console)))
    assert REPORT.findall(console.read_text(errors="replace")) == []
