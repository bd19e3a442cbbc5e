"""What running tasks at once gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.run.summary import REHEARSAL
from tui.text import seconds

if TYPE_CHECKING:
    from tui.run.state import RunState

_LEAST = 1.05  # times as fast, from which that is told
_OWN = 0.005  # seconds that bringup itself may need for a step, such as to start a program
_MOST_OWN = 0.1  # of a run; where it may be more, tasks that ran at once have slowed each other by it


class ConcurrencyGain(NamedTuple):
    """How long a run took, beside what it would have taken one task at a time.

    That is less than its tasks' times added up, as tasks that run at once slow each other down.

    Attributes:
        took: Seconds in which at least one task ran.
        sequential: Seconds that its simulation takes in `sequential` mode.
    """

    took: float
    sequential: float

    @property
    def times(self) -> str:
        """How many times as fast it was, in words."""
        return f"{self.sequential / self.took:.1f} times as fast"

    def __str__(self) -> str:
        """Return it in words."""
        return f"{seconds(self.took)} instead of {seconds(self.sequential)} one at a time: {self.times}"


def concurrency_gain(state: RunState, took: float, sequential: float) -> ConcurrencyGain | None:
    """Return what running tasks at once gained in a run that has ended.

    Args:
        state: The run.
        took: Seconds in which at least one task ran.
        sequential: Seconds that its simulation takes in `sequential` mode.

    Returns:
        None where it is nothing, or where tasks are so short that their times tell more of bringup than of
        them.
    """
    if not took or sequential < _LEAST * took or slowed_by_bringup(state, took):
        return None
    return ConcurrencyGain(took, sequential)


def slowed_by_bringup(state: RunState, took: float) -> bool:
    """Return whether what bringup itself does for a run's many steps may be much of their time.

    Args:
        state: The run; a rehearsal does nothing for steps.
        took: Seconds in which at least one task ran.
    """
    if state.started is None or state.started.environment == REHEARSAL:
        return False
    attempts = (attempt for task in state.tasks.values() for attempt in task.attempts)
    return _OWN * sum(len(attempt.steps) for attempt in attempts) > _MOST_OWN * took
