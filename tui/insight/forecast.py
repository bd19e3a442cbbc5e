"""When the tasks of a run will start and end, and which of them decide when it ends."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.insight.critical_path import critical_path
from tui.insight.slack import free_float, total_float
from tui.plan.simulation import NEVER, Rules, Timeline, simulate
from tui.plan.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.run.state import RunState, TaskState


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A run, its past as it was and the rest as expected; times in seconds since it began.

    Attributes:
        starts: When each task that ran, runs or will run started or will; of one that was set to wait again,
            what came before that is left out.
        ends: When each of those ended or will: its last attempt's end.
        end: When the run ends.
        complete: Whether the times of all that is to come are known; if not, `end` is the earliest.
        critical: The tasks that decide `end`, in order: each one's end released the next one's start.
        slack: How many seconds later each task could end without moving `end`.
    """

    starts: Mapping[str, float]
    ends: Mapping[str, float]
    end: float
    complete: bool
    critical: tuple[str, ...]
    slack: Mapping[str, float]

    def remaining(self, now: float) -> float:
        """Return the seconds until the run finishes."""
        return max(self.end - now, 0.0)


def forecast(state: RunState, seconds: Mapping[str, float], now: float, mode: str | None = None) -> Forecast:
    """Forecast a run by simulating what is left of it.

    What has ended stays as it was. What runs ends when it is expected to, or now if it should have already.
    What waits runs as soon as needs, mode and limit allow; a paused run as if it were resumed now. What needs
    something that did not succeed never runs. A task whose time is not known is taken to need none.

    Args:
        state: The run.
        seconds: How long an attempt of each task is expected to take.
        now: Seconds since the run began.
        mode: As if this mode held from now on; None for the one that does.
    """
    topology = Topology.of(state.graph)
    rules = Rules(mode or state.mode, state.limit)
    past = _read(state, topology, seconds, now)
    simulate(topology, past.line, past.waiting, past.running, past.seconds, rules, now)
    line = past.line
    end = max([now if state.ended_at is None else state.ended_at, *line.ends])
    modes = [*(state.modes or [(0.0, state.mode)]), (now, rules.mode)]
    if not past.waiting:
        modes.pop()
    critical = critical_path(topology, line, modes, rules.limit)
    slack = _slack(topology, line, end, rules, modes)
    for i in critical:
        slack[i] = 0.0
    return Forecast(
        starts=_by_id(topology, line, line.starts),
        ends=_by_id(topology, line, line.ends),
        end=end,
        complete=past.complete,
        critical=tuple(topology.ids[i] for i in critical),
        slack=_by_id(topology, line, slack),
    )


def _by_id(topology: Topology, line: Timeline, values: Sequence[float]) -> dict[str, float]:
    """Return the values of the tasks that ran or will."""
    if NEVER not in line.ends:
        return dict(zip(topology.ids, values, strict=True))
    ran = zip(topology.ids, values, line.ends, strict=True)
    return {id_: value for id_, value, end in ran if end != NEVER}


def _slack(
    topology: Topology, line: Timeline, end: float, rules: Rules, modes: Sequence[tuple[float, str]]
) -> list[float]:
    in_slots = rules.limit is not None and rules.limit < len(line.ends)
    if rules.mode == "sequential" or in_slots:
        return free_float(line, end)
    times = [at for at, _ in modes]
    parallel = [mode == "parallel" for _, mode in modes]
    if all(parallel):
        barred = b"\1" * len(line.ends)
    else:
        barred = bytes(parallel[bisect_right(times, start) - 1] for start in line.starts)
    return total_float(topology, line, end, barred)


@dataclass(slots=True)
class _Past:
    """What is known of a run, by place, before the rest is simulated.

    Attributes:
        line: When what started did, and when it ended or will.
        seconds: How long an attempt of each task is expected to take.
        waiting: Tasks that will run.
        running: Tasks that run.
        complete: Whether the time of all that is to come is known.
    """

    line: Timeline
    seconds: list[float]
    waiting: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    complete: bool = True


def _read(state: RunState, topology: Topology, seconds: Mapping[str, float], now: float) -> _Past:
    get = seconds.get
    past = _Past(Timeline.empty(len(topology.ids)), [get(id_, 0.0) for id_ in topology.ids])
    starts, ends, waiting = past.line.starts, past.line.ends, past.waiting
    lost = []  # what needs one of these never runs
    tasks = state.tasks
    for i, id_ in enumerate(topology.ids):
        task = tasks[id_]
        status = task.status
        if status == "waiting":
            waiting.append(i)
            continue
        start = task.start
        if status == "running":
            stopping = task.cancelling or state.cancelling
            past.running.append(i)
            ends[i] = now if stopping else _expected_end(task, past.seconds[i], now)
            past.complete &= stopping or id_ in seconds
        elif start is not None:
            ends[i] = task.attempts[-1].end(now)
        if start is not None:
            starts[i] = start
        if status != "succeeded" and (status != "running" or task.cancelling):
            lost.append(id_)
    if lost and waiting:
        never = state.graph.held_up(lost)
        past.waiting = [i for i in waiting if topology.ids[i] not in never]
    past.complete &= all(topology.ids[i] in seconds for i in past.waiting)
    return past


def _expected_end(task: TaskState, seconds: float, now: float) -> float:
    """Return when a task that runs will end: its attempt, or the next one after a pause."""
    latest = task.attempts[-1]
    if task.retry_at is not None:
        return max(task.retry_at, now) + seconds
    if latest.finished is not None:
        return now
    return max(latest.started + seconds, now)
