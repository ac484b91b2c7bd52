"""Which stressors of Debian's stress-ng are left out and why, and a guest's script that runs the others.

A stressor that meets a call the kernel lacks says so in one of three ways: it skips itself, it fails, or it hangs.
What skips itself need not stand here; what fails or hangs does, until the call is there."""
import re
from dataclasses import dataclass

CLASSES = ("os", "vm", "scheduler", "interrupt", "pipe", "cpu-cache")

_SOCKETS = "needs sockets of the network, or netlink"
_NO_CALL = "needs a system call that is missing: "
_NO_SWAP = "needs swap space"
_PATHOLOGICAL = "stress-ng refuses it without --pathological: it may stop any system"

SKIPS = {
    "af-alg": "needs sockets of the kernel's cryptography (AF_ALG)",
    "aiol": _NO_CALL + "io_setup and its kin",
    "apparmor": "needs AppArmor",
    "bad-ioctl": "runs as an ordinary user only",
    "bind-mount": _PATHOLOGICAL,
    "dccp": _SOCKETS,
    "far-branch": "a million small functions: an emulator takes minutes for the second that is asked for, under Linux too",
    "icmp-flood": _SOCKETS,
    "iomix": "needs extents of files (FS_IOC_FIEMAP) or more disk than memory",
    "memhotplug": "needs memory that can be taken out",
    "mlockmany": _PATHOLOGICAL,
    "netlink-proc": _SOCKETS,
    "netlink-task": _SOCKETS,
    "oom-pipe": _PATHOLOGICAL,
    "physpage": "needs /proc/PID/pagemap",
    "ping-sock": _SOCKETS,
    "ptrace": _NO_CALL + "ptrace",
    "rawpkt": _SOCKETS,
    "rawsock": _SOCKETS,
    "rawudp": _SOCKETS,
    "smi": _PATHOLOGICAL,
    "sock": _SOCKETS,
    "sockabuse": _SOCKETS,
    "sockdiag": _SOCKETS,
    "sockmany": _SOCKETS,
    "swap": _NO_SWAP,
    "sysinval": _PATHOLOGICAL,
    "tmpfs": "looks for a file system of type tmpfs with room",
    "udp": _SOCKETS,
    "udp-flood": _SOCKETS,
    "vm-segv": _NO_CALL + "ptrace; without it, its child stops itself and nobody continues it",
    "watchdog": _PATHOLOGICAL,
}

STRESSOR_LIMIT_S = 150  # for one that was asked to take a second or two, on a busy machine with every check on
REPORT = "/tmp/report"
_LINE = re.compile(r"^=== (\S+) (\d+) (\d+) (\d+)$", re.MULTILINE)

# {names} one after the other, each for {seconds} with {workers} workers; a line NAME STATUS FREE_KIB THREADS after each.
_SCRIPT = """\
cd /tmp
free_kib() {{ # once no more comes back
    last=0 free=1
    while [ $free -gt $last ]; do
        last=$free; sleep 0.1; echo 3 > /proc/sys/vm/drop_caches; sleep 0.1
        while read -r word value rest; do [ "$word" = MemFree: ] && free=$value; done < /proc/meminfo
    done
    echo "$free"
}}
settle() {{ # $threads, once no more are left than at the start, or after a while
    for try in $(seq $1); do
        while read -r word value rest; do [ "$word" = threads ] && threads=$value; done < /kernel/runtime/sched
        [ $threads -le $first ] && break
        sleep 0.1
    done
}}
free=$(free_kib) first=0
settle 20; first=$threads
echo "=== start 0 $free $threads"
for name in {names}; do
    timeout -s KILL {limit_s} stress-ng --$name {workers} --timeout {seconds}s --no-rand-seed --verify \\
        --temp-path /tmp > /tmp/said 2>&1
    status=$?
    [ $status = 0 ] || cat /tmp/said
    settle 300; free=$(free_kib)
    echo "=== $name $status $free $threads"
done
"""

# All of {names} at the same time.
_TOGETHER = """\
cd /tmp
timeout -s KILL {limit_s} stress-ng {options} --timeout {seconds}s --no-rand-seed --verify --temp-path /tmp > /tmp/said 2>&1
status=$?
[ $status = 0 ] || cat /tmp/said
echo "=== together $status 0 0"
"""

# The exit statuses of stress-ng(1) that are no failure: all well; no resources (skipped itself); not implemented.
FINE = (0, 3, 4)


@dataclass
class Outcome:
    name: str
    status: int
    free_kib: int
    threads: int


def script(names, seconds: int, workers: int) -> str:
    return _SCRIPT.format(names=" ".join(names), seconds=seconds, workers=workers, limit_s=STRESSOR_LIMIT_S)


def script_together(names, seconds: int) -> str:
    options = " ".join(f"--{name} 1" for name in names)
    return _TOGETHER.format(options=options, seconds=seconds, limit_s=STRESSOR_LIMIT_S + seconds)


def outcomes(text: str) -> list:
    return [Outcome(name, int(status), int(free), int(threads)) for name, status, free, threads in _LINE.findall(text)]


def members(text: str) -> list:
    """The stressors in what `stress-ng --class NAME?` prints."""
    return text.partition("stressors:")[2].split()
