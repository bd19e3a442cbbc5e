"""The states of a run at any moment of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.run.events import Progressed, RunStarted, Sampled
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.run.events import Event

_EVERY = 500  # events between two states that are kept, at least
_FINE = 10  # parts of a second; what happens within one is one thing to look at


class Moments:
    """A run's states: some are kept, so that any other is folded from one close before it.

    Attributes:
        last: The state after all events.
        end: When the last task finished, or else the latest event, in seconds since the run began.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        """Fold all events once.

        Args:
            events: A run's events without output, in order.
        """
        self._events = list(events)
        self._times = list(accumulate((event.at for event in self._events), max))
        self._state, self._applied = RunState(), 0
        self._kept: list[RunState] = []
        self._every = max(_EVERY, _count_tasks(self._events))  # a copy costs as much as there are tasks
        for i, event in enumerate(self._events):
            if i % self._every == 0:
                self._kept.append(self._state.snapshot())
            self._state.apply(event)
        self._applied = len(self._events)
        self.last = self._state.snapshot()
        self.end = self.last.known_until
        self._marks = self._find_marks()

    def _find_marks(self) -> list[float]:
        """Return when something happened that can be looked at, in order."""
        latest: dict[int, float] = {}
        for event, at in zip(self._events, self._times, strict=True):
            if not isinstance(event, Sampled | Progressed) and at <= self.end:
                latest[int(at * _FINE)] = at
        return list(latest.values())

    def state(self, at: float) -> RunState:
        """Return the state at a moment; the next call may change it.

        Args:
            at: The moment, in seconds since the run began; from the end on all events count.
        """
        wanted = len(self._events) if at >= self.end else bisect_right(self._times, at)
        wanted = max(wanted, min(len(self._events), 1))  # there is no run before its first event
        nearest = min(wanted // self._every, len(self._kept) - 1)
        if self._kept and not nearest * self._every <= self._applied <= wanted:
            self._state, self._applied = self._kept[nearest].snapshot(), nearest * self._every
        for event in self._events[self._applied : wanted]:
            self._state.apply(event)
        self._applied = wanted
        return self._state

    def before(self, at: float) -> float:
        """Return when something happened last before a moment; 0 if nothing did."""
        place = bisect_left(self._marks, at)
        return self._marks[place - 1] if place else 0.0

    def after(self, at: float) -> float:
        """Return when something happens next after a moment; the end if nothing does."""
        place = bisect_right(self._marks, at)
        return self._marks[place] if place < len(self._marks) else self.end


def _count_tasks(events: Sequence[Event]) -> int:
    started = events[0] if events else None
    return sum(len(phase.tasks) for phase in started.phases) if isinstance(started, RunStarted) else 0
