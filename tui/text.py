"""How times, sizes and other people's text are written, on every surface."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GLYPHS = {
    "waiting": "○",
    "running": "◐",
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "⊘",
    "skipped": "–",
}
AHEAD = "═"
"""What the bar of a step that runs ahead of its task's place is made of."""

ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
)
"""A whole control sequence of a terminal (ECMA-48)."""

SGR = re.compile(r"(\x1b\[[0-9;:]*m)")
"""The one sort of control sequence that only colours."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tabs; the last ones turn the direction of all that follows."""


def plain(text: str) -> str:
    """Return somebody else's text without control characters but tabs."""
    return _CONTROL.sub("", ESCAPE.sub("", text) if "\x1b" in text else text)


def one_line(text: str) -> str:
    """Return a text on one line; titles, hints and commands may have several."""
    return plain(" ".join(text.splitlines()))


def seconds(value: float) -> str:
    """Return a duration for people: `24.9s`, `1:27`, `1:02:03`."""
    if value < 59.95:
        return f"{value:.1f}s"
    whole = round(value)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(value: float) -> str:
    """Return a time since the start: `0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(done: float, total: float | None, unit: str) -> str:
    """Return an amount in words: `12 of 45 MB`, `3 of 7 steps`, `120 objects`."""
    if unit == "B":
        scale, name = next(
            (s, n)
            for s, n in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))
            if max(done, total or 0) >= s or s == 1
        )
        return f"{done / scale:.1f} of {total / scale:.1f} {name}" if total else f"{done / scale:.1f} {name}"
    return f"{done:g} of {total:g} {unit}".rstrip() if total else f"{done:g} {unit}".rstrip()


def tick_step(span: float, columns: int, apart: int = 12) -> float:
    """Return the seconds between two marks of a time axis.

    Args:
        span: Seconds that the axis shows.
        columns: Its width.
        apart: Columns that two marks are apart at least.
    """
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
    return next((step for step in steps if step * columns >= apart * span), steps[-1])


def cut(text: str, width: int) -> str:
    """Return a text cut to some characters, with an ellipsis for what is missing."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"[:width]


def cells(text: str) -> int:
    """Return the columns that a text takes in a terminal, where some characters take two and some none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def is_narrow(texts: Iterable[str]) -> bool:
    """Return whether each character of some texts takes one column in a terminal."""
    together = "".join(texts)
    return together.isascii() or all(_cells(character) == 1 for character in set(together))


def fit(text: str, width: int) -> str:
    """Return a text cut, with an ellipsis, or filled up with spaces to some columns of a terminal."""
    taken = cells(text)
    if taken > width:
        while text and taken > width - 1:
            taken -= _cells(text[-1])
            text = text[:-1]
        text, taken = f"{text}…"[: max(width, 0)], min(taken + 1, width)
    return text + " " * (width - taken)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Me", "Mn"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def when(started: str) -> str:
    """Return a time in ISO 8601 for people, to the minute, by the clock that it was told by."""
    return started[:16].replace("T", " ")


def ago(value: float) -> str:
    """Return how long ago something was, roughly: `now`, `5 min ago`, `3 h ago`, `12 d ago`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if value >= size:
            return f"{int(value // size)} {unit} ago"
    return "now" if value > -60 else "to come"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 task`, `3 tasks`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def title_and_cause(title: str, cause: str) -> str:
    """Return what failed and why in one line, where what both name is said once.

    Args:
        title: Such as `image.pull redis:7`.
        cause: Such as `redis:7 could not be pulled`.
    """
    at = title.find(" ")
    while at >= 0:
        if cause.startswith(f"{title[at + 1 :]} "):
            return title[: at + 1] + cause
        at = title.find(" ", at + 1)
    return f"{title}: {cause}"
