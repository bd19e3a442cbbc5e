"""Tasks that share a machine's cores: all that compute go slower where they want more than there are."""

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

    def __init__(self, parts: Sequence[Sequence[Part]], cores: float, others: float = 0.0) -> None:
        """Run nothing yet.

        Args:
            parts: Those of each task, in order, by the task's place.
            cores: How many there are.
            others: How many of them others want all the time.
        """
        self._parts = parts
        self._cores = cores
        self._next = [0] * len(parts)
        self._time = 0.0
        self._computed = 0.0  # seconds on the clock of computing
        self._others = others
        self._wanted = others  # cores
        self._speed = 1.0  # of that clock
        self._computing: list[tuple[float, int, float]] = []
        self._waiting: list[tuple[float, int]] = []

    def start(self, i: int, time: float) -> None:
        """Start a task."""
        self._go_to(time)
        if not self._begin_part(i):
            heapq.heappush(self._waiting, (time, i))

    def end(self, before: float) -> tuple[float, list[int]]:
        """Return when the next tasks end, and which do: none if none does before a moment."""
        computing, waiting = self._computing, self._waiting
        ended: list[int] = []
        while not ended:
            time = waiting[0][0] if waiting else math.inf
            if computing:
                time = min(time, self._time + (computing[0][0] - self._computed) / self._speed)
            if time >= before or time == math.inf:
                if before != math.inf:
                    self._go_to(before)
                return self._time, []
            self._go_to(time)
            while computing and computing[0][0] <= self._computed + _MOMENT:
                _, i, cores = heapq.heappop(computing)
                self._want(-cores)
                if not self._begin_part(i):
                    ended.append(i)
            while waiting and waiting[0][0] <= time:
                i = heapq.heappop(waiting)[1]
                if not self._begin_part(i):
                    ended.append(i)
        ended.sort()
        return self._time, ended

    def _go_to(self, time: float) -> None:
        if time > self._time:
            self._computed += (time - self._time) * self._speed
            self._time = time

    def _want(self, cores: float) -> None:
        self._wanted = self._wanted + cores if self._computing or cores > 0 else self._others
        self._speed = 1.0 if self._wanted <= self._cores else self._cores / self._wanted

    def _begin_part(self, i: int) -> bool:
        """Begin a task's next part; return whether there is one."""
        parts, at = self._parts[i], self._next[i]
        while at < len(parts):
            seconds, cores = parts[at]
            at += 1
            if seconds <= 0:
                continue
            self._next[i] = at
            if cores > 0:
                self._want(cores)
                heapq.heappush(self._computing, (self._computed + seconds, i, cores))
            else:
                heapq.heappush(self._waiting, (self._time + seconds, i))
            return True
        self._next[i] = at
        return False
