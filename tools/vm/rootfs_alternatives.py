"""update-alternatives without running it: its calls are read from the packages' scripts.

Understood are the calls that debhelper writes and those written by hand in the same manner: words, quotes,
lines continued with a backslash, variables set to plain words, `for` loops over plain words. A call that
needs more of the shell is reported, not guessed at."""
import re
import shlex
from dataclasses import dataclass, field

from vm.rootfs_tree import Tree, link

PROGRAM = "update-alternatives"
ASSIGNMENT = re.compile(r"^(?:export\s+)?([A-Za-z_]\w*)=(\"[^\"`$()]*\"|'[^']*'|[^\s;`$()\"']*)\s*;?$")
LOOP = re.compile(r"^for\s+(\w+)\s+in\s+([^;]*?)\s*(?:;\s*do\b(.*)|;?)$")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass
class Alternative:
    """One --install: a name, where it is linked, what for, and the names that follow it."""
    name: str
    link: str
    path: str
    priority: int
    slaves: list = field(default_factory=list)  # (link, name, path)


def _logical_lines(script: str) -> list:
    """Lines with continued ones joined, without comments that are lines of their own."""
    text = re.sub(r"\\\n", " ", script)
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _expand(text: str, variables: dict) -> str:
    def value(match) -> str:
        return variables.get(match[1] or match[2], match[0])
    return VARIABLE.sub(value, text)


def _unrolled(lines: list, variables: dict) -> list:
    """The lines with variables filled in and `for` loops over words written out."""
    out, number = [], 0
    while number < len(lines):
        line = lines[number]
        number += 1
        assigned, loop = ASSIGNMENT.match(line), LOOP.match(line)
        if assigned:
            variables[assigned[1]] = assigned[2].strip("\"'")
        elif loop:
            end = _loop_end(lines, number, loop[3] or "")
            body = [part for part in [(loop[3] or "").strip(), *lines[number:end]] if part]
            body = [re.sub(r"(^do\b|;?\s*\bdone\b.*$)", "", part).strip() for part in body]
            for word in _expand(loop[2], variables).split():
                out += _unrolled([part for part in body if part], {**variables, loop[1]: word})
            number = end
        else:
            out.append(_expand(line, variables))
    return out


def _loop_end(lines: list, start: int, first: str) -> int:
    """The number of the line after the loop's `done`."""
    depth = 0 if re.search(r"\bdone\b", first) else 1
    while depth > 0 and start < len(lines):
        depth += bool(LOOP.match(lines[start])) - bool(re.search(r"(^|;)\s*done\b", lines[start]))
        start += 1
    return start


def _calls(line: str) -> list:
    """The words after `update-alternatives` of each simple command in a line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.commenters = "#"
    lexer.whitespace_split = True
    calls, words = [], []
    for word in [*lexer, ";"]:
        if word.strip(";&|"):
            words.append(word)
            continue
        names = [at for at, name in enumerate(words) if name.endswith(PROGRAM)]
        if names:
            calls.append(words[names[0] + 1:])
        words = []
    return calls


def _parse_call(words: list) -> Alternative:
    at = words.index("--install")
    target, name, path, priority = words[at + 1:at + 5]
    result = Alternative(name, target, path, int(priority))
    rest = words[at + 5:]
    while "--slave" in rest:
        at = rest.index("--slave")
        slave = rest[at + 1:at + 4]
        if len(slave) != 3:
            raise ValueError("a --slave without its three words")
        result.slaves.append(tuple(slave))
        rest = rest[at + 4:]
    if "$" in " ".join([target, name, path, *(word for slave in result.slaves for word in slave)]):
        raise ValueError("a variable that is not known")
    return result


def parse(script: str) -> tuple:
    """([Alternative, ...], [calls not understood])."""
    found, unknown = [], []
    for line in _unrolled(_logical_lines(script), {}):
        if PROGRAM not in line or "--install" not in line:
            continue
        try:
            found += [_parse_call(words) for words in _calls(line) if "--install" in words]
        except ValueError:
            unknown.append(line)
    return found, unknown


def _link(tree: Tree, place: str, name: str, path: str) -> None:
    """`place` -> /etc/alternatives/`name` -> `path`, unless a package has a file of its own there."""
    if tree.has_name(place) and not tree.entries[tree.place(place)].is_link:
        return
    tree.put(f"etc/alternatives/{name}", link(path))
    tree.put(place, link(f"/etc/alternatives/{name}"))


def install(tree: Tree, alternatives: list) -> None:
    """For each name the one with the highest priority whose program is there; the first of equals."""
    best = {}
    for alternative in alternatives:
        chosen = best.get(alternative.name)
        if tree.has(alternative.path) and (chosen is None or alternative.priority > chosen.priority):
            best[alternative.name] = alternative
    for name in sorted(best):
        _link(tree, best[name].link, name, best[name].path)
        for place, slave, path in best[name].slaves:
            if tree.has(path):
                _link(tree, place, slave, path)
