"""Tasks that share a machine's cores: what computes goes slower where more is computed than there are cores."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOMENT = 1e-9  # seconds that rounding may make of one moment


class Part(NamedTuple):
    """A part of a task's time, as it is where nothing else runs.

    Attributes:
        seconds: Its length.
        cores: How many cores it keeps busy; 0 where it only waits, which nothing slows.
    """

    seconds: float
    cores: float = 0.0


class Sharing:
    """Runs tasks that are made of parts, on some cores.

    While all parts together keep more cores busy than there are, each gets its share of them and all that
    compute go slower by the same factor. How far a part has come is therefore told by one clock of computing,
    which goes slower meanwhile; see "processor sharing" in queueing theory.
    """

    def __init__(self, parts: Sequence[Sequence[Part]], cores: float) -> None:
        """Run nothing yet.

        Args:
            parts: Those of each task, in order, by the task's place.
            cores: How many there are.
        """
        self._parts = parts
        self._cores = cores
        self._next = [0] * len(parts)
        self._time = 0.0
        self._computed = 0.0  # seconds on the clock of computing
        self._wanted = 0.0  # cores
        self._computing: list[tuple[float, int, float]] = []
        self._waiting: list[tuple[float, int]] = []

    def start(self, i: int, time: float) -> None:
        """Start a task."""
        self._go_to(time)
        if not self._begin_part(i):
            heapq.heappush(self._waiting, (time, i))

    def end(self, before: float = math.inf) -> tuple[float, list[int]]:
        """Return when the next tasks end, and which do: none if none does before a moment."""
        while True:
            time = self._next_event()
            if time >= before or math.isinf(time):
                if not math.isinf(before):
                    self._go_to(before)
                return self._time, []
            if ended := self._ended_at(time):
                return time, ended

    def _next_event(self) -> float:
        time = self._waiting[0][0] if self._waiting else math.inf
        if self._computing:
            time = min(time, self._time + (self._computing[0][0] - self._computed) / self._speed())
        return max(time, self._time)

    def _speed(self) -> float:
        return 1.0 if self._wanted <= self._cores else self._cores / self._wanted

    def _go_to(self, time: float) -> None:
        self._computed += (time - self._time) * self._speed()
        self._time = time

    def _ended_at(self, time: float) -> list[int]:
        """Go on to a moment, and return the tasks whose last part then ends."""
        self._go_to(time)
        parted = []
        while self._computing and self._computing[0][0] <= self._computed + _MOMENT:
            _, i, cores = heapq.heappop(self._computing)
            self._wanted -= cores
            parted.append(i)
        if not self._computing:
            self._wanted = 0.0
        while self._waiting and self._waiting[0][0] <= time:
            parted.append(heapq.heappop(self._waiting)[1])
        return sorted(i for i in parted if not self._begin_part(i))

    def _begin_part(self, i: int) -> bool:
        """Begin a task's next part; return whether there is one."""
        parts, at = self._parts[i], self._next[i]
        while at < len(parts) and parts[at].seconds <= 0:
            at += 1
        self._next[i] = at + 1
        if at >= len(parts):
            return False
        seconds, cores = parts[at]
        if cores > 0:
            self._wanted += cores
            heapq.heappush(self._computing, (self._computed + seconds, i, cores))
        else:
            heapq.heappush(self._waiting, (self._time + seconds, i))
        return True
