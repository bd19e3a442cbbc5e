"""What every source of a task's log offers, whether it is kept in memory or read from the journal."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class LogLine(NamedTuple):
    """A line of a task's log.

    Attributes:
        text: The line as it was said, secrets masked; it may hold any character but a line's end.
        source: Who wrote it, where that is not the step itself.
        attempt: The try of the task, from 1.
        step: The step's place in the task, from 0.
        at: Seconds since the run began.
    """

    text: str
    source: str
    attempt: int
    step: int
    at: float


class LogLines(Protocol):
    """Numbered lines of which the oldest may be gone already; they grow at their end."""

    @property
    def first(self) -> int:
        """The number of the oldest line that can be read."""

    @property
    def end(self) -> int:
        """One more than the newest line's number; equal to `first` where there is none."""

    def read(self, start: int, stop: int) -> list[LogLine]:
        """The lines from `start` up to but not including `stop`, as far as they are there."""
