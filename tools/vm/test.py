"""./astra test: the whole suite, one closing line with counts."""
import argparse
import os
import re
import subprocess
import sys

from vm import host

GUESTS_AT_A_TIME = 2
HOST_TARGETS = ("unit", "fuzz")
COUNT_LINE = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
PYTEST_COUNTS = {word: re.compile(rf"(\d+) {word}") for word in ("passed", "failed", "skipped", "errors?")}


def _host_target(target: str) -> tuple:
    """Runs a make target whose test programs print `N passed, N failed`; (passed, failed, skipped)."""
    result = subprocess.run([host.need("make"), "-C", str(host.ROOT), f"-j{os.cpu_count() or 2}", "-Otarget",
                             "--no-print-directory", target],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(result.stdout, end="", flush=True)
    counts = [tuple(int(number or 0) for number in match) for match in COUNT_LINE.findall(result.stdout)]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    if result.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


def _guest_tests(options) -> tuple:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", "--durations=5",
               "-n", str(GUESTS_AT_A_TIME), "--dist", "loadfile",
               str(host.ROOT / "tests" / "tree"), str(host.ROOT / "tests" / "tools"),
               str(host.ROOT / "tests" / "vm")]
    command += ["--long"] if options.long else []
    command += ["-k", options.only] if options.only else []
    environment = dict(os.environ, PYTHONPATH=str(host.ROOT / "tools"), ASTRA_ROOT=str(host.ROOT))
    lines = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, cwd=host.ROOT, env=environment) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    summary = lines[-1] if lines else ""
    counts = {word: sum(int(n) for n in pattern.findall(summary)) for word, pattern in PYTEST_COUNTS.items()}
    failed = counts["failed"] + counts["errors?"]
    if process.returncode != 0 and failed == 0:
        failed = 1
    return counts["passed"], failed, counts["skipped"]


def main(name: str, arguments: list) -> int:
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    parser.add_argument("--long", action="store_true", help="add what takes more than minutes")
    parser.add_argument("--only", metavar="WORDS", help="guest tests whose names match (pytest -k); no host tests")
    options = parser.parse_args(arguments)
    host.build(quiet=False)
    host.build("vm-programs")
    results = [] if options.only else [_host_target(target) for target in HOST_TARGETS]
    results.append(_guest_tests(options))
    passed, failed, skipped = (sum(column) for column in zip(*results))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
