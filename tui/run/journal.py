"""The journal of a run: its events as JSON Lines, and each task's whole log in a file of its own.

    RUN/events.jsonl      every event but output
    RUN/logs/TASK.log     output: `seconds #attempt.step source | text`

Each line is written by one call straight to the operating system, so that a killed run loses at most the
line it was writing; what reads passes over a line that is not whole.
"""

from __future__ import annotations

import heapq
import os
import re
from operator import attrgetter
from typing import TYPE_CHECKING

from tui.run.events import Event, Output, RunStarted, decode, encode
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = "events.jsonl"
LOGS = "logs"
_LOG_LINE = re.compile(r"^ *(\d+\.\d+) #(\d+)\.(\d+) (?:(\S+) )?\| (.*)$", re.DOTALL)


class Journal:
    """Writes a run's journal.

    Attributes:
        folder: The run's folder.
        fault: Why nothing is written any more, if writing failed: a full disk ends the journal, not the run.
    """

    def __init__(self, folder: Path) -> None:
        """Makes the folder, private to its user.

        Raises:
            OSError: It cannot be made, or holds a run already.
        """
        self.folder = folder
        self.fault = ""
        folder.mkdir(parents=True, mode=0o700)
        (folder / LOGS).mkdir()
        self._events = self._open(folder / EVENTS)
        self._logs: dict[str, int] = {}

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, event: Event) -> None:
        """Keeps an event."""
        if self.fault:
            return
        try:
            if isinstance(event, Output):
                os.write(self._log(event.task), f"{log_line(event)}\n".encode(errors="replace"))
            else:
                os.write(self._events, f"{encode(event)}\n".encode(errors="replace"))
        except OSError as error:
            self.fault = f"the journal cannot be written any more: {error.strerror}"

    def _log(self, task: str) -> int:
        if task not in self._logs:
            self._logs[task] = self._open(self.folder / LOGS / f"{task}.log")
        return self._logs[task]

    def close(self) -> None:
        """Closes the files; what is said after that is not kept."""
        self.fault = self.fault or "the journal is closed"
        for file in (self._events, *self._logs.values()):
            os.close(file)


def log_line(event: Output) -> str:
    """A line of output as a log file holds it."""
    source = f"{event.source} " if event.source else ""
    return f"{event.at:11.6f} #{event.attempt}.{event.step} {source}| {event.text}"


def parse_log_line(line: str, task: str) -> Output | None:
    """The output that a log file's line holds; None for one that is not whole."""
    match = _LOG_LINE.match(line)
    if match is None:
        return None
    at, attempt, step, source, text = match.groups()
    return Output(float(at), task, int(attempt), int(step), text, source or "")


def read_events(folder: Path) -> Iterator[Event]:
    """A run's events, output left out, in the order in which they happened.

    Raises:
        OSError: There is no journal in the folder.
    """
    with (folder / EVENTS).open("rb") as file:
        for line in file:
            try:
                event = decode(line)
            except ValueError:  # cut off when its writer was killed
                continue
            if event is not None:
                yield event


def read_log(folder: Path, task: str) -> Iterator[Output]:
    """A task's output; none where it said nothing."""
    path = folder / LOGS / f"{task}.log"
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            event = parse_log_line(line.removesuffix("\n"), task)
            if event is not None:
                yield event


def read_all(folder: Path) -> Iterator[Event]:
    """A run's events and all its output, by time.

    Raises:
        OSError: There is no journal in the folder.
    """
    logs = sorted((folder / LOGS).glob("*.log"))
    streams: list[Iterator[Event]] = [read_events(folder)]
    streams += [iter(read_log(folder, path.stem)) for path in logs]
    return heapq.merge(*streams, key=attrgetter("at"))


def read_state(folder: Path) -> RunState:
    """The state that a run's events fold into.

    Raises:
        OSError: There is no journal in the folder.
    """
    return fold(read_events(folder))


def runs(folder: Path, plan: str | None = None, purpose: str = "up") -> Iterator[tuple[Path, RunStarted]]:
    """The runs kept in a folder, newest first.

    Args:
        folder: Where the runs' folders are.
        plan: Only runs of the plan of that name.
        purpose: Only runs that bring `up`, or take `down`.
    """
    for path in sorted(folder.glob(f"*/{EVENTS}"), reverse=True):
        started = next(read_events(path.parent), None)
        if isinstance(started, RunStarted) and started.purpose == purpose and plan in {None, started.plan}:
            yield path.parent, started
