"""The journal of a run: its events as JSON Lines, and a log file a task.

    RUN/events.jsonl      every event but output
    RUN/logs/TASK.log     output: `seconds #attempt.step source | text`

Each event is written by one call to the operating system, so that a killed run loses at most the last one.
Readers skip a line that is not whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import math
import os
import stat
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from tui.run.directories import OWN_FILE, local_directory
from tui.run.event_json import decode, encode
from tui.run.events import (
    MOST_LINES,
    Event,
    Output,
    Progressed,
    RunStarted,
    TaskEvent,
    TaskFinished,
)
from tui.run.log.line import head, parse_line
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from tui.run.log.line import LogLine

EVENTS = "events.jsonl"
LOGS = "logs"
_LONGEST = 64 << 20  # bytes of a line that are read
_AT_ONCE = 1 << 20  # bytes: each read hands the interpreter to other threads too briefly for them to take it
_END = 256 << 10  # bytes of a journal that tell of its end
_PROGRESS_EVERY = 1.0  # seconds between two events of a task's progress that are kept


class _File:
    """A file that only whole blocks are appended to.

    Attributes:
        size: How many bytes it has.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self.size = 0

    def open(self) -> int:
        """Open the file, readable by its user alone, unless it is open."""
        if self._handle is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self._path, flags, 0o600)
        return self._handle

    def append(self, block: bytes) -> None:
        """Append a block.

        Raises:
            OSError: It cannot be written. A part that was written is removed again.
        """
        handle = self._handle or self.open()
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
        """Close the file; the next block opens it again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Journal:
    """Writes a run's journal.

    Attributes:
        directory: The run's directory.
        error: Why nothing is written any more, if writing failed. A full disk ends the journal, not the run.
    """

    def __init__(self, directory: Path) -> None:
        """Make the directory, readable by its user alone.

        Raises:
            OSError: It cannot be made, or holds a run already.
        """
        self.directory = directory
        self._stand_in: int | None = None
        self.error = ""
        directory.mkdir(parents=True, mode=0o700)
        (directory / LOGS).mkdir()
        self._events = _File(directory / EVENTS)
        try:
            fcntl.flock(self._events.open(), fcntl.LOCK_EX)  # until the process ends, however it does
        except OSError:  # some network file systems have no locks
            with contextlib.suppress(OSError):
                self._stand_in = os.open(_stand_in(directory), OWN_FILE, 0o600)
                fcntl.flock(self._stand_in, fcntl.LOCK_EX)
        self._logs: dict[str, _File] = {}
        self._progress: dict[str, tuple[float, Progressed | None]] = {}

    def append(self, event: Event) -> None:
        """Append an event; if that fails, write nothing any more."""
        if self.error:
            return
        try:
            if isinstance(event, Output):
                self._log(event.task).append(f"{log_lines(event)}\n".encode(errors="replace"))
            elif not isinstance(event, Progressed) or self._is_due(event):
                overtaken = self._overtaken(event) if self._progress else b""
                self._events.append(b"%b%b\n" % (overtaken, encode(event)))
                if isinstance(event, TaskFinished) and event.task in self._logs:
                    self._logs[event.task].close()
        except OSError as error:
            self.error = f"the journal cannot be written any more: {error.strerror}"

    def _is_due(self, event: Progressed) -> bool:
        """Return whether progress is kept now: of what comes faster, a sample and the last are kept."""
        at, _ = self._progress.get(event.task, (float("-inf"), None))
        due = event.at - at >= _PROGRESS_EVERY
        self._progress[event.task] = (event.at, None) if due else (at, event)
        return due

    def _overtaken(self, event: Event) -> bytes:
        """Return the line of a task's last progress, if it was left out and another event follows."""
        if not isinstance(event, TaskEvent) or isinstance(event, Progressed):
            return b""
        _, last = self._progress.pop(event.task, (0.0, None))
        return encode(last) + b"\n" if last else b""

    def log_size(self, task: str) -> int:
        """Return the size of a task's log file in bytes; it ends with a whole line."""
        return self._log(task).size

    def _log(self, task: str) -> _File:
        if task not in self._logs:
            self._logs[task] = _File(log_path(self.directory, task))
        return self._logs[task]

    def close(self) -> None:
        """Close the files; later events are not kept."""
        self.error = self.error or "the journal is closed"
        for file in (self._events, *self._logs.values()):
            file.close()
        if self._stand_in is not None:
            _stand_in(self.directory).unlink(missing_ok=True)
            os.close(self._stand_in)
            self._stand_in = None


def log_path(directory: Path, task: str) -> Path:
    """Return the path of a task's log, which is there once the task has printed something."""
    return directory / LOGS / f"{task}.log"


def log_lines(event: Output) -> str:
    """Return output as a log file holds it, each line with its head, without the last line end."""
    before = head(event.at, event.attempt, event.step, event.source)
    return before + event.text.replace("\n", f"\n{before}")


def read_events(directory: Path) -> Iterator[Event]:
    """Yield a run's events in order, without output.

    Raises:
        OSError: There is no journal in the directory.
    """
    with _opened(directory) as file:
        while line := file.readline(_LONGEST):
            with contextlib.suppress(ValueError, RecursionError):  # cut off when its writer was killed
                if (event := decode(line)) is not None:
                    yield event


def follow_events(directory: Path) -> Iterator[Event | None]:
    """Yield a run's events in order, without output, and None each time that no more are there yet.

    Raises:
        OSError: There is no journal in the directory.
    """
    line = b""
    with _opened(directory) as file:
        while True:
            line += file.readline(_LONGEST)
            if not line.endswith(b"\n") and len(line) < _LONGEST:
                yield None
                continue
            with contextlib.suppress(ValueError, RecursionError):  # it is damaged
                if (event := decode(line)) is not None:
                    yield event
            line = b""


def last_moment(directory: Path) -> float:
    """Return when the last task of a run finished, or else its latest event, as the journal's end tells.

    Raises:
        OSError: There is no journal in the directory.
    """
    latest = 0.0
    with _opened(directory) as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _END, 0))
        for line in reversed(file.read().split(b"\n")):
            with contextlib.suppress(ValueError, RecursionError):  # it is cut off
                event = decode(line)
                if isinstance(event, TaskFinished):
                    return event.at
                latest = max(latest, event.at if event else 0.0)
    return latest


def read_started(directory: Path) -> RunStarted | None:
    """Return the first event of a run, or None if there is no journal or it is damaged."""
    with contextlib.suppress(OSError, ValueError, RecursionError), _opened(directory) as file:
        first = decode(file.readline(_LONGEST))
        return first if isinstance(first, RunStarted) else None
    return None


def is_written(directory: Path) -> bool:
    """Return whether a process still writes the journal in a directory."""
    with contextlib.suppress(OSError), _opened(directory) as file:
        try:
            return _is_locked(file)
        except OSError:
            with _stand_in(directory).open("rb") as other:
                return _is_locked(other)
    return False


def _is_locked(file: BinaryIO) -> bool:
    """Return whether a process has locked a file.

    Raises:
        OSError: No file can be locked where it is.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _stand_in(directory: Path) -> Path:
    """Return the file that is locked in place of a journal which is where no file can be."""
    return local_directory() / f"bringup-{os.getuid()}-{directory.name}.lock"


def _opened(directory: Path) -> BinaryIO:
    """Open the file of a run's events; refuse a pipe or a device, which would block.

    Raises:
        OSError: There is no journal in the directory.
    """
    handle = os.open(directory / EVENTS, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{directory / EVENTS} is no file")
    return os.fdopen(handle, "rb", _AT_ONCE)


def read_log(directory: Path, task: str) -> Iterator[Output]:
    """Yield a task's output, one event a line."""
    if log_path(directory, task).exists():
        for said, _ in read_log_part(directory, task):
            yield from (replace(said, text=line) for line in said.lines)


def read_log_part(
    directory: Path, task: str, start: int = 0, stop: int | None = None
) -> Iterator[tuple[Output, int]]:
    """Yield a task's output between two offsets of its log file, many lines an event, as it was printed.

    Args:
        directory: The run's directory.
        task: The task.
        start: The offset to begin at, in bytes: the start of a line.
        stop: The offset to end at: the end of a line. Without it, the end of the last whole line.

    Yields:
        An event and the offset after it.

    Raises:
        OSError: The file cannot be read.
    """
    place, before, first, texts = start, b"", None, list[str]()
    with log_path(directory, task).open("rb") as file:
        file.seek(start)
        while (stop is None or place < stop) and (data := file.readline()).endswith(b"\n"):
            line = data[:-1]
            if first and line.startswith(before) and len(texts) < MOST_LINES:
                texts.append(line[len(before) :].decode(errors="replace"))
            else:
                if first:
                    yield replace(first, text="\n".join(texts)), place
                said = parse_line(line)
                texts = [said.text] if said else []
                first = _output(task, said) if said else None
                before = head(said.at, said.attempt, said.step, said.source).encode() if said else b""
            place += len(data)
    if first:
        yield replace(first, text="\n".join(texts)), place


def _output(task: str, line: LogLine) -> Output:
    return Output(line.at, task, line.attempt, line.step, line.text, line.source)


def read_all(directory: Path) -> Iterator[Event]:
    """Yield a run's events and output, ordered by time.

    Raises:
        OSError: There is no journal in the directory.
    """
    logs = [read_log_part(directory, path.stem) for path in sorted((directory / LOGS).glob("*.log"))]
    output: list[Iterator[Event]] = [(said for said, _ in log) for log in logs]
    return heapq.merge(read_events(directory), *output, key=attrgetter("at"))


def read_state(directory: Path, until: float = math.inf) -> RunState:
    """Return the state that a run's events fold into.

    Args:
        directory: The run's directory.
        until: The moment up to which events count, in seconds since the run began.

    Raises:
        OSError: There is no journal in the directory.
    """
    return fold(event for event in read_events(directory) if event.at <= until)
