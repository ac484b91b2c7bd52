"""The exec agent and the host's protocol code against each other, over a pseudo-terminal, without a guest."""
import os
import pty
import random
import socket
import subprocess
import threading
import tty

import pytest

from vm import host, protocol
from vm.session import Session

AGENT = host.BUILD / "user" / "exec-agent"

LIMIT_S = 60


class FakeGuest:
    """The agent on this host, its port a pseudo-terminal that a thread joins to a socket."""

    def __init__(self, folder, command):
        arguments = folder / "exec.argv"
        arguments.write_bytes(b"".join(word.encode() + b"\0" for word in command))
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.port, self._far = socket.socketpair()
        self.console, self._console_far = socket.socketpair()
        self.console_bytes = bytearray()
        self.port.setblocking(False)
        self.console.setblocking(False)
        self._agent = subprocess.Popen([AGENT, os.ttyname(slave), arguments], stdin=subprocess.DEVNULL)
        self._slave = slave
        for source, target in ((self.master, self._far.sendall), (self._far.fileno(), self._to_agent)):
            threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    @property
    def process(self):
        """The machine goes on after the agent has ended."""
        return self

    def poll(self):
        return None

    def end(self):
        self._agent.kill()
        self._agent.wait()

    def _to_agent(self, data):
        while data:
            data = data[os.write(self.master, data):]

    @staticmethod
    def _pump(source, target):
        try:
            while data := os.read(source, 4096):
                target(data)
        except OSError:
            pass

    def read_console(self):
        return b""


def run_agent(folder, command, stdin=b""):
    guest = FakeGuest(folder, command)
    read_end, write_end = os.pipe()
    out_read, out_write = os.pipe()
    collected = []
    reader = threading.Thread(target=lambda: collected.extend(iter(lambda: os.read(out_read, 65536), b"")))
    writer = threading.Thread(target=lambda: (_write(write_end, stdin), os.close(write_end)))
    reader.start(), writer.start()
    try:
        status = Session(guest, read_end, out_write, out_write, timeout_s=LIMIT_S, boot_limit_s=LIMIT_S).run()
    finally:
        os.close(out_write), os.close(read_end)  # a writer whose bytes nobody took ends, too
        writer.join(LIMIT_S), reader.join(LIMIT_S)
        os.close(out_read)
        guest.end()
    return status, b"".join(collected)


def _write(descriptor, data):
    try:
        while data:
            data = data[os.write(descriptor, data):]
    except BrokenPipeError:
        pass


def test_output_and_status(tmp_path):
    assert run_agent(tmp_path, ["sh", "-c", "echo out; exit 7"]) == (7, b"out\n")


def test_killed_by_signal(tmp_path):
    assert run_agent(tmp_path, ["sh", "-c", "kill -9 $$"])[0] == 137


def test_not_found_is_127(tmp_path):
    status, output = run_agent(tmp_path, ["/no/such/program"])
    assert status == 127 and b"No such file" in output


def test_binary_both_ways(tmp_path):
    data = random.Random(1).randbytes(300_000)
    assert run_agent(tmp_path, ["cat"], data) == (0, data)


def test_command_that_ignores_input(tmp_path):
    assert run_agent(tmp_path, ["true"], bytes(200_000))[0] == 0


def test_background_child_does_not_hold_the_session(tmp_path):
    assert run_agent(tmp_path, ["sh", "-c", f"sleep {2 * LIMIT_S} & echo done"]) == (0, b"done\n")


def test_damaged_frame_is_noticed():
    frame = bytearray(protocol.encode(protocol.STDOUT, b"hello"))
    frame[2] ^= 1
    with pytest.raises(protocol.ProtocolError):
        list(protocol.Decoder().feed(bytes(frame)))


def test_frames_split_anywhere():
    stream = protocol.encode(protocol.STDOUT, b"a" * 1000) + protocol.encode(protocol.EXIT, b"\0\7")
    for cut in range(len(stream)):
        decoder = protocol.Decoder()
        frames = list(decoder.feed(stream[:cut])) + list(decoder.feed(stream[cut:]))
        assert frames == [(protocol.STDOUT, b"a" * 1000), (protocol.EXIT, b"\0\7")]
