"""Rules on what a shell takes one way, and a program or another shell another way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.plan.lint.commands import SHELLS, bare, commands_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.lint.remark import Remark, Subject

_OPERATORS = {"&&", "||", "|", ">", ">>", "<", "2>&1", "&>"}
_TESTS = {"[", "test", "expr", "jq", "yq", "find", "awk", "gawk", "cut", "tr", "sort", "column", "envsubst"}
"""Programs to which such words mean something."""
_EXPANDED = re.compile(r"~/|\$\(|\$\{?[A-Z_][A-Z0-9_]*\}?(?:/|:|$)")
_BASH = re.compile(r"\[\[(?=\s)|<<<|[<>]\((?=\S)|\bset -\w*o pipefail\b|\$\{\w+\[|\$\{\w+//?|\bsource(?=\s)")
_ENDS_AT_FAILURES = re.compile(r"\bset\s+-(?:\w*e|\w*o\s+errexit)")
_CONTINUED = re.compile(r"(?:\\|(?<=&&)|(?<=\|))[ \t]*\n\s*")
_OPENING = re.compile(r"(?<![\w-])(?:if|for|while|until|case|\{|\()(?=\s|$)|\(\)")
_CLOSING = re.compile(r"(?:^|[;\s])(?:fi|done|esac|\}|\))(?=$|[\s;&|>)])")
_CANNOT_FAIL = re.compile(
    r"(?:echo|printf|export|local|readonly|set|unset|trap|shift|sleep|wait|exit|:|true)\b|\w+=\S*$"
)


def shell_words(subject: Subject) -> Iterator[Remark]:
    """Remark on words of `argv` that only a shell understands, and on lines of `sh -c` that it never sees."""
    for at, step in commands_of(subject):
        program = step.argv[0].rsplit("/", 1)[-1] if step.argv else ""
        if program in SHELLS:
            if step.argv[1:2] in (("-c",), ("-ec",)) and len(step.argv) > 3 and " " not in step.argv[2]:
                text = f"{program} carries out {step.argv[2]!r} alone: what follows are its arguments"
                hint = "write the whole line as one item, or as `shell`"
                yield subject.remark(at, "shell-words", text, hint)
        elif program not in _TESTS and "-c" not in step.argv:
            words = [word for word in step.argv[1:] if word in _OPERATORS or _EXPANDED.match(word)]
            if words:
                text = f"gives {words[0]!r} to {program} as it is: no shell reads `argv`"
                yield subject.remark(at, "shell-words", text, "write the line as `shell`", "advice")


def only_bash(subject: Subject) -> Iterator[Remark]:
    """Remark on what only bash knows in a line that sh carries out, which another shell may pass over."""
    for at, step in commands_of(subject):
        if step.shell and (found := _BASH.search(bare(step))):
            text = f"has {found[0].strip()!r}, which only bash knows: sh may be another shell"
            hint = "write `argv: [bash, -c, …]`, or what every sh knows"
            yield subject.remark(at, "only-bash", text, hint, "advice")


def lines_passed_over(subject: Subject) -> Iterator[Remark]:
    """Remark on scripts of several lines that go on where one of these fails, other than those of CI."""
    for at, step in commands_of(subject):
        if "\n" in step.shell.strip() and (line := _passed_over(bare(step))):
            text = f"goes on where {line!r} fails: of a script's lines only the last one's failure counts"
            hint = "begin it with `set -e`, or join its lines by `&&`"
            yield subject.remark(at, "lines-passed-over", text, hint, "advice")


def _passed_over(script: str) -> str:
    """Return the first line of a script whose failure would go unnoticed; empty if there is none.

    What is inside of loops, conditions and functions is not looked at.
    """
    if _ENDS_AT_FAILURES.search(script):
        return ""
    lines = [line.strip() for line in _CONTINUED.sub(" ", script).splitlines() if line.strip()]
    depth = 0
    for line in lines[:-1]:
        opened, closed = len(_OPENING.findall(line)), len(_CLOSING.findall(line))
        plain = not (depth or opened or closed or line.endswith("&") or "||" in line)
        if plain and not _CANNOT_FAIL.match(line):
            return line
        depth += opened - closed
    return ""
