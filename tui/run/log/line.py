"""What every source of a task's log offers, whether it is kept in memory or read from the journal."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

_HEAD = rb"^ *(%b\d+\.\d+) #(\d{1,9})\.(%b\d{1,9}) (?:([^\s|]\S*) )?\| "
HEAD = re.compile(_HEAD % (b"", b""), re.MULTILINE)
"""What stands before a line's text in a log file: time, attempt, step and source."""

SORT = re.compile(_HEAD % (b"?:", b"?:"), re.MULTILINE)
"""The same, of which only attempt and source are wanted."""


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


def head(at: float, attempt: int, step: int, source: str) -> str:
    """Return what a log file has before the text of a line; see `HEAD`."""
    return f"{at:11.6f} #{attempt}.{step} {f'{source} ' if source else ''}| "


def parse_line(data: bytes) -> LogLine | None:
    """Return the line that a log file's line holds, without its end; None if it has no head."""
    match = HEAD.match(data)
    if match is None:
        return None
    at, attempt, step, source = match.groups(b"")
    text = data[match.end() :].decode(errors="replace")
    return LogLine(text, source.decode(errors="replace"), int(attempt), int(step), float(at))


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
