"""What all our commands have in common."""
import gdb


class Command(gdb.Command):
    """Subclasses set `name`, document themselves for `help NAME`, and print in `run(words)`."""
    name = ""

    def __init__(self) -> None:
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        self.dont_repeat()
        try:
            self.run(gdb.string_to_argv(argument))
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"{self.name}: {error}") from error

    def run(self, words: list) -> None:
        raise NotImplementedError


def evaluate(words: list) -> int:
    """The value of an expression, as an address."""
    return int(gdb.parse_and_eval(" ".join(words)).cast(gdb.lookup_type("unsigned long long"))) & (1 << 64) - 1


def table(rows: list, right: tuple = ()) -> None:
    """Columns as wide as they need; `right`: numbers of those that are set right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) if column in right else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
