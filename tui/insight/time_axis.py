"""The time axis: which column stands for which time, and where it is broken because nothing ran."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui.run.work_time import busy, idle, work_time
from tui.text import tick_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.run.state import RunState
    from tui.run.work_time import Interval

_ROOM_FOR_MORE = 1.04  # of what is forecast, so that the axis does not jump at each forecast
_SHORTEST_BREAK = 10.0  # seconds in which nothing ran
_COLUMNS = 100  # of an axis of usual width, of which a break takes two or three


class Break(NamedTuple):
    """An interval in which nothing ran, shown shorter than it was.

    Attributes:
        start: When it began, in seconds since the run did.
        end: When it ended.
        shown: The seconds of the axis that it takes.
    """

    start: float
    end: float
    shown: float


def breaks(gaps: Sequence[Interval], end: float) -> tuple[Break, ...]:
    """Return where an axis that reaches to `end` is broken: at gaps that would squeeze everything else.

    Args:
        gaps: When nothing ran.
        end: The last moment that the axis shows, in seconds since the run began.
    """
    work = max(end - work_time(gaps), 1.0)
    shown = tick_step(work, _COLUMNS) / 4
    least = max(_SHORTEST_BREAK, work / 10)
    return tuple(Break(gap.start, gap.end, min(shown, gap.seconds)) for gap in gaps if gap.seconds >= least)


@dataclass(frozen=True, slots=True)
class Scale:
    """A time axis, on which breaks are shorter than they were.

    Attributes:
        start: Seconds of the axis at its left edge.
        per_column: Seconds that a column stands for.
        columns: Its width.
        breaks: Where it is broken, in order.
    """

    start: float
    per_column: float
    columns: int
    breaks: tuple[Break, ...] = ()

    def shown(self, time: float) -> float:
        """Return the place of a time on the axis, in seconds of the axis."""
        hidden = 0.0
        for start, end, shown in self.breaks:
            if time <= start:
                break
            part = min((time - start) / (end - start), 1.0)
            hidden += part * (end - start - shown)
        return time - hidden

    def time(self, shown: float) -> float:
        """Return the time at a place on the axis: what `shown` was given."""
        for start, end, length in self.breaks:
            if shown <= start:
                break
            part = min((shown - start) / length, 1.0)
            shown += part * (end - start - length)
        return shown

    def at(self, time: float) -> float:
        """Return the column of a time, with its fraction; beyond the edges for what is out of sight."""
        return (self.shown(time) - self.start) / self.per_column

    @property
    def end(self) -> float:
        """Seconds of the axis at its right edge."""
        return self.start + self.per_column * self.columns

    @classmethod
    def fitting(cls, end: float, columns: int, breaks: tuple[Break, ...] = ()) -> Scale:
        """Return the axis from the run's begin to some time, rounded up so that it seldom changes."""
        end = max(cls(0.0, 1.0, columns, breaks).shown(end) * _ROOM_FOR_MORE, 1.0)
        step = tick_step(end, columns) / 2
        return cls(0.0, math.ceil(end / step) * step / max(columns, 1), columns, breaks)


def run_scale(state: RunState, columns: int, now: float) -> Scale:
    """Return the axis from a run's begin to its last attempt's end, broken where nothing ran for long."""
    intervals = busy(state, now)
    end = intervals[-1].end if intervals else 0.0
    broken = breaks(idle(intervals, end), end)
    return Scale(0.0, Scale(0.0, 1.0, columns, broken).shown(end) / columns, columns, broken)
