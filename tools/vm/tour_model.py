"""What a tour consists of. The tours themselves are in tools/tours, one file each.

Numbers in tours are expressions, evaluated at the stop that shows them (tour_machine.py has the grammar):
`rcx - 2`, `[rsp+8]`, `LAYOUT_BOUNCE`, `kernel:syscall_entry`. A Bochs command takes them in braces:
`x /8bx {stage1:entry}`.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class At:
    """Stop before the instruction at a linear address, the first time that all of `when` hold (`ax == 0xe820`)."""
    address: str
    when: tuple = ()


@dataclass(frozen=True)
class Write:
    """Stop after the instruction that writes the byte at a physical address."""
    address: str


@dataclass(frozen=True)
class Steps:
    """Stop after so many instructions."""
    count: int = 1


@dataclass(frozen=True)
class Until:
    """Stop after the first instruction behind which a condition holds, stepping through all of them."""
    condition: str


HERE = Steps(0)  # where the machine is: another page about the same stop


@dataclass(frozen=True)
class Bochs:
    """A command for Bochs' debugger and the lines of its answer that match `keep`.

    `hide`: (pattern, name) pairs: what the pattern's group 1 matches differs between builds or runs and is written
    <name> in the transcript. `part`: only what this pattern matches in a line is shown.
    """
    command: str
    keep: str = ""
    hide: tuple = ()
    part: str = ""


@dataclass(frozen=True)
class Code:
    """Instructions from an address on; with `opcodes`, the bytes of each too."""
    address: str
    count: int
    opcodes: bool = False


@dataclass(frozen=True)
class Registers:
    """Some registers, by name. Those in `hide` differ between builds or runs."""
    names: str
    hide: tuple = ()


@dataclass(frozen=True)
class Decode:
    """What a function of tour_decode.py makes of memory or registers; `label` says what was decoded."""
    label: str
    function: object
    arguments: tuple = ()


@dataclass(frozen=True)
class Step:
    """One stop. `body`: paragraphs (strings) and what is shown, in order. `claims`: conditions that the text relies
    on; a tour whose claim does not hold is wrong and stops. `remember`: expressions evaluated here whose names later
    expressions may use."""
    title: str
    until: object
    body: tuple
    claims: tuple = ()
    remember: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Rehearsal:
    """A number that is known only afterwards: every run is the same, so a first one finds it out."""
    until: At
    value: str


@dataclass(frozen=True)
class Tour:
    """`named`: remembered addresses that differ between builds, so that their names stand for them.
    `loader_tables`: the page tables shown are stage2's, at fixed addresses."""
    name: str
    title: str
    summary: str
    intro: tuple
    steps: tuple
    outro: tuple = ()
    rehearse: dict = field(default_factory=dict)
    named: tuple = ()
    loader_tables: bool = False
