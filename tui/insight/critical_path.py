"""The chain of tasks that decides when a run ends: which task's end released each start."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from tui.plan.graph import ON_FAILURE
from tui.plan.simulation import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.plan.simulation import Timeline
    from tui.plan.topology import Topology


def critical_path(
    topology: Topology, line: Timeline, modes: Sequence[tuple[float, str]], limit: int | None
) -> list[int]:
    """Return the tasks that decide when the last one ends.

    Each one's start was released by the end of the one before: by a need, by a phase barrier or, where tasks
    run in turn, by its slot. Where something else held it back as well, as a pause does, there is a gap.

    Args:
        topology: The run's graph.
        line: When each task ran or will run.
        modes: Each mode with the time from which it holds.
        limit: Most tasks at once, or None.

    Returns:
        Places, in order; the last one is that of the task that ends last.
    """
    last = max(line.ends, default=NEVER)
    if last == NEVER:
        return []
    releases = _Releases(topology, line, modes, limit)
    place: int | None = len(line.ends) - 1 - line.ends[::-1].index(last)
    chain = []
    while place is not None:
        chain.append(place)
        place = releases.of(place)
    chain.reverse()
    return chain


class _Releases:
    """Finds which task's end let another one start."""

    def __init__(
        self, topology: Topology, line: Timeline, modes: Sequence[tuple[float, str]], limit: int | None
    ) -> None:
        self._ids = topology.ids
        self._needs = topology.needs
        self._phases = topology.phases
        self._line = line
        self._times = [at for at, _ in modes]
        self._modes = [mode for _, mode in modes]
        self._limit = limit
        self._doors = _doors(topology, line)
        takes_turns = limit is not None or "sequential" in self._modes
        # By end; of tasks that take no time and touch, the one placed first comes first.
        self._turns = (
            sorted(
                (end, start, i)
                for i, (end, start) in enumerate(zip(line.ends, line.starts, strict=True))
                if end != NEVER
            )
            if takes_turns
            else []
        )
        self._sorted_starts = sorted(turn[1] for turn in self._turns) if limit is not None else []

    def of(self, i: int) -> int | None:
        """Return the task whose end released a task's start; None for one that nothing held back."""
        start = self._line.starts[i]
        mode = self._modes[bisect_right(self._times, start) - 1]
        if mode == "sequential":
            return self._turn_before(i)
        ends = self._line.ends
        released, by = NEVER, None
        for need in self._needs[i]:
            if released < ends[need] <= start:  # else it ran again since: it released nothing
                released, by = ends[need], need
        if mode == "parallel" or self._ids[i] == ON_FAILURE:  # which runs once no other task does
            door = self._doors[self._phases[i]]
            if door is not None and released < ends[door] <= start:
                released, by = ends[door], door
        if self._limit is not None:
            turn = self._turn_before(i)
            if turn is not None and ends[turn] > released and self._was_full_until(ends[turn], self._limit):
                by = turn
        return by

    def _turn_before(self, i: int) -> int | None:
        """Return the task that ended last before a task started."""
        start = self._line.starts[i]
        at = bisect_left(self._turns, (start, start, i)) - 1
        return self._turns[at][2] if at >= 0 else None

    def _was_full_until(self, end: float, limit: int) -> bool:
        """Return whether the limit was reached until a task ended."""
        ended = bisect_left(self._turns, (end,))
        return bisect_left(self._sorted_starts, end) - ended >= limit


def _doors(topology: Topology, line: Timeline) -> list[int | None]:
    """Return, for each phase, the task that ends last of all earlier phases."""
    doors: list[int | None] = []
    door, latest = None, NEVER
    for first, stop in topology.bounds:
        doors.append(door)
        ends = line.ends[first:stop]
        if ends and max(ends) > latest:
            latest = max(ends)
            door = first + ends.index(latest)
    return doors
