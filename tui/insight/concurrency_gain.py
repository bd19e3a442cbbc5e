"""What running tasks at once gained."""

from __future__ import annotations

from typing import NamedTuple

from tui.text import seconds

_LEAST = 1.05  # times as fast, from which that is told


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


def concurrency_gain(took: float, sequential: float) -> ConcurrencyGain | None:
    """Return what running tasks at once gained in a run that has ended; None where that is nothing.

    Args:
        took: Seconds in which at least one task ran.
        sequential: Seconds that its simulation takes in `sequential` mode.
    """
    return ConcurrencyGain(took, sequential) if took and sequential >= _LEAST * took else None
