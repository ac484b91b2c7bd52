#!/usr/bin/python3
"""Writes docs/syscalls.md from kernel/sys/table.h and the handlers beside it (`make docs`).

With --check it writes nothing and exits with 1 if the file is not what it would write. A call that the table
has and nobody implements, or the other way round, is an error.
"""
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "kernel" / "sys" / "table.h"
OUTPUT = ROOT / "docs" / "syscalls.md"

FAMILIES = {
    "Files": "open readwrite vector copy descriptor fcntl ioctl sync",
    "Names and attributes": "entry directory access stat attributes times xattr mount",
    "Pipes and waiting for files": "pipe splice timerfd inotify poll select epoll",
    "Sockets": "socket socket_message",
    "Memory": "memory mempolicy",
    "Processes and threads": "process exec identity prctl cred limits sched sched_policy ioprio futex pidfd peer",
    "Signals": "signal",
    "System V IPC and message queues": "sysv_shm sysv_sem sysv_msg mqueue",
    "Time": "time timers adjtime",
    "The machine": "system syslog ports",
}

REFUSED = [
    ("create_module init_module finit_module delete_module get_kernel_syms query_module",
     "The kernel is one file. Nothing is loaded into it while it runs."),
    ("kexec_load kexec_file_load", "A new kernel is copied to /boot and started by a reboot."),
    ("bpf", "Programs' code does not run in the kernel."),
    ("perf_event_open", "Measured from outside, by counting an emulator's instructions."),
    ("io_uring_setup io_uring_enter io_uring_register",
     "A second interface to everything, with rules of its own. There is one way in."),
    ("swapon swapoff", "There is no swap: [memory.md](memory.md) says what that makes simpler."),
    ("modify_ldt set_thread_area get_thread_area", "Segments of 32-bit programs, which do not run here."),
    ("uselib ustat sysfs _sysctl nfsservctl getpmsg putpmsg afs_syscall tuxcall security vserver epoll_ctl_old "
     "epoll_wait_old lookup_dcookie",
     "Gone from Linux, never there on x86-64, or long superseded."),
]

INTRODUCTION = """\
# System calls

<!-- Made by `make docs` from kernel/sys/table.h. Edit tools/syscalls.py, not this file. -->

Numbers, structures and errors are those of Linux on x86-64 (`syscalls(2)`, and section 2 of the manual for
each call). `kernel/sys/table.h` is the list; a handler `sys_NAME` takes the arguments as the C ABI has them
and returns a result or a negative errno. `kernel/sys/` checks arguments and copies structures; the work is
done in the layer that owns the thing. How a call gets there is told in `kernel/README.md`.
"""


def read_table() -> tuple:
    """Two dicts, implemented and not: name to number."""
    rows = re.findall(r"^    (SYSCALL|UNKNOWN)\((\d+), (\w+)\)", TABLE.read_text(), re.MULTILINE)
    return tuple({name: int(number) for kind, number, name in rows if kind == wanted}
                 for wanted in ("SYSCALL", "UNKNOWN"))


def read_handlers() -> dict:
    """Name to the stem of the file that implements it."""
    found = {}
    for path in sorted(TABLE.parent.glob("*.c")):
        for name in re.findall(r"^int64_t sys_(\w+)\(", path.read_text(), re.MULTILINE):
            found[name] = path.stem
    return found


def check(implemented: dict, unknown: dict, handlers: dict):
    problems = [f"{name} is in table.h but has no handler" for name in implemented if name not in handlers]
    problems += [f"sys_{name} is not in table.h" for name in handlers if name not in implemented]
    listed = set(" ".join(FAMILIES.values()).split())
    problems += [f"{stem}.c belongs to no family in tools/syscalls.py"
                 for stem in sorted(set(handlers.values()) - listed)]
    problems += [f"{name} is refused in tools/syscalls.py but not in table.h as UNKNOWN"
                 for names, _ in REFUSED for name in names.split() if name not in unknown]
    if problems:
        sys.exit("\n".join(problems))


def summary(stem: str) -> str:
    """The first sentences of the file: its header comment up to a blank line."""
    comment = re.match(r"/\*(.*?)\*/", (TABLE.parent / f"{stem}.c").read_text(), re.DOTALL)[1]
    paragraph = re.split(r"\n \*\n", comment)[0]
    return " ".join(re.sub(r"^ \* ?", "", paragraph, flags=re.MULTILINE).split())


def wrapped(names) -> str:
    return textwrap.fill(", ".join(f"`{name}`" for name in names), 110)


def family(title: str, stems: str, implemented: dict, handlers: dict) -> list:
    lines = ["", f"### {title}", "", "| file | what | calls |", "|---|---|---|"]
    for stem in stems.split():
        names = sorted((name for name, where in handlers.items() if where == stem), key=implemented.get)
        calls = ", ".join(f"`{name}`" for name in names)
        lines.append(f"| `kernel/sys/{stem}.c` | {summary(stem)} | {calls} |")
    return lines


def document() -> str:
    implemented, unknown = read_table()
    handlers = read_handlers()
    check(implemented, unknown, handlers)
    lines = [INTRODUCTION, f"## Implemented: {len(implemented)}"]
    for title, stems in FAMILIES.items():
        lines += family(title, stems, implemented, handlers)
    refused = {name for names, _ in REFUSED for name in names.split()}
    lines += ["", f"## Refused on purpose: {len(refused)}", "",
              "These answer ENOSYS. The kernel logs the first use of each by name.", "", "| calls | why |", "|---|---|"]
    lines += [f"| {', '.join(f'`{name}`' for name in names.split())} | {reason} |" for names, reason in REFUSED]
    absent = [name for name in sorted(unknown, key=unknown.get) if name not in refused]
    lines += ["", f"## Not there: {len(absent)}", "",
              "They answer ENOSYS and are logged like the ones above.", "", wrapped(absent)]
    return "\n".join(lines) + "\n"


def main() -> int:
    text = document()
    if "--check" not in sys.argv[1:]:
        OUTPUT.write_text(text)
    elif not OUTPUT.exists() or OUTPUT.read_text() != text:
        print(f"{OUTPUT.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
