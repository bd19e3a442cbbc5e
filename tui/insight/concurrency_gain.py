"""What running tasks at once has saved so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.run.work_time import busy, work_time

if TYPE_CHECKING:
    from tui.run.state import RunState, TaskState


@dataclass(frozen=True, slots=True, eq=False)
class ConcurrencyGain:
    """A run's time beside the time that its tasks worked.

    That is not quite what the same run would have taken one task at a time: tasks that run at once slow each
    other down, so that alone each may have been faster.

    Attributes:
        worked: Seconds of all tasks' attempts, and of what ran ahead of them, added up.
        elapsed: Seconds in which at least one task ran. Time in which nothing ran, as while
            somebody thought about a failure, is not counted.
    """

    worked: float
    elapsed: float

    @property
    def saved(self) -> float:
        """Seconds that running tasks at once saved against one after the other."""
        return self.worked - self.elapsed

    @property
    def share(self) -> float:
        """The part of the work's time that was saved: 0 for nothing, towards 1 for nearly all."""
        return self.saved / self.worked if self.worked else 0.0


def concurrency_gain(state: RunState, now: float) -> ConcurrencyGain | None:
    """Return what running tasks at once has saved up to now; None where nothing has run.

    Args:
        state: The run.
        now: Seconds since the run began.
    """
    intervals = busy(state, now)
    if not intervals:
        return None
    worked = sum(task.seconds(now) + _ahead(task, now) for task in state.tasks.values())
    return ConcurrencyGain(worked, work_time(intervals))


def _ahead(task: TaskState, now: float) -> float:
    """Return the seconds for which steps of a task ran ahead of its attempts."""
    begins = {attempt.attempt: attempt.started for attempt in task.attempts}
    ends = (min(each.end(now), begins.get(each.attempt, now)) for each in task.prefetches)
    return sum(end - each.started for end, each in zip(ends, task.prefetches, strict=True))
