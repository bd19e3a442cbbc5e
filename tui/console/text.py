"""How times, sizes and other people's text are written on a terminal."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

GLYPHS = {
    "waiting": "○",
    "running": "◐",
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "⊘",
    "skipped": "–",
}
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
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
)
_COLOUR = re.compile(r"(\x1b\[[0-9;:]*m)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Style:
    """Colours a terminal's text, or leaves it plain."""

    colour: bool

    def __call__(self, text: str, kind: str) -> str:
        """The text in the colour of a state: `failed`, `dim`, …."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text else text

    def task(self, text: str, index: int) -> str:
        """The text in the colour of a task, so that its lines are found among others'."""
        return f"\x1b[{_TASK_COLOURS[index % len(_TASK_COLOURS)]}m{text}\x1b[0m" if self.colour else text

    def clean(self, text: str) -> str:
        """Somebody else's text: its colours, where colours are wanted, and none of its other controls."""
        if "\x1b" not in text:
            return _CONTROL.sub("", text)
        parts = _COLOUR.split(text)  # what stands between colours, and the colours, by turns
        plain = [_CONTROL.sub("", _ESCAPE.sub("", part)) for part in parts[::2]]
        if not self.colour or len(parts) == 1:
            return "".join(plain)
        return "".join(chain.from_iterable(zip_longest(plain, parts[1::2], fillvalue=""))) + "\x1b[0m"


def wants_colour(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a stream is to be coloured: a terminal that can, unless NO_COLOR is set (no-color.org)."""
    environment = os.environ if environment is None else environment
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def seconds(value: float) -> str:
    """A duration as people say it: `24.9s`, `1:27`, `1:02:03`."""
    if value < 59.95:
        return f"{value:.1f}s"
    whole = round(value)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(value: float) -> str:
    """A time since the start: `0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(done: float, total: float | None, unit: str) -> str:
    """How much of something: `12 of 45 MB`, `3 of 7 steps`, `120 objects`."""
    if unit == "B":
        scale, name = next(
            (s, n)
            for s, n in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))
            if max(done, total or 0) >= s or s == 1
        )
        return f"{done / scale:.1f} of {total / scale:.1f} {name}" if total else f"{done / scale:.1f} {name}"
    return f"{done:g} of {total:g} {unit}".rstrip() if total else f"{done:g} {unit}".rstrip()
