"""The tours, one file each, in the order of a boot. tools/vm/tour.py plays them."""
import importlib

NAMES = ("mbr", "a20", "e820", "modes", "page-table", "interrupt", "page-fault", "syscall")


def load(name: str):
    """The Tour of that name."""
    return importlib.import_module(f"tours.{name.replace('-', '_')}").TOUR
