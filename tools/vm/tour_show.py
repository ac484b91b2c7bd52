"""Turns what a step shows into lines of marked text (tour_text.py)."""
import re

from vm.tour_model import Bochs, Code, Decode, Registers
from vm.tour_text import STAGE2, UNNAMED, Namer, pad, settled, varying

DISASSEMBLY = re.compile(r"([0-9a-f]{16}): \(.*?\): (.*?)\s*; ([0-9a-f]+)$")
JUMP = re.compile(r"^((?:call|j\w+|loop\w*)) \.[+-]\d+\s+\((0x[0-9a-f]+)\)")
FAR_JUMP = re.compile(r"^jmpf (0x\w{4}):([0-9a-f]{8})$")
INDEXED = re.compile(r"\*(\d)(-\d+)\]")
RELATIVE = re.compile(r"\[rip([+-]\d+)\]")
PAGE_LINE = re.compile(r"^( ?\w{3,4}): 0x([0-9a-f]{16})(.*)")
LARGEST_INSTRUCTION = 15
INSTRUCTION_COLUMN = 26
OPCODE_COLUMN = 28
MASK_64 = (1 << 64) - 1


class Shower:
    """Shows things as they are where the machine stands."""

    def __init__(self, machine, namer: Namer) -> None:
        self._machine = machine
        self._namer = namer

    def show(self, item) -> tuple:
        """(heading, lines): the command or label, and what it gives."""
        if isinstance(item, Bochs):
            return self._bochs(item)
        if isinstance(item, Code):
            return self._code(item)
        if isinstance(item, Registers):
            return self._registers(item)
        assert isinstance(item, Decode)
        values = [self._machine.value(argument) for argument in item.arguments]
        return "", [item.label, *("  " + line for line in item.function(self._machine, self._namer, *values))]

    # ---- Bochs' own output -------------------------------------------------------------------

    def _bochs(self, item: Bochs) -> tuple:
        command = self._machine.fill(item.command)
        lines = [line for line in self._machine.ask(command) if re.search(item.keep, line) and line != "[bochs]:"]
        if item.part:
            lines = [f"{UNNAMED} {re.search(item.part, line)[0]} {UNNAMED}" for line in lines]
        return self._machine.fill(item.command, self._address), [self._tidy(line, item.hide) for line in lines]

    def _address(self, expression: str, value: int) -> str:
        """An address in a command, by the name that the tour uses for it."""
        name = self._namer.name(value)
        if name and ":" in expression:
            name = "=" + expression.partition(":")[2]
        return varying(name, f"{value:#x}") if name else f"{value:#x}"

    def _tidy(self, line: str, hide: tuple) -> str:
        line = re.sub(r"<bogus\+ *\d+>", "", line.expandtabs(4).rstrip())
        found = [(match, name) for pattern, name in hide if (match := re.search(pattern, line))]
        for match, name in sorted(found, key=lambda pair: -pair[0].start(1)):
            line = line[:match.start(1)] + varying(name, match[1]) + line[match.end(1):]
        if found:
            return line
        if line.startswith("CR4="):  # too long to show what is off
            value, _, names = line.partition(": ")
            line = f"{value}: {' '.join(name for name in names.split() if name.isupper()) or 'none'}"
        if page := PAGE_LINE.match(line):
            return f"{page[1]}: 0x{self._namer.entry(int(page[2], 16))}{page[3]}"
        return self._namer.mark(line)

    # ---- instructions ------------------------------------------------------------------------

    def _code(self, item: Code) -> tuple:
        start = self._machine.value(item.address)
        command = f"u {start:#x} {start + item.count * LARGEST_INSTRUCTION:#x}"
        found = [DISASSEMBLY.match(line) for line in self._machine.ask(command)]
        found = [match for match in found if match][:item.count]
        labels = [self._label(int(match[1], 16), start) for match in found]
        width = max(INSTRUCTION_COLUMN, *(len(settled(label)) + 2 for label in labels))
        lines = [f"{pad(label, width)}{self._instruction(match, item.opcodes)}" for label, match in zip(labels, found)]
        return self._namer.mark(f"u /{item.count} {start:#x}"), lines

    def _label(self, address: int, start: int) -> str:
        name = self._namer.values_name(address) or self._namer.symbol(start, address - start)
        fixed = f"{address:#x} " if address < STAGE2.start or not name else ""
        return fixed + (f"<{name}>" if name else "")

    def _instruction(self, match, opcodes: bool) -> str:
        address, text, code = int(match[1], 16), re.sub(r"\s{2,}", " ", match[2]), match[3]
        end = address + len(code) // 2
        if jump := JUMP.match(text):
            text = f"{jump[1]} {self._target(int(jump[2], 16))}"
        if far := FAR_JUMP.match(text):
            text = f"jmpf {far[1]}:{self._target(int(far[2], 16))}"
        text = INDEXED.sub(lambda m: f"*{m[1]} + {self._target(int(m[2]) & MASK_64)}]", text)
        text = self._namer.mark(RELATIVE.sub(lambda m: f"[rip: {self._target(end + int(m[1]))}]", text))
        return f"{pad(text, OPCODE_COLUMN)}; {code}" if opcodes else text

    def _target(self, address: int) -> str:
        name = self._namer.symbol(address)
        return f"<{name}>" if name else f"{address:#x}"

    # ---- registers ---------------------------------------------------------------------------

    def _registers(self, item: Registers) -> tuple:
        parts = [f"{name}={self._register(name, name in item.hide)}" for name in item.names.split()]
        return "", [" ".join(parts)]

    def _register(self, name: str, hidden: bool) -> str:
        digits = f"{self._machine.value(name):#x}"
        return varying(UNNAMED, digits) if hidden else self._namer.mark(digits)
