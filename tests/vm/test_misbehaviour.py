"""Programs that do what they must not: they are killed or get an errno, and the system goes on."""
from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"
SIGILL, SIGTRAP, SIGFPE, SIGSEGV = 128 + 4, 128 + 5, 128 + 8, 128 + 11

EXPECTED = {
    "null": SIGSEGV, "kernel-write": SIGSEGV, "kernel-read": SIGSEGV, "kernel-jump": SIGSEGV,
    "non-canonical": SIGSEGV, "non-canonical-jump": SIGSEGV, "execute-data": SIGSEGV, "stack-overflow": SIGSEGV,
    "divide": SIGFPE, "undefined": SIGILL, "privileged": SIGSEGV, "port": SIGSEGV, "text-write": SIGSEGV,
    "breakpoint": SIGTRAP, "interrupt-gate": SIGSEGV, "stack-pointer": SIGSEGV,
}


def test_each_is_killed_with_the_right_signal(guest_script):
    script = "".join(f"/tmp/misbehave {name} >/dev/null 2>&1; echo {name} $?\n" for name in EXPECTED)
    out = guest_script(script, options=["--add", f"{PROGRAMS}/misbehave:/tmp/misbehave"])
    assert dict(line.split() for line in out.splitlines()) == {name: str(code) for name, code in EXPECTED.items()}


def test_memory_exhaustion_leaves_the_shell(guest_script):
    out = guest_script("/tmp/misbehave exhaust-memory; echo status $?; ls / | grep -c sys; free | grep -c Mem",
                       options=["--mem", "64M", "--add", f"{PROGRAMS}/misbehave:/tmp/misbehave"])
    lines = out.splitlines()
    assert lines[0] in ("status 137", "status 3") and lines[1:] == ["1", "1"]


def test_bad_arguments_to_every_call(guest_script):
    out = guest_script("/tmp/bad_arguments && echo alive", options=["--add", f"{PROGRAMS}/bad_arguments:/tmp/bad_arguments"])
    assert "children returned" in out and out.endswith("alive\n")


def test_harmful_requests_harm_nobody(guest_script):
    """What once hung or stopped the system: see the program's comments."""
    out = guest_script("/tmp/hostile && echo alive", options=["--add", f"{PROGRAMS}/hostile:/tmp/hostile"])
    assert out.split() == ["pipe", "epoll-chain", "epoll-paths", "timers", "threads", "frames", "alive"]


def test_hostile_programs_are_refused(guest_script, tmp_path):
    """Truncated and mutated ELF files: an errno or a signal, never more."""
    import random
    tiny = (PROGRAMS / "tiny").read_bytes()
    source = random.Random(3)
    folder = tmp_path / "bad"
    folder.mkdir()
    for number in range(150):
        data = bytearray(tiny[:source.choice([len(tiny), 64, 120, 300, 5000])])
        for _ in range(source.randrange(1, 12)):
            data[source.randrange(min(len(data), 600))] = source.randrange(256)
        (folder / f"{number:03}").write_bytes(data)
        (folder / f"{number:03}").chmod(0o755)
    out = guest_script("for f in /opt/bad/*; do (ulimit -t 2; timeout -s KILL 5 $f) >/dev/null 2>&1 </dev/null; done; echo alive",
                       options=["--add", f"{folder}:/opt/bad"])
    assert out == "alive\n"
