"""A simulated run: what starts when, by the rules of `tui.run.holds`, if each task takes its time.

Tasks are named by their place in a `Topology`; times are seconds since the run began.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.plan.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.plan.contention import Sharing
    from tui.plan.graph import Graph

NEVER = -1.0
"""The start and end of a task that never runs: before all others, so that nothing waits for it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds tasks back besides their needs.

    Attributes:
        mode: The mode.
        limit: Most tasks at once, or None.
    """

    mode: str
    limit: int | None = None


@dataclass(slots=True)
class Timeline:
    """When each task starts and ends, by place; `NEVER` for those that do not run."""

    starts: list[float]
    ends: list[float]

    @classmethod
    def empty(cls, count: int) -> Timeline:
        """Return a timeline on which nothing runs."""
        return cls([NEVER] * count, [NEVER] * count)


def simulate_whole(
    graph: Graph, seconds: Mapping[str, float], rules: Rules
) -> dict[str, tuple[float, float]]:
    """Simulate a run from its start.

    Args:
        graph: Its tasks.
        seconds: How long each task takes, by id; what is missing takes none.
        rules: What holds tasks back.

    Returns:
        When each task starts and ends, by id, in order of `Graph.order`.
    """
    topology = Topology.of(graph)
    line = Timeline.empty(len(topology.ids))
    times = [seconds.get(id_, 0.0) for id_ in topology.ids]
    simulate(topology, line, range(len(times)), (), times, rules)
    return dict(zip(topology.ids, zip(line.starts, line.ends, strict=True), strict=True))


def makespan(graph: Graph, seconds: Mapping[str, float], rules: Rules) -> float:
    """Return how many seconds a whole run takes; see `simulate_whole`."""
    return max((end for _, end in simulate_whole(graph, seconds, rules).values()), default=0.0)


def simulate(
    topology: Topology,
    line: Timeline,
    waiting: Sequence[int],
    running: Sequence[int],
    seconds: Sequence[float],
    rules: Rules,
    now: float = 0.0,
) -> None:
    """Fill in when tasks will run, by the engine's rules.

    Args:
        topology: The run's graph.
        line: When the other tasks ran or, for those that run, will end; takes the result.
        waiting: The tasks to be run, in order of their places. All that they need is on the line or among
            them.
        running: The tasks that run now.
        seconds: How long each task takes.
        rules: What holds tasks back from now on.
        now: No task starts earlier.
    """
    if rules.mode == "sequential":
        _in_turn(line, waiting, running, seconds, now)
    elif rules.limit is not None and len(waiting) + len(running) > rules.limit:
        clock = _Alone(seconds, [(line.ends[i], i) for i in running])
        _Slots(topology, line, waiting, running, rules.limit, clock).run([(now, rules.mode)])
    else:
        _at_once(topology, line, waiting, seconds, rules, now)


def simulate_sharing(
    topology: Topology,
    clock: Sharing,
    places: Sequence[int],
    modes: Sequence[tuple[float, str]],
    limit: int | None,
) -> Timeline:
    """Simulate a run from its start, of tasks that slow each other where they want more cores than there are.

    Args:
        topology: The run's graph.
        clock: The tasks' parts, and the cores that they share.
        places: The tasks to be run, in order; the others take no time and hold nothing back.
        modes: Each mode with the time from which it holds, the first from 0.
        limit: Most tasks at once, or None.
    """
    line = Timeline.empty(len(topology.ids))
    _Slots(topology, line, places, (), limit, clock).run(modes)
    return line


def _in_turn(
    line: Timeline, waiting: Iterable[int], running: Iterable[int], seconds: Sequence[float], now: float
) -> None:
    time = max((line.ends[i] for i in running), default=now)
    for i in waiting:
        line.starts[i] = time
        line.ends[i] = time = time + seconds[i]


def _at_once(
    topology: Topology,
    line: Timeline,
    waiting: Sequence[int],
    seconds: Sequence[float],
    rules: Rules,
    now: float,
) -> None:
    starts, ends, needs = line.starts, line.ends, topology.needs
    opened = now
    for first, stop in topology.bounds:
        for i in waiting[bisect_left(waiting, first) : bisect_left(waiting, stop)]:
            start = opened
            for need in needs[i]:
                if ends[need] > start:
                    start = ends[need]
            starts[i] = start
            ends[i] = start + seconds[i]
        if rules.mode == "parallel":
            opened = max([opened, *ends[first:stop]])


class _Clock(Protocol):
    """Says when tasks end."""

    def start(self, i: int, time: float) -> None:
        """Start a task."""

    def end(self, before: float) -> tuple[float, list[int]]:
        """Return when the next tasks end, and which do: none if none does before a moment."""


class _Alone:
    """Tasks that do not slow each other."""

    def __init__(self, seconds: Sequence[float], ending: list[tuple[float, int]]) -> None:
        self._seconds = seconds
        self._ending = ending
        heapq.heapify(ending)

    def start(self, i: int, time: float) -> None:
        """Start a task."""
        heapq.heappush(self._ending, (time + self._seconds[i], i))

    def end(self, before: float) -> tuple[float, list[int]]:
        """Return when the next tasks end, and which do: none if none does before a moment."""
        ending = self._ending
        if not ending or ending[0][0] >= before:
            return before, []
        time, ended = ending[0][0], []
        while ending and ending[0][0] == time:
            ended.append(heapq.heappop(ending)[1])
        return time, ended


class _Slots:
    """A run, from event to event: a free slot goes to the first task that may start."""

    def __init__(
        self,
        topology: Topology,
        line: Timeline,
        waiting: Sequence[int],
        running: Iterable[int],
        limit: int | None,
        clock: _Clock,
    ) -> None:
        self._topology = topology
        self._line = line
        self._waiting = waiting
        self._running = set(running)
        self._open = {*waiting, *self._running}
        self._limit = limit
        self._clock = clock

    def run(self, modes: Sequence[tuple[float, str]]) -> None:
        """Run all tasks that wait.

        Args:
            modes: Each mode with the time from which it holds; no task starts before the first.
        """
        later = [at for at, _ in modes[1:]] + [math.inf]
        for (at, mode), until in zip(modes, later, strict=True):
            self._take(mode)
            self._go_on(at, until)

    def _take(self, mode: str) -> None:
        """Hold tasks back by a mode from now on."""
        phases = self._topology.phases
        self._mode = mode
        self._free = 1 if mode == "sequential" else len(phases) if self._limit is None else self._limit
        self._free -= len(self._running)
        self._left = [0] * len(self._topology.bounds)  # tasks of each phase that have not finished
        if mode == "parallel":
            for i in self._open:
                self._left[phases[i]] += 1
        self._phase = next((phase for phase, left in enumerate(self._left) if left), len(self._left))
        waiting = [i for i in self._waiting if i in self._open and i not in self._running]
        # What each task still waits for: its needs, and one more where its phase is not open.
        self._unmet = {
            i: sum(need in self._open for need in self._topology.needs[i])
            + (mode == "parallel" and phases[i] > self._phase)
            for i in waiting
        }
        self._ready = [i for i in waiting if not self._unmet[i]]

    def _go_on(self, time: float, until: float) -> None:
        ready = self._ready
        ended: list[int] | None = None
        while ended != []:
            while ready and self._free > 0:
                i = heapq.heappop(ready)
                self._free -= 1
                self._running.add(i)
                self._line.starts[i] = time
                self._clock.start(i, time)
            time, ended = self._clock.end(until)
            for i in ended:
                self._line.ends[i] = time
                self._end(i)

    def _end(self, i: int) -> None:
        self._free += 1
        self._running.discard(i)
        self._open.discard(i)
        for dependent in self._topology.dependents[i]:
            if dependent in self._unmet:
                self._meet(dependent)
        if self._mode != "parallel":
            return
        self._left[self._topology.phases[i]] -= 1
        while self._phase < len(self._left) and not self._left[self._phase]:
            self._phase += 1
            self._enter(self._phase)

    def _enter(self, phase: int) -> None:
        if phase < len(self._left):
            first, stop = self._topology.bounds[phase]
            for i in self._waiting[bisect_left(self._waiting, first) : bisect_left(self._waiting, stop)]:
                if i in self._unmet:
                    self._meet(i)

    def _meet(self, i: int) -> None:
        self._unmet[i] -= 1
        if not self._unmet[i]:
            heapq.heappush(self._ready, i)
