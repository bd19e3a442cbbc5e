"""Colours for a terminal's text, or none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TextIO

from tui.console.person import is_dumb, is_set
from tui.text import SGR, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS = {
    "running": "36",
    "succeeded": "32",
    "failed": "31",
    "cancelled": "33",
    "skipped": "2",
    "waiting": "2",
    "warning": "33",
    "strong": "1",
    "dim": "2",
}
_TASK_COLOURS = ("36", "35", "34", "33", "32", "96", "95", "94")


@dataclass(frozen=True, slots=True)
class Style:
    """Colours a terminal's text, or leaves it plain."""

    colour: bool

    def __call__(self, text: str, kind: str) -> str:
        """Return the text in the colour of a state: `failed`, `dim`, …; in none for an empty kind."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text and kind else text

    def task(self, text: str, index: int) -> str:
        """Return the text in the colour of a task, which tells its lines from others'."""
        return f"\x1b[{_TASK_COLOURS[index % len(_TASK_COLOURS)]}m{text}\x1b[0m" if self.colour else text

    def clean(self, text: str) -> str:
        """Return a program's text without its control sequences; its colours stay if colours are wanted."""
        parts = SGR.split(text)  # text and colours by turns
        cleaned = [plain(part) for part in parts[::2]]
        if not self.colour or len(parts) == 1:
            return "".join(cleaned)
        return "".join(chain.from_iterable(zip_longest(cleaned, parts[1::2], fillvalue=""))) + "\x1b[0m"


def wants_colour(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether to colour a stream: a terminal that can show it, unless variables say otherwise.

    NO_COLOR (no-color.org) wins over FORCE_COLOR and CLICOLOR_FORCE, those over CLICOLOR and TERM.
    """
    environment = os.environ if environment is None else environment
    if environment.get("NO_COLOR"):
        return False
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if environment.get(name):
            return is_set(environment, name)
    if environment.get("CLICOLOR") == "0":
        return False
    return stream.isatty() and not is_dumb(environment)
