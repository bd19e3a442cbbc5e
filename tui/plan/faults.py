"""What is wrong with a plan, and where."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.text import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_FAULTS = 50
"""The most faults that are reported at once: more are no help, and finding their hints takes long."""

_MOST_WORDS = 20
_MOST_KNOWN = 1000
_MOST_LETTERS = 80


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file: line and column count from 1; line 0 is the whole file."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file.

    Attributes:
        place: Where.
        cause: What.
        hint: What to do.
    """

    place: Place
    cause: str
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.cause}", *([f"  hint: {self.hint}"] if self.hint else [])]
        return "\n".join(map(one_line, lines))


class PlanError(BringupError):
    """A plan cannot be read or used.

    Attributes:
        faults: One or several; of very many, the first ones.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(islice(faults, MOST_FAULTS))
        first = self.faults[0]
        super().__init__(f"{first.place}: {first.cause}", first.hint)

    @classmethod
    def at(cls, place: Place, cause: str, hint: str = "") -> PlanError:
        """Return an error of one fault."""
        return cls([Fault(place, cause, hint)])


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word most like a wrong one, or else the known words."""
    words = sorted(islice(known, _MOST_KNOWN))
    close = difflib.get_close_matches(word[:_MOST_LETTERS], words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = ", …" if len(words) > _MOST_WORDS else ""
    return f"known here: {', '.join(words[:_MOST_WORDS])}{more}" if words else ""


def likely(path: Path, otherwise: str) -> str:
    """Return a hint on what may be meant by a path that does not exist.

    Args:
        path: The path.
        otherwise: What to say if nothing beside it has a name like its own.
    """
    try:
        if path.is_symlink():
            return f"it is a link to {path.readlink()}, which is not there"
        beside = {each.stem: each.name for each in sorted(path.parent.iterdir()) if each.name[0] != "."}
    except OSError:
        beside = {}
    close = difflib.get_close_matches(path.stem, beside, n=1)  # endings are alike in any case
    return f"did you mean {beside[close[0]]!r}?" if close else otherwise


def shown(value: object) -> str:
    """Return a value as an error names it: in YAML's words, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = cut(str(value), _MOST_LETTERS)
    return repr(text) if isinstance(value, str) else text
