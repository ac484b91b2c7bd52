"""A machine on tour: Bochs' debugger with registers, memory, symbols and stops.

Expressions: terms joined by + and -, each may have a factor: `16 * vector`. A term is a number, a register (`rsp`,
`ax`, `cr2`, `efer`), a name remembered at an earlier stop, a constant of boot/layout.h, a symbol (`stage1:`,
`stage2:` or `kernel:` before its name), or `byte[...]`, `word[...]`, `dword[...]`, `[...]`: memory at a linear
address, 1, 2, 4 or 8 bytes.
"""
import re

from vm import host
from vm.bochs_debugger import Debugger, DebuggerError
from vm.tour_model import At, Steps, Until, Write

MASK_64 = (1 << 64) - 1
WIDTHS = {"byte": 1, "word": 2, "dword": 4, "": 8}
TERM = re.compile(r"\s*(?:(?P<factor>\d+)\s*\*\s*)?"
                  r"(?:(?P<memory>byte|word|dword|)\[(?P<address>[^\[\]]*(?:\[[^\]]*\])?[^\[\]]*)\]"
                  r"|(?P<number>0x[0-9a-f]+|\d+)|(?P<name>[A-Za-z_][\w.:]*))\s*")
COMPARISON = re.compile(r"(.*?)\s*(==|!=|!&|&)\s*(.*)")
BREAKPOINT = re.compile(r"Breakpoint (\d+), 0x([0-9a-f]+)")
STOP_LINE = re.compile(r"^\(\d\) \[0x[0-9a-f]+\] ([0-9a-f]{4}):([0-9a-f]+) ")
STOPS_MAX = 100_000
STEPS_MAX = 200


def _layout() -> dict:
    """The constants of boot/layout.h."""
    text = (host.ROOT / "boot" / "layout.h").read_text()
    return {name: int(value, 0) for name, value in re.findall(r"^#define (\w+)\s+(0x[0-9a-f]+|\d+)", text, re.M)}


LAYOUT = _layout()


class Machine:
    def __init__(self, debugger: Debugger, symbols) -> None:
        self.debugger = debugger
        self.symbols = symbols
        self.remembered = {}
        self._cache = {}

    # ---- running -------------------------------------------------------------------------

    def run_to(self, stop) -> None:
        if isinstance(stop, At):
            self._run_to_address(self.value(stop.address), stop.when)
        elif isinstance(stop, Write):
            self.ask(f"watch w {self.value(stop.address):#x}")
            self._run("c")
            self.ask("unwatch")
        elif isinstance(stop, Until):
            self._step_until(stop.condition)
        elif isinstance(stop, Steps) and stop.count:
            self._run(f"s {stop.count}")

    def _step_until(self, condition: str) -> None:
        for _ in range(STEPS_MAX):
            self._run("s")
            if self.holds(condition):
                return
        raise DebuggerError(f"{STEPS_MAX} instructions later still not: {condition}")

    def _run_to_address(self, address: int, conditions: tuple) -> None:
        self.ask(f"lb {address:#x}")
        for _ in range(STOPS_MAX):
            hit = BREAKPOINT.search("\n".join(self._run("c")))
            if hit and int(hit[2], 16) == address and all(self.holds(condition) for condition in conditions):
                self.ask(f"d {hit[1]}")
                return
        raise DebuggerError(f"{address:#x} is reached, but never with {conditions}")

    def _run(self, command: str) -> list:
        self._cache.clear()
        return self.debugger.run(command)

    def ask(self, command: str) -> list:
        return self.debugger.command(command)

    # ---- numbers -------------------------------------------------------------------------

    def holds(self, condition: str) -> bool:
        left, operator, right = COMPARISON.fullmatch(condition).groups()
        first, second = self.value(left), self.value(right)
        return {"==": first == second, "!=": first != second,
                "&": first & second != 0, "!&": first & second == 0}[operator]

    def value(self, expression) -> int:
        if isinstance(expression, int):
            return expression
        total, sign, position = 0, 1, 0
        while True:
            term = TERM.match(expression, position)
            if not term:
                raise DebuggerError(f"cannot read the expression {expression!r}")
            total += sign * int(term["factor"] or 1) * self._term(term)
            position = term.end()
            if position == len(expression):
                return total & MASK_64
            if expression[position] not in "+-":
                raise DebuggerError(f"cannot read the expression {expression!r}")
            sign = 1 if expression[position] == "+" else -1
            position += 1

    def _term(self, term) -> int:
        if term["number"]:
            return int(term["number"], 0)
        if term["address"] is not None:
            width = WIDTHS[term["memory"]]
            return int.from_bytes(self.linear(self.value(term["address"]), width), "little")
        return self._named(term["name"])

    def _named(self, name: str) -> int:
        for table in (self.remembered, LAYOUT):
            if name in table:
                return table[name]
        image, colon, symbol = name.partition(":")
        if colon:
            return self.symbols.find(symbol, image).address
        return self.register(name)

    def fill(self, command: str, write=lambda expression, value: f"{value:#x}") -> str:
        """The command with each {expression} replaced by its value."""
        return re.sub(r"\{([^}]*)\}", lambda match: write(match[1], self.value(match[1])), command)

    # ---- registers and memory ----------------------------------------------------------------

    def register(self, name: str) -> int:
        registers = self._registers()
        if name in registers:
            return registers[name]
        if f"r{name[1:]}" in registers and name[0] == "e":
            return registers[f"r{name[1:]}"] & 0xffffffff
        if f"r{name}" in registers:
            return registers[f"r{name}"] & 0xffff
        if len(name) == 2 and name[1] in "lh" and f"r{name[0]}x" in registers:
            return registers[f"r{name[0]}x"] >> (8 if name[1] == "h" else 0) & 0xff
        raise DebuggerError(f"no register or name {name!r}")

    def _registers(self) -> dict:
        if not self._cache:
            lines = [line for command in ("r", "creg", "sreg", 'show "cpu0.MSR"') for line in self.ask(command)]
            self._cache = {}
            for line in lines:
                self._parse_registers(line)
        return self._cache

    def _parse_registers(self, line: str) -> None:
        found = self._cache
        if match := re.match(r"(r\w+)\s*: ([0-9a-f]{8})_([0-9a-f]{8})", line):
            found[match[1]] = int(match[2] + match[3], 16)
        elif match := re.match(r"eflags 0x([0-9a-f]+)", line):
            found["rflags"] = found["eflags"] = int(match[1], 16)
        elif match := re.match(r"(CR\d|EFER)=(?:page fault laddr=)?0x([0-9a-f]+)", line):
            found[match[1].lower()] = int(match[2], 16)
        elif match := re.match(r"  (l?star|fmask) = 0x([0-9a-f]+)", line):
            found[match[1]] = int(match[2], 16)
        elif match := re.match(r"(\w\w):0x([0-9a-f]{4}), ", line):
            found[match[1]] = int(match[2], 16)
        elif match := re.match(r"([gi]dtr):base=0x([0-9a-f]+), limit=0x([0-9a-f]+)", line):
            found[match[1]] = int(match[2], 16)
            found[match[1] + "_limit"] = int(match[3], 16)

    def linear(self, address: int, count: int) -> bytes:
        return self._memory("x", address, count)

    def physical(self, address: int, count: int) -> bytes:
        return self._memory("xp", address, count)

    def _memory(self, command: str, address: int, count: int) -> bytes:
        lines = self.ask(f"{command} /{count}bx {address:#x}")
        found = [byte for line in lines for byte in re.findall(r"\t0x([0-9a-f]{2})\b", line)]
        if len(found) != count:
            raise DebuggerError(f"no memory at {address:#x}: {' '.join(lines)}")
        return bytes(int(byte, 16) for byte in found)
