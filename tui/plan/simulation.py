"""A simulated run: what starts when, by the rules of `tui.run.holds`, if each task takes its time.

Tasks are named by their place in a `Topology`; times are seconds since the run began.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        _Slots(topology, line, waiting, running, seconds, rules).run(now)
    else:
        _at_once(topology, line, waiting, seconds, rules, now)


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


class _Slots:
    """A run with a limit of tasks at once: a free slot goes to the first task that may start."""

    def __init__(
        self,
        topology: Topology,
        line: Timeline,
        waiting: Sequence[int],
        running: Sequence[int],
        seconds: Sequence[float],
        rules: Rules,
    ) -> None:
        self._topology = topology
        self._line = line
        self._waiting = waiting
        self._seconds = seconds
        self._free = (rules.limit or 0) - len(running)
        self._ending = [(line.ends[i], i) for i in running]
        heapq.heapify(self._ending)
        open_ = {*waiting, *running}
        self._left = [0] * len(topology.bounds)  # tasks of each phase that have not finished
        if rules.mode == "parallel":
            for i in open_:
                self._left[topology.phases[i]] += 1
        self._phase = next((phase for phase, left in enumerate(self._left) if left), len(self._left))
        # What each task still waits for: its needs, and one more where its phase is not open.
        self._unmet = {
            i: sum(need in open_ for need in topology.needs[i]) + (topology.phases[i] > self._phase)
            for i in waiting
        }
        self._ready = [i for i in waiting if not self._unmet[i]]

    def run(self, now: float) -> None:
        """Run all tasks that wait."""
        line, ending, ready = self._line, self._ending, self._ready
        time = now
        while True:
            while ready and self._free > 0:
                i = heapq.heappop(ready)
                self._free -= 1
                line.starts[i] = time
                line.ends[i] = time + self._seconds[i]
                heapq.heappush(ending, (line.ends[i], i))
            if not ending:
                return
            time = ending[0][0]
            while ending and ending[0][0] == time:
                self._end(heapq.heappop(ending)[1])

    def _end(self, i: int) -> None:
        self._free += 1
        for dependent in self._topology.dependents[i]:
            if dependent in self._unmet:
                self._meet(dependent)
        phase = self._topology.phases[i]
        self._left[phase] -= 1
        while self._phase < len(self._left) and not self._left[self._phase]:
            self._phase += 1
            self._open(self._phase)

    def _open(self, phase: int) -> None:
        if phase < len(self._left):
            first, stop = self._topology.bounds[phase]
            for i in self._waiting[bisect_left(self._waiting, first) : bisect_left(self._waiting, stop)]:
                self._meet(i)

    def _meet(self, i: int) -> None:
        self._unmet[i] -= 1
        if not self._unmet[i]:
            heapq.heappush(self._ready, i)
