"""Debian packages through the host's apt, without touching the host: its sources and keys, but lists, cache
and package status of our own. apt resolves, downloads and verifies; what is in the cache is hashed again."""
import fcntl
import hashlib
import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vm import host

LISTS_FRESH_S = 24 * 3600
CONFIGURATION = """\
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "{user}";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "{recommends}";
APT::Update::Error-Mode "any";
Acquire::ForceHash "SHA256";
Acquire::Languages "none";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}/log";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
"""
LINE = re.compile(r"^'(?P<uri>.*)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$")


@dataclass
class Archive:
    """A package file that apt has chosen."""
    path: Path
    size: int
    sha256: str

    def is_right(self) -> bool:
        if not self.path.is_file() or self.path.stat().st_size != self.size:
            return False
        return hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256


def parse_uris(text: str, folder: Path) -> list:
    """The archives in the answer to apt-get --print-uris."""
    matches = [LINE.match(line) for line in text.splitlines()]
    return [Archive(folder / match["file"], int(match["size"]), match["sha256"]) for match in matches if match]


def explain(errors: str) -> str:
    """What apt's messages mean to somebody who named packages."""
    errors = re.sub(r"^(Reading|Building) .*\n", "", errors, flags=re.MULTILINE).strip()
    unknown = re.findall(r"^E: Unable to locate package (\S+)", errors, re.MULTILINE)
    if unknown:
        return f"no such package: {' '.join(unknown)}"
    if "unmet dependencies" in errors:
        return f"these packages do not go together:\n{errors}"
    return f"apt cannot do this:\n{errors}"


class Apt:
    """apt with a folder of its own; use inside lock()."""

    def __init__(self, folder: Path, recommends: bool = False) -> None:
        for program in ("apt-get", "dpkg-deb"):
            host.need(program)
        self._folder = folder.resolve()
        for name in ("state/lists/partial", "cache/archives/partial", "empty/partial", "log"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        self._configuration = self._folder / ("apt-recommends.conf" if recommends else "apt.conf")
        # The sandbox user could not write below a private folder; apt verifies all the same.
        user = "root" if os.geteuid() == 0 else ""
        self._configuration.write_text(CONFIGURATION.format(
            folder=self._folder, user=user, recommends="true" if recommends else "false"))

    @contextmanager
    def lock(self):
        """Keeps other runs with this folder out."""
        with open(self._folder / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _command(self, *arguments: str) -> list:
        return ["apt-get", "-c", str(self._configuration), *arguments]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self._command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=dict(os.environ, LC_ALL="C"))

    def _show(self, *arguments: str) -> str:
        """Runs apt with its progress on our standard error; its complaints, or "" when it succeeded."""
        with open(self._folder / "log/errors", "w+") as errors:
            status = subprocess.call(self._command(*arguments), stdin=subprocess.DEVNULL, stdout=sys.stderr,
                                     stderr=errors, env=dict(os.environ, LC_ALL="C"))
            errors.seek(0)
            return (errors.read() or f"status {status}") if status else ""

    def update(self, always: bool = False) -> None:
        """Fetches the package lists when they are old; old ones do when there is no network."""
        stamp = self._folder / "updated"
        if not always and stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_FRESH_S:
            return
        print("rootfs: fetching the package lists", file=sys.stderr)
        errors = self._show("update")
        if not errors:
            stamp.touch()
        elif stamp.exists():
            print("rootfs: they cannot be fetched; going on with older ones", file=sys.stderr)
        else:
            raise host.HostError("the package lists cannot be fetched (is there a network, and are there sources in "
                                 f"apt's configuration?):\n{errors.strip()}")

    def resolve(self, packages: list) -> list:
        """The archives of `packages` and of all they depend on, in no order that matters."""
        result = self._run("-q", "-o", f"Dir::Cache::archives={self._folder / 'empty'}", "--print-uris", "install", "--",
                           *packages)
        if result.returncode != 0:
            raise host.HostError(explain(result.stdout + result.stderr))
        archives = parse_uris(result.stdout, self._folder / "cache/archives")
        if not archives:
            raise host.HostError(f"apt names no archive for {shlex.join(packages)}:\n{result.stdout}{result.stderr}")
        return sorted(archives, key=lambda archive: archive.path.name)

    def download(self, packages: list, archives: list) -> None:
        """Brings what is missing into the cache, and makes sure of every byte."""
        missing = [archive for archive in archives if not archive.is_right()]
        if not missing:
            return
        size = sum(archive.size for archive in missing)
        print(f"rootfs: downloading {len(missing)} packages, {size / 1e6:.1f} MB", file=sys.stderr)
        for archive in missing:
            archive.path.unlink(missing_ok=True)
        errors = self._show("--download-only", "install", "--", *packages)
        wrong = [archive.path.name for archive in archives if not archive.is_right()]
        if errors or wrong:
            raise host.HostError(f"the packages cannot be downloaded: {' '.join(wrong)}\n{errors.strip()}")
