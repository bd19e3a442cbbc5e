"""What a whole run would take in another mode, or with one of its tasks made faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.critical_path import critical_path
from tui.plan.simulation import Rules, Timeline, simulate
from tui.plan.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.run.state import RunState, TaskState

MODES = ("sequential", "parallel", "eager")
"""The modes, from the slowest to the fastest."""

_MOST = 20  # tasks that are looked at


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A task made twice as fast.

    Attributes:
        task: Its id.
        seconds: How long it takes as it is.
        saved: How many seconds earlier the run would end.
    """

    task: str
    seconds: float
    saved: float


def what_if(
    state: RunState, seconds: Mapping[str, float], now: float, mode: str | None = None
) -> list[WhatIf]:
    """Return what it would save to make a task twice as fast, the best first.

    The run is simulated from its start in one mode. What has ended takes as long as it really worked, the
    rest as long as is expected.

    Args:
        state: The run.
        seconds: How long an attempt of each task is expected to take.
        now: Seconds since the run began.
        mode: The mode; None for the run's.

    Returns:
        At most 20 tasks: the longest of the critical path, then the longest of the others, which save
        nothing.
    """
    whole = _Whole(state, seconds, now)
    rules = Rules(mode or state.mode, state.limit)
    line = whole.run(rules)
    path = set(critical_path(whole.topology, line, [(0.0, rules.mode)], rules.limit))
    longest = sorted(whole.places, key=lambda i: (i not in path, -whole.seconds[i]))
    end = max(line.ends, default=0.0)
    found = [
        WhatIf(
            whole.topology.ids[i],
            whole.seconds[i],
            max(end - max(whole.run(rules, halved=i).ends), 0.0) if i in path else 0.0,
        )
        for i in longest[:_MOST]
        if whole.seconds[i]
    ]
    rank = {id_: i for i, id_ in enumerate(state.tasks)}
    return sorted(found, key=lambda each: (-each.saved, rank[each.task]))


def makespans(state: RunState, seconds: Mapping[str, float], now: float) -> dict[str, float]:
    """Return how many seconds the whole run would take in each mode, as `what_if` simulates it."""
    whole = _Whole(state, seconds, now)
    return {mode: max([0.0, *whole.run(Rules(mode, state.limit)).ends]) for mode in MODES}


class _Whole:
    """A run from its start.

    Attributes:
        topology: Its graph.
        seconds: How long each task takes, by place.
        places: The tasks that have something to do.
    """

    def __init__(self, state: RunState, seconds: Mapping[str, float], now: float) -> None:
        self.topology = Topology.of(state.graph)
        times = [_seconds(state.tasks[id_], seconds.get(id_, 0.0), now) for id_ in self.topology.ids]
        self.seconds = [0.0 if time is None else time for time in times]
        self.places = [i for i, time in enumerate(times) if time is not None]

    def run(self, rules: Rules, halved: int | None = None) -> Timeline:
        """Simulate it; if one is named, with that task twice as fast."""
        line = Timeline.empty(len(self.seconds))
        seconds = self.seconds.copy()
        if halved is not None:
            seconds[halved] /= 2
        simulate(self.topology, line, self.places, (), seconds, rules)
        return line


def _seconds(task: TaskState, expected: float, now: float) -> float | None:
    """Return how long a task takes in all; None for one that has finished without running."""
    if task.status == "waiting":
        return expected
    if task.status != "running":
        return task.seconds(now) if task.attempts else None
    latest = task.attempts[-1]
    if latest.finished is not None:
        return task.seconds(now) + (expected if task.retry_at is not None else 0.0)
    return task.seconds(now) + max(expected - max(now - latest.started, 0.0), 0.0)
