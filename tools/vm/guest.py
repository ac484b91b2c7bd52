"""A running guest: the emulator process, its console (COM1) and its second port (COM2)."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from vm import bochs, host, image, qemu

CONSOLE_LINES_SHOWN = 30
CONNECT_LIMIT_S = 120
MONITOR_LIMIT_S = 120


class Guest:
    """Starts an emulator on a private copy of the image; use as a context manager."""

    def __init__(self, options, command=(), append: str = "") -> None:
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="astra-"))
        self._listeners = []
        self.console_bytes = bytearray()
        self.process = None
        self.console = self.port = None
        try:
            self.image = image.prepare_for(options, self._folder / "boot.img", append, command)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
        for opened in (self.console, self.port, *self._listeners):
            if opened:
                opened.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        if self._options.bochs:
            self._start_bochs()
        else:
            self._start_qemu()
        self.console, self.port = (self._accept(listener) for listener in self._listeners)

    def _listen(self) -> int:
        """A port for one of COM1 and COM2. TCP: a Unix socket would be full with some hundred bytes, each sent alone."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        self._listeners.append(listener)
        return listener.getsockname()[1]

    def _start_qemu(self) -> None:
        serial = [f"tcp:127.0.0.1:{self._listen()}" for _ in (1, 2)]
        extra = ["-display", "none", "-no-reboot", "-monitor", "none",
                 "-qmp", f"unix:{self._folder / 'qmp'},server=on,wait=off"]
        self._spawn(qemu.command(self._options, self.image, serial, extra))

    def _start_bochs(self) -> None:
        if self._options.video not in ("", "text"):
            raise host.HostError("Bochs without a window has no pixels: use --video with QEMU")
        ports = [self._listen() for _ in (1, 2)]
        config, script = self._folder / "bochsrc", self._folder / "commands"
        config.write_text(bochs.configuration(self._options, self.image, self._folder / "bochs.log", ports, bochs.RFB))
        script.write_text("c\n")
        self._spawn(bochs.command(config, script))

    def _spawn(self, command: list) -> None:
        log = open(self._folder / "emulator.log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                        env=dict(os.environ, TERM="xterm"), start_new_session=True)
        log.close()

    def _accept(self, listener: socket.socket) -> socket.socket:
        """An emulator that has connected may have ended by now; what it said is still to be read."""
        listener.settimeout(0.2)
        limit = time.monotonic() + CONNECT_LIMIT_S
        while True:
            ended = self.process.poll() is not None or time.monotonic() > limit
            try:
                connection = listener.accept()[0]
                connection.setblocking(False)
                return connection
            except socket.timeout:
                if ended:
                    raise host.HostError(f"the emulator did not start:\n{self.emulator_log()}") from None

    def emulator_log(self) -> str:
        try:
            text = (self._folder / "emulator.log").read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-CONSOLE_LINES_SHOWN:])

    def console_tail(self) -> str:
        text = self.console_bytes.decode("utf-8", "replace").replace("\r", "")
        return "\n".join(text.splitlines()[-CONSOLE_LINES_SHOWN:])

    def read_console(self) -> bytes:
        """New bytes from COM1; b"" when there are none."""
        try:
            data = self.console.recv(65536)
        except (BlockingIOError, ConnectionError):
            return b""
        self.console_bytes += data
        return data

    def monitor(self, command: str, **arguments):
        """One QMP command; returns its result."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(MONITOR_LIMIT_S)
            connection.connect(str(self._folder / "qmp"))
            stream = connection.makefile("rw")
            self._reply(stream)
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                reply = {}
                while "return" not in reply and "error" not in reply:
                    reply = self._reply(stream)
            if "error" in reply:
                raise host.HostError(f"QEMU refused {command}: {reply['error'].get('desc')}")
            return reply["return"]

    @staticmethod
    def _reply(stream) -> dict:
        line = stream.readline()
        if not line:
            raise host.HostError("QEMU has ended")
        return json.loads(line)

    def screenshot(self, path: str) -> None:
        self.monitor("screendump", filename=str(Path(path).absolute()), format="png")

    def wait_end(self, limit_s: float) -> bool:
        """Waits for the emulator to end by itself."""
        try:
            self.process.wait(limit_s)
            return True
        except subprocess.TimeoutExpired:
            return False
