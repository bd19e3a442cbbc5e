"""An answer as sections of rows, of text and figures: the same for a screen and for plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "slower", "faster", "critical", "quiet"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an answer.

    Attributes:
        text: What it says.
        amount: How much, in words; empty where the text says all.
        seconds: The same as a figure.
        at: When that began, in seconds since the run did, where that matters.
        share: The part of a whole that it is, from 0 to 1, to be drawn as a bar.
        note: What else there is to say, such as the difference from earlier runs.
        tone: What kind of thing the note is, or the text where there is no note.
        depth: 1 for a part of the row above.
        cells: Amounts in the section's columns, where it has such.
    """

    text: str
    amount: str = ""
    seconds: float | None = None
    at: float | None = None
    share: float | None = None
    note: str = ""
    tone: Tone = ""
    depth: int = 0
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an answer: its title, a note beside it, its rows, and the titles of their cells."""

    title: str
    note: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()
