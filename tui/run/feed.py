"""Carries a run's events from the engine's thread to views on other threads.

No view can hold the run up, or make the feed grow by not reading. Of the output, only the last lines of each
task are in memory; the stream reads all of it from the journal's files.
"""

from __future__ import annotations

import contextlib
import heapq
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tui.run.events import Event, Output, Progressed, RunStarted
from tui.run.journal import read_log_part
from tui.run.log.line import LogLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.run.journal import Journal

_ROOM = 500  # characters per kept line, on average
_MOST_WAITING = 10_000  # events that wait to be taken before outdated progress is dropped
_MOST_UNKEPT = 500  # events of output that wait to be taken and that no file has


class Tail:
    """A task's last lines; see `tui.run.log.line.LogLines`. Any thread may read them."""

    def __init__(self, keep: int, start: int = 0) -> None:
        """Make an empty one.

        Args:
            keep: The number of lines to keep; fewer where they are very long.
            start: The number of its first line.
        """
        self._keep = keep
        self._lock = threading.Lock()
        self._blocks: deque[tuple[int, Output]] = deque()  # each with the number of its first line
        self._size = 0
        self._end = start

    @property
    def first(self) -> int:
        """The number of the oldest line that can be read."""
        with self._lock:
            return self._first()

    @property
    def end(self) -> int:
        """One more than the newest line's number."""
        return self._end

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the kept lines from `start` up to but not including `stop`."""
        wanted: list[tuple[int, Output]] = []
        with self._lock:
            start = max(start, self._first())
            for number, output in reversed(self._blocks):
                if number < stop:
                    wanted.append((number, output))
                if number <= start:
                    break
        return [
            LogLine(text, output.source, output.attempt, output.step, output.at)
            for number, output in reversed(wanted)
            for text in output.lines[max(start - number, 0) : max(stop - number, 0)]
        ]

    def put(self, output: Output) -> None:
        """Add lines, and drop the oldest."""
        with self._lock:
            self._blocks.append((self._end, output))
            self._end += output.text.count("\n") + 1
            self._size += len(output.text)
            while len(self._blocks) > 1 and (
                self._blocks[1][0] <= self._end - self._keep or self._size > self._keep * _ROOM
            ):
                self._size -= len(self._blocks.popleft()[1].text)

    def _first(self) -> int:
        return max(self._blocks[0][0], self._end - self._keep) if self._blocks else self._end


class _Entry(NamedTuple):
    """An event, with the sizes of the log files that had grown since the event before."""

    grown: dict[str, int]
    event: Event


class _Backlog:
    """Events that a view has not taken yet.

    Where it takes none, progress that later progress has replaced is dropped, so that the backlog is about as
    large as the run's state.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._most = _MOST_WAITING

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: _Entry) -> None:
        self._entries.append(entry)
        if len(self._entries) > self._most:
            self._entries = _without_overtaken(self._entries)
            self._most = _MOST_WAITING + 2 * len(self._entries)

    def take(self) -> list[_Entry]:
        taken, self._entries = self._entries, []
        self._most = _MOST_WAITING
        return taken


def _without_overtaken(entries: list[_Entry]) -> list[_Entry]:
    kept: list[_Entry] = []
    replaced: set[str] = set()
    for entry in reversed(entries):
        if not isinstance(entry.event, Progressed):
            kept.append(entry)
        elif entry.event.task not in replaced:
            replaced.add(entry.event.task)
            kept.append(entry)
        else:
            kept[-1] = _Entry(entry.grown | kept[-1].grown, kept[-1].event)
    return kept[::-1]


class Feed:
    """A run's events, for a view that shows its state and for one that prints them as they come.

    One thread puts; one thread at a time takes, and one reads the stream. They may be the same.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        keep: int = 2000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty one.

        Args:
            journal: Has the output that the stream reads; it gets each event before the feed does.
            keep: The number of lines to keep of each task.
            clock: Tells the time in seconds, from any thread.
        """
        self._journal = journal
        self._keep = keep
        self._clock = clock
        self._began: float | None = None
        self._lock = threading.Lock()
        self._tails: dict[str, Tail] = {}
        self._grown: dict[str, int] = {}
        self._events, self._stream = _Backlog(), _Backlog()
        self._unread: deque[_Entry] = deque()
        self._places: dict[str, int] = {}
        self._news = threading.Event()
        self._closed = False

    # For the engine's thread

    def put(self, *events: Event) -> None:
        """Add events, which are taken together; never wait for a view."""
        with self._lock:
            for event in events:
                if isinstance(event, Output):
                    self._tail(event.task).put(event)
                    self._put_output(event)
                else:
                    self._put_event(event)
        self._news.set()

    def _put_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._began = self._clock()
        entry = self._entry(event)
        self._events.put(entry)
        self._stream.put(entry)

    def _put_output(self, output: Output) -> None:
        if self._journal is not None and not self._journal.error:
            self._grown[output.task] = self._journal.log_size(output.task)
        elif len(self._stream) < _MOST_UNKEPT:  # for a view that keeps up
            self._stream.put(self._entry(output))

    def _entry(self, event: Event) -> _Entry:
        grown, self._grown = self._grown, {}
        return _Entry(grown, event)

    def close(self) -> None:
        """Close the feed: no event follows."""
        self._closed = True
        self._news.set()

    # For views' threads

    @property
    def closed(self) -> bool:
        """Whether no event follows: the run has finished, or its engine has died."""
        return self._closed

    def now(self) -> float:
        """Return the seconds since the run began; 0 before."""
        return 0.0 if self._began is None else self._clock() - self._began

    def tail(self, task: str) -> Tail:
        """Return a task's last lines; always the same object."""
        with self._lock:
            return self._tail(task)

    def _tail(self, task: str) -> Tail:
        return self._tails.setdefault(task, Tail(self._keep))

    def take(self) -> list[Event]:
        """Return all events but output since the last call, in order.

        After a very long time, progress that later progress has replaced is left out.
        """
        with self._lock:
            return [entry.event for entry in self._events.take()]

    def read(self) -> Iterator[Event]:
        """Yield all events since the last that was yielded, output included, each once and in order.

        The next call goes on where this one was left, however long ago. Only output that the journal cannot
        keep may be missing, if it is not read as fast as it comes.
        """
        with self._lock:
            self._unread += self._stream.take()
            latest = dict(self._grown)
        while self._unread:
            yield from self._output(self._unread[0].grown)
            yield self._unread.popleft().event
        yield from self._output(latest)

    def follow(self, every: float) -> Iterator[Event | None]:
        """Yield events from where `read` or `follow` was left, and wait for more until the run has finished.

        Args:
            every: Seconds without an event after which None is yielded.
        """
        while True:
            self._news.clear()
            last = self._closed  # what was put before is read below
            yield from self.read()
            if last:
                return
            if not self._news.wait(every):
                yield None

    def _output(self, grown: dict[str, int]) -> Iterator[Output]:
        """Yield the unread output of log files up to some sizes, in order of time."""
        if self._journal is None:
            return
        parts = [
            read_log_part(self._journal.directory, task, self._places.get(task, 0), size)
            for task, size in grown.items()
            if self._places.get(task, 0) < size
        ]
        with contextlib.suppress(OSError):  # somebody has taken the files away
            for output, place in heapq.merge(*parts, key=lambda part: part[0].at):
                self._places[output.task] = place
                yield output
