"""A film: what the screen showed at moments one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Look(NamedTuple):
    """How a text looks.

    Attributes:
        color: Its colour, `#rrggbb`.
        behind: The colour behind it, likewise.
        bold: Whether it is bold.
    """

    color: str
    behind: str
    bold: bool


Row = tuple[tuple[str, Look], ...]
"""A row of the screen: texts with how they look."""


class Picture(NamedTuple):
    """The screen at a moment.

    Attributes:
        at: The moment, in seconds since the film began.
        rows: The screen from top to bottom.
    """

    at: float
    rows: tuple[Row, ...]


class Mark(NamedTuple):
    """Something that happened.

    Attributes:
        at: When, in seconds since the film began.
        text: What.
    """

    at: float
    text: str


class Film(NamedTuple):
    """What the screen showed.

    Attributes:
        title: What is shown.
        size: Columns and rows.
        plain: How text looks by default.
        pictures: The pictures in order, the first at 0; each stays until the next.
        seconds: How long it lasts.
        marks: What happened meanwhile, in order.
    """

    title: str
    size: tuple[int, int]
    plain: Look
    pictures: Sequence[Picture]
    seconds: float
    marks: Sequence[Mark]

    def thinned(self) -> Film:
        """Return the film with half as many pictures, the last among them."""
        return self._replace(pictures=[*self.pictures[:-1][::2], self.pictures[-1]])
