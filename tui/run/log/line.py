"""A line of a task's log, its form in a log file, and what every source of lines offers."""

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
        text: The line as it was printed, secrets masked; any character but a line end.
        source: Who wrote it, where that is not the step itself.
        attempt: The attempt of the task, from 1.
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
    """Numbered lines; new ones come at the end, and the oldest may be gone."""

    @property
    def first(self) -> int:
        """The number of the oldest line there is."""

    @property
    def end(self) -> int:
        """One more than the number of the newest line; equal to `first` if there is none."""

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the lines from `start` up to, not including, `stop`, as far as there are."""
