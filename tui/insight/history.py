"""How long a run took beside the runs that are like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.run.times import ENOUGH, median

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.run.summary import Summary

USUAL_OF = 20
"""Runs whose median is what is usual, the newest ones."""

_RECENT = 10
_LEVELS = "▁▂▃▄▅▆▇█"


class History:
    """What is usual of like runs."""

    def __init__(self, summaries: Iterable[Summary]) -> None:
        """Sort runs by what they are like.

        Args:
            summaries: All runs, the newest first.
        """
        self._alike: dict[str, list[float]] = {}
        self._places: dict[str, int] = {}
        for each in summaries:
            if each.is_whole:
                alike = self._alike.setdefault(each.like, [])
                self._places[each.name] = len(alike)
                alike.append(each.seconds)
        self._bars: dict[str, str] = {}
        self._usual = {
            like: median(alike[:USUAL_OF]) for like, alike in self._alike.items() if len(alike) >= ENOUGH
        }

    def usual(self, summary: Summary) -> float | None:
        """Return the seconds that runs like this one take, by their median; None where too few are kept."""
        return self._usual.get(summary.like)

    def difference(self, summary: Summary) -> float | None:
        """Return by which part of what is usual a run took longer: 0.12 for 12 % longer.

        Returns:
            None for a run that did not do all of its plan by itself, or that too few are like.
        """
        usual = self._usual.get(summary.like) if summary.is_whole else None
        return summary.seconds / usual - 1 if usual else None

    def recent(self, summary: Summary) -> list[float]:
        """Return the seconds of the last ten runs of its like up to this one, the oldest first."""
        place = self._places.get(summary.name)
        return [] if place is None else self._alike[summary.like][place : place + _RECENT][::-1]

    def bars(self, summary: Summary) -> str:
        """Return the same as bars, which are half as high as they can be for what is usual."""
        place = self._places.get(summary.name)
        if place is None:
            return ""
        if (bars := self._bars.get(summary.like)) is None:
            alike = self._alike[summary.like]
            middle = self._usual.get(summary.like) or median(alike)
            bars = self._bars[summary.like] = "".join(_bar(value, middle) for value in alike)
        return bars[place : place + _RECENT][::-1]


def _bar(value: float, middle: float) -> str:
    level = int((value / middle - 0.5) * len(_LEVELS)) if middle else 0
    return _LEVELS[min(max(level, 0), len(_LEVELS) - 1)]
