"""The journal of a run: its events as JSON Lines, and each task's whole log in a file of its own.

    RUN/events.jsonl      every event but output
    RUN/logs/TASK.log     output: `seconds #attempt.step source | text`

What is said at once is written by one call straight to the operating system, so that a killed run loses at
most what it was writing; what reads passes over a line that is not whole.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import re
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from tui.run.events import MOST_LINES, Event, Output, RunStarted, TaskFinished, decode, encode
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = "events.jsonl"
LOGS = "logs"
_HEAD = re.compile(r" *(\d+\.\d+) #(\d+)\.(\d+) (?:([^|\s]\S*) )?\| ")


class _File:
    """A file that grows by whole blocks.

    Attributes:
        size: How many bytes it has.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self.size = 0

    def open(self) -> int:
        """Opens it, private to its user, unless it is open."""
        if self._handle is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self._path, flags, 0o600)
        return self._handle

    def append(self, text: str) -> None:
        """Writes a block.

        Raises:
            OSError: It cannot be written; the part of it that went in is taken out again.
        """
        handle = self.open()
        block = text.encode(errors="replace")
        try:
            written = os.write(handle, block)
            while written < len(block):  # a disk that fills up takes less than it is given
                written += os.write(handle, block[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, self.size)
            raise
        self.size += written

    def close(self) -> None:
        """Lets go of it; the next block opens it again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


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
        self._events = _File(folder / EVENTS)
        self._events.open()
        self._logs: dict[str, _File] = {}

    def append(self, event: Event) -> None:
        """Keeps an event."""
        if self.fault:
            return
        try:
            if isinstance(event, Output):
                self._log(event.task).append(f"{log_lines(event)}\n")
            else:
                self._events.append(f"{encode(event)}\n")
                if isinstance(event, TaskFinished) and event.task in self._logs:
                    self._logs[event.task].close()
        except OSError as error:
            self.fault = f"the journal cannot be written any more: {error.strerror}"

    def log_size(self, task: str) -> int:
        """How many bytes a task's log file has, all of whole lines."""
        return self._log(task).size

    def _log(self, task: str) -> _File:
        if task not in self._logs:
            self._logs[task] = _File(log_path(self.folder, task))
        return self._logs[task]

    def close(self) -> None:
        """Closes the files; what is said after that is not kept."""
        self.fault = self.fault or "the journal is closed"
        for file in (self._events, *self._logs.values()):
            file.close()


def log_path(folder: Path, task: str) -> Path:
    """The file of a task's log; it is there once the task has said something."""
    return folder / LOGS / f"{task}.log"


def log_lines(event: Output) -> str:
    """Output as a log file holds it: a line for each of its lines, the last one without its end."""
    source = f"{event.source} " if event.source else ""
    head = f"{event.at:11.6f} #{event.attempt}.{event.step} {source}| "
    return head + event.text.replace("\n", f"\n{head}")


def parse_log_line(line: str, task: str) -> Output | None:
    """The output that a log file's line holds; None for one that is not whole."""
    match = _HEAD.match(line)
    if match is None:
        return None
    at, attempt, step, source = match.groups()
    return Output(float(at), task, int(attempt), int(step), line[match.end() :], source or "")


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
    """A task's output, a line an event; none where it said nothing."""
    if log_path(folder, task).exists():
        for said, _ in read_log_part(folder, task):
            yield from (replace(said, text=line) for line in said.lines)


def read_log_part(
    folder: Path, task: str, start: int = 0, stop: int | None = None
) -> Iterator[tuple[Output, int]]:
    """A task's output from one place of its log file to another, as it was said: many lines an event.

    Args:
        folder: The run's folder.
        task: The task.
        start: Where to begin, in bytes; the begin of a line.
        stop: Where to end, the end of a line; that of the last whole line if absent.

    Yields:
        An event, and the place behind it.

    Raises:
        OSError: The file cannot be read.
    """
    place, head, first, texts = start, "", None, list[str]()
    with log_path(folder, task).open("rb") as file:
        file.seek(start)
        while (stop is None or place < stop) and (data := file.readline()).endswith(b"\n"):
            line = data.decode(errors="replace").removesuffix("\n")
            if first and line.startswith(head) and len(texts) < MOST_LINES:
                texts.append(line[len(head) :])
            else:
                if first:
                    yield replace(first, text="\n".join(texts)), place
                first = parse_log_line(line, task)
                texts = [first.text] if first else []
                head = line[: len(line) - len(texts[0])] if first else ""
            place += len(data)
    if first:
        yield replace(first, text="\n".join(texts)), place


def read_all(folder: Path) -> Iterator[Event]:
    """A run's events and all its output, as it was said, by time.

    Raises:
        OSError: There is no journal in the folder.
    """
    logs = [read_log_part(folder, path.stem) for path in sorted((folder / LOGS).glob("*.log"))]
    output: list[Iterator[Event]] = [(said for said, _ in log) for log in logs]
    return heapq.merge(read_events(folder), *output, key=attrgetter("at"))


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
