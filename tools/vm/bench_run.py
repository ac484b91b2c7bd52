"""Running the programs of ./astra bench on either system; both in the same emulator with the same CPU model."""
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from vm import bench_linux, bench_table, host

PROGRAM = host.BUILD / "tests" / "bench" / "bench"
TINY = host.BUILD / "tests" / "bench" / "tiny"
IN_GUEST = {"/bench/bench": PROGRAM, "/bench/tiny": TINY}
TAIL_LINES = 20
PROGRESS_S = 20  # how often a line tells where there is no terminal


@dataclass
class Machine:
    icount: bool
    cpus: int = 1
    memory: str = "256M"
    limit_s: float = 1800
    image: str = ""  # of Astra, instead of the built one


class Progress:
    """What has been measured: on one line of a terminal, else a line now and then."""

    def __init__(self, name: str, total: int) -> None:
        self._name, self._total, self._told = name, total, time.monotonic()
        self._terminal = sys.stderr.isatty()

    def tell(self, done: int, row: str) -> None:
        words = f"{self._name}: {done}/{self._total} {row}"
        if self._terminal:
            print(f"\r{words:<60}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._told > PROGRESS_S:
            print(words, file=sys.stderr, flush=True)
            self._told = time.monotonic()

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr)


def _stream(name: str, command: list, limit_s: float, total: int) -> bench_table.Run:
    """Runs an emulator whose output is that of the programs."""
    run, tail, done, progress = bench_table.Run(), [], 0, Progress(name, total)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as process:
        watchdog = threading.Timer(limit_s, process.terminate)
        watchdog.start()
        try:
            for line in process.stdout:
                tail = [*tail, line.rstrip()][-TAIL_LINES:]
                row = run.take(line)
                done += bool(row)
                if row:
                    progress.tell(done, row)
        finally:
            watchdog.cancel()
            process.terminate()
    progress.end()
    if done < total:
        raise host.HostError(f"{name}: {done} of {total} rows, then it ended:\n" + "\n".join(tail))
    print(f"{name}: {done} rows", file=sys.stderr, flush=True)
    return run


def on_astra(machine: Machine, guest_command: list, total: int) -> bench_table.Run:
    command = [sys.executable, "-m", "vm", "exec", "--cpu", "qemu64", "--accel", "tcg", "--mem", machine.memory,
               "--smp", str(machine.cpus), *(["--icount"] if machine.icount else []),
               *(["--image", machine.image] if machine.image else [])]
    for target, source in IN_GUEST.items():
        command += ["--add", f"{source}:{target}"]
    return _stream("Astra", [*command, "--", *guest_command], machine.limit_s, total)


def on_linux(machine: Machine, shell_command: str, total: int) -> bench_table.Run:
    image, _ = bench_linux.kernel()
    accelerator = ["-accel", "tcg"] + (["-icount", "shift=1,sleep=off"] if machine.icount else [])
    with tempfile.TemporaryDirectory(prefix="astra-bench-") as folder:
        initrd = Path(folder) / "initramfs.cpio"
        initrd.write_bytes(bench_linux.initramfs(IN_GUEST, shell_command))
        line = bench_linux.command_line(image, initrd, machine.memory, machine.cpus, accelerator)
        return _stream("Linux", line, machine.limit_s, total)


def rows(growth: bool = False) -> list:
    """Names of the rows, as the program itself lists them."""
    listed = subprocess.run([str(PROGRAM), "--list"], capture_output=True, text=True, check=True).stdout
    names = [line.split() for line in listed.splitlines()]
    return [words[0] for words in names if (len(words) > 1) == growth]
