"""The last lines of a task's log, as they were at a moment that moves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.run.feed import Tail
from tui.run.journal import log_path, read_log_part
from tui.run.log.moment import place_at, start_of_tail, time_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.run.log.line import LogLine

_TAIL = 64 * 1024  # bytes of a log that are read before a moment
_KEEP = 2000  # lines


class PastLines:
    """A task's last lines up to a moment; see `tui.run.log.line.LogLines`.

    Where the moment goes back, later lines are gone, and those before it come anew with higher numbers.
    """

    def __init__(self, directory: Path, task: str, moment: Callable[[], float]) -> None:
        """Read nothing yet.

        Args:
            directory: The run's directory.
            task: The task.
            moment: Gives the moment, in seconds since the run began.
        """
        self._directory, self._task, self._moment = directory, task, moment
        self._path = log_path(directory, task)
        self._tail = Tail(_KEEP)
        self._place = 0  # up to which bytes it is read
        self._at, self._due = 0.0, 0.0  # read for which moment; when the next line was said

    @property
    def first(self) -> int:
        """The number of the oldest line that can be read."""
        return self._tail.first

    @property
    def end(self) -> int:
        """One more than the newest line's number."""
        return self._tail.end

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the kept lines from `start` up to but not including `stop`."""
        return self._tail.read(start, stop)

    def advance(self) -> None:
        """Read up to the moment; belongs on a thread of its own, while others read lines."""
        at = self._moment()
        if self._at <= at < self._due:
            self._at = at
        elif at != self._at or not self._due:
            with contextlib.suppress(OSError):  # it said nothing, or somebody deletes it
                self._go(at)
            self._at = at

    def _go(self, at: float) -> None:
        """Read up to a moment."""
        stop = place_at(self._path, at)
        start = start_of_tail(self._path, stop, _TAIL)
        tail = self._tail
        if at < self._at:
            tail = Tail(_KEEP, tail.end + 1)
        elif start <= self._place:
            start = self._place
        for output, _ in read_log_part(self._directory, self._task, start, stop):
            tail.put(output)
        self._tail = tail
        self._place, self._due = stop, time_at(self._path, stop)
