"""What held a task back before it started, and for how long: the rule of `tui.run.holds` over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.run.holds import Reason
    from tui.run.state import RunState, TaskState


@dataclass(frozen=True, slots=True)
class Held:
    """An interval in which something held a task back.

    Attributes:
        start: When it began, in seconds since the run did.
        end: When it ended.
        reason: What held; see `tui.run.holds.Hold`.
        tasks: The tasks that were waited for: the need or the task of the phase that ended last, those that
            have not ended, or those that ran meanwhile.
        phase: The phase that was waited for, from 0.
    """

    start: float
    end: float
    reason: Reason
    tasks: tuple[str, ...] = ()
    phase: int | None = None

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


def hold_times(state: RunState, id_: str, now: float) -> tuple[Held, ...]:
    """Return what held a task back until it first started, in order.

    Args:
        state: The run.
        id_: The task.
        now: Seconds since the run began; a task that still waits is looked at up to here.
    """
    return _Wait(state, state.tasks[id_], now).holds()


class _Wait:
    """A task's time from the run's start to its own."""

    def __init__(self, state: RunState, task: TaskState, now: float) -> None:
        self._state = state
        self._task = task
        self._until = _until(task, now)
        earlier = state.graph.phases[: task.phase]
        self._phase_ends = [_last_end(state.tasks[id_] for id_ in ids) for ids in earlier]

    def holds(self) -> tuple[Held, ...]:
        needs = [self._state.tasks[need] for need in self._task.needs]
        ready = max((_succeeded(need) for need in needs), default=0.0)
        found = []
        if ready > 0:
            found.append(Held(0.0, min(ready, self._until), "needs", _last(needs, _succeeded)))
        for start, end in pairwise(self._moments(ready)):
            held = self._during(start, end)
            if held is None:
                continue
            before = found[-1] if found else None
            if before and before.end == start and (before.reason, before.phase) == (held.reason, held.phase):
                tasks = tuple(dict.fromkeys((*before.tasks, *held.tasks)))
                found[-1] = replace(before, end=end, tasks=tasks)
            else:
                found.append(held)
        return tuple(held for held in found if held.seconds > 0)

    def _moments(self, ready: float) -> list[float]:
        """Return when what holds the task back may have changed, from when its needs were met."""
        moments = {ready, self._until, *self._phase_ends}
        moments.update(at for at, _ in self._state.modes)
        for start, end in self._state.pauses:
            moments.update((start, math.inf if end is None else end))
        return sorted(moment for moment in moments if ready <= moment <= self._until)

    def _during(self, start: float, end: float) -> Held | None:
        """Return what held the task back in an interval in which that does not change."""
        state = self._state
        mode = next((mode for at, mode in reversed(state.modes) if at <= start), state.mode)
        if mode == "parallel":
            for phase, ended in enumerate(self._phase_ends):
                if ended > start:
                    tasks = [state.tasks[id_] for id_ in state.graph.phases[phase]]
                    return Held(start, end, "phase", _last(tasks, _ended), phase)
        if any(paused <= start and (resumed is None or resumed > start) for paused, resumed in state.pauses):
            return Held(start, end, "paused")
        ran = self._ran(start, end)
        if mode == "sequential" and ran:
            return Held(start, end, "sequential", ran)
        if state.limit is not None and len(self._ran(start, start)) >= state.limit:
            return Held(start, end, "limit", ran)
        return None

    def _ran(self, start: float, end: float) -> tuple[str, ...]:
        """Return the other tasks that ran in an interval, or at a moment, in plan order."""
        others = (task for task in self._state.tasks.values() if task.attempts and task is not self._task)
        return tuple(
            task.id
            for task in others
            if (task.attempts[0].started < end or task.attempts[0].started <= start) and _ended(task) > start
        )


def _until(task: TaskState, now: float) -> float:
    """Return when a task's wait ended: at its first attempt, or when it was given up."""
    if task.attempts:
        return task.attempts[0].started
    return now if task.ended is None else task.ended


def _ended(task: TaskState) -> float:
    return math.inf if task.ended is None else task.ended


def _succeeded(task: TaskState) -> float:
    return _ended(task) if task.status == "succeeded" else math.inf


def _last_end(tasks: Iterable[TaskState]) -> float:
    return max(map(_ended, tasks), default=0.0)


def _last(tasks: Iterable[TaskState], end: Callable[[TaskState], float]) -> tuple[str, ...]:
    """Return the task that ends last; if some have no end yet, all of those."""
    by_end = [(end(task), task.id) for task in tasks]
    latest = max(at for at, _ in by_end)
    last = tuple(id_ for at, id_ in by_end if at == latest)
    return last if math.isinf(latest) else last[:1]
