"""When a run worked, and when nothing ran: while somebody thought about a failure, or it was paused."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.run.state import RunState


class Interval(NamedTuple):
    """An interval in seconds since the run began."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


def busy(state: RunState, now: float) -> list[Interval]:
    """Return the intervals in which at least one task ran, in order, without overlap.

    Args:
        state: The run.
        now: Seconds since the run began; an attempt that has not finished lasts until here.
    """
    return union(
        (attempt.started, attempt.end(now)) for task in state.tasks.values() for attempt in task.attempts
    )


def union(intervals: Iterable[tuple[float, float]]) -> list[Interval]:
    """Return what some intervals, by their starts and ends, cover together: in order, without overlap."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Interval(start, end))
    return merged


def idle(intervals: Sequence[Interval], now: float) -> list[Interval]:
    """Return the intervals before, between and after busy ones, up to now; none where nothing has run."""
    edges = [Interval(0.0, 0.0), *intervals, Interval(now, now)] if intervals else []
    return [Interval(one.end, two.start) for one, two in pairwise(edges) if two.start > one.end]


def work_time(intervals: Iterable[Interval]) -> float:
    """Return the length of all intervals together, in seconds."""
    return sum(interval.seconds for interval in intervals)


def time_at_work(start: float, end: float, gaps: Iterable[Interval]) -> float:
    """Return the seconds from `start` to `end`, without those gaps in which nothing ran."""
    return end - start - sum(max(min(gap.end, end) - max(gap.start, start), 0.0) for gap in gaps)
