"""Unmodified Debian packages in a guest: dynamic programs start and do what they do on Debian."""
import os
import re
import subprocess

import pytest

from conftest import ROOT

PACKAGES = "bash coreutils dash sed gawk grep findutils tar"
MANY = "python3 perl gcc libc6-dev lua5.4 stress-ng procps bc m4 xz-utils diffutils make"
FETCH_LIMIT_S = 600

# (command, what it prints)
SMALL = [
    ("/bin/true && echo done", "done"),
    ("bash -c 'a=(x y z); echo ${#a[@]} ${a[-1]^^} $((3**4))'", "3 Z 81"),
    ("sh -c 'echo $0; command -v local'; readlink -f /bin/sh", "sh\nlocal\n/usr/bin/dash"),
    ("seq 200000 | sort -rn | head -n1", "200000"),
    ("printf 'b\\na\\n' | sort | tr ab xy | paste -sd,", "x,y"),
    ("dd if=/dev/zero bs=64k count=100 status=none | sha1sum", "fc24bcbbc13b65846c04bb9df9e4bd58a9f356c2  -"),
    ("echo abc | sed 's/b/[&]/'", "a[b]c"),
    ("awk --version | grep -o 'GNU Awk'; readlink /etc/alternatives/awk", "GNU Awk\n/usr/bin/gawk"),
    ("gawk 'BEGIN { printf \"%.4f\\n\", atan2(0, -1) }'", "3.1416"),
    ("grep -c . /etc/passwd; grep -oE '^root:.:0' /etc/passwd", "18\nroot:*:0"),
    ("find /usr/bin /bin/ -name 'ls*' -newer /nothing 2>&1 | head -1", "find: ‘/nothing’: No such file or directory"),
    ("tar -C /etc -cf - hostname | tar -tvf - | cut -c1-20", "-rw-r--r-- root/root"),
    ("cat /etc/hostname; id -un; pwd -P", "astra\nroot\n/"),
    ("echo $LANG; printf 'Ä' | wc -m", "C.UTF-8\n1"),
    ("ldconfig -p | grep -c /libc.so.6; ldconfig -v -N 2>/dev/null | grep -c 'libc.so.6 -> '", "1\n1"),
    ("env LD_DEBUG=statistics true 2>&1 | grep -c 'runtime linker statistics'", "2"),
    ("/lib64/ld-linux-x86-64.so.2 /bin/grep -qE '^7f.*/ld-linux' /proc/self/maps && echo high", "high"),
    ("stat -c '%A %u:%g %h' /tmp /root /usr/bin/su 2>/dev/null", "drwxrwxrwt 0:0 2\ndrwx------ 0:0 2"),
    ("stat -c %A /var/mail /run/lock | paste -sd' '", "drwxrwsr-x drwxrwxrwt"),
    ("type -P init exec-agent busybox ls", "/sys/bin/init\n/sys/bin/exec-agent\n/sys/bin/busybox\n/usr/bin/ls"),
    ("ls -d /sys/bin/init /kernel /data/config /boot /users/root", "/boot\n/data/config\n/kernel\n/sys/bin/init\n/users/root"),
    ("cat /given", "from the host"),
    ("head -c 3000000 /dev/zero > /tmp/new && stat -c %s /tmp/new", "3000000"),
    ("cp /usr/bin/ls /tmp/ls && echo >> /usr/bin/ls && cmp /tmp/ls /usr/bin/ls 2>&1 | cut -d' ' -f1-4", "cmp: EOF on /tmp/ls"),
]


def make_root(tmp_path_factory, packages: str) -> str:
    path = str(tmp_path_factory.mktemp("root") / "root.cpio")
    subprocess.run([os.path.join(ROOT, "astra"), "rootfs", "--packages", packages, "-o", path], check=True,
                   timeout=FETCH_LIMIT_S)
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory, PACKAGES)


def answers(text: str) -> list:
    """What each command of run_all printed."""
    return re.split(r"^--- \d+\n", text, flags=re.MULTILINE)[1:]


def script_of(commands) -> str:
    """A script that runs them all, each under its number."""
    return "\n".join(f"echo --- {number}\n{command}" for number, (command, _) in enumerate(commands))


def check(commands, text: str) -> None:
    found = dict(zip((command for command, _ in commands), answers(text)))
    wanted = {command: answer + "\n" for command, answer in commands}
    assert found == wanted


def test_programs_of_a_small_root(root, guest_exec, tmp_path):
    given = tmp_path / "given"
    given.write_text("from the host\n")
    result = guest_exec("/bin/bash", "-c", script_of(SMALL),
                        options=("--rootfs", root, "--smp", "2", "--add", f"{given}:/given"))
    assert result.status == 0, result.err.decode(errors="replace")
    check(SMALL, result.text)
    assert re.search(rb"of memory and --boot \w+", result.err)


def test_image_with_a_root(root, astra, tmp_path):
    """Pages of the archive are used in place: a machine with little more memory than the root boots it, and files can
    be written though the root is larger than half of memory."""
    image = str(tmp_path / "debian.img")
    made = astra("image", "--rootfs", root, "-o", image)
    assert made.status == 0, made.err
    explained = subprocess.run([os.path.join(ROOT, "build/tools/mkimage"), "--explain", image], capture_output=True)
    assert explained.returncode == 0, explained.stdout
    memory = f"{os.path.getsize(root) // 2**20 + 48}M"
    result = astra("exec", "--image", image, "--mem", memory, "--boot", "ahci", "--", "bash", "-c",
                   "ls / | paste -sd' '; cat; head -c 4000000 /dev/zero >/tmp/new && echo room", stdin=b"in\n")
    assert result.status == 0, result.err
    assert result.text == ("bin boot data dev etc home init kernel lib lib32 lib64 libx32 media mnt opt proc root run sbin "
                           "srv sys tmp users usr var\nin\nroom\n")


def test_wrong_roots(astra, tmp_path):
    bad = tmp_path / "bad.cpio"
    bad.write_bytes(b"no archive")
    result = astra("exec", "--rootfs", str(bad), "--", "true")
    assert result.status == 125 and b"is no root" in result.err
    result = astra("exec", "--rootfs", str(tmp_path / "none"), "--", "true")
    assert result.status == 125 and b"No such file" in result.err
    result = astra("rootfs", "--packages", "bash no-such-package-at-all", "-o", str(tmp_path / "x"))
    assert result.status == 125 and b"no such package: no-such-package-at-all" in result.err
    assert not (tmp_path / "x").exists()


PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
static void *work(void *value) { return (char *)value + 1; }
int main(void) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, work, (void *)41);
    pthread_join(thread, &result);
    printf("hello %ld\n", (long)result);
}
"""
LARGE = [
    ("python3 -c 'import sys, json, decimal, ssl, sqlite3; print(json.dumps([sys.version_info[0], str(decimal.Decimal(1) / 3)]))'",
     '[3, "0.3333333333333333333333333333"]'),
    ("python3 -c 'import multiprocessing as m; print(sum(m.Pool(3).map(abs, range(-100, 0))))'", "5050"),
    ("python3 -c 'import subprocess; print(subprocess.check_output([\"lua5.4\", \"-e\", \"print(2^53)\"]))'",
     "b'9.007199254741e+15\\n'"),
    ("perl -MList::Util=sum -MPOSIX -e 'print sum(map { $_ ** 2 } 1..100), strftime(\" %Y\", gmtime 0), \"\\n\"'", "338350 1970"),
    ("gcc -O2 -pthread /tmp/p.c -o /tmp/p && /tmp/p && gcc -static /tmp/p.c -o /tmp/s && /tmp/s", "hello 42\nhello 42"),
    ("cd /tmp && printf 'all:\\n\\t@echo $(MAKE_VERSION) | cut -c1\\n' > Makefile && make", "4"),
    ("stress-ng --version | cut -d' ' -f1-2", "stress-ng, version"),
    ("stress-ng --fork 2 --fork-ops 200 --pipe 1 --pipe-ops 2000 -q; echo $?", "0"),
    ("ps -o comm= 1; pgrep -x init", "init\n1"),
    ("echo 'scale=30; 4*a(1)' | bc -l", "3.141592653589793238462643383276"),
    ("echo 'define(x,y)x' | m4; head -c 500000 /dev/zero | xz -T2 | xz -d | wc -c", "y\n500000"),
    ("cc -### /tmp/p.c 2>&1 | grep -c cc1", "1"),
]


@pytest.mark.long
def test_programs_of_a_large_root(tmp_path_factory, guest_exec, tmp_path):
    root = make_root(tmp_path_factory, f"{PACKAGES} {MANY}")
    source = tmp_path / "p.c"
    source.write_text(PROGRAM)
    result = guest_exec("/bin/bash", "-c", script_of(LARGE), timeout_s=600,
                        options=("--rootfs", root, "--smp", "2", "--add", f"{source}:/tmp/p.c"))
    check(LARGE, result.text)
