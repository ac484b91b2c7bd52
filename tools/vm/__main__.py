"""Entry point of ./astra: looks up the command and runs it."""
import sys

from vm import commands
from vm.host import HostError


def main() -> int:
    arguments = sys.argv[1:] or ["help"]
    try:
        return commands.dispatch(arguments)
    except HostError as error:
        print(f"astra: {error}", file=sys.stderr)
        return 125
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
