"""A kept run in the dashboard, as it stood at one moment, or as another process goes on with it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import TYPE_CHECKING

from tui.dashboard.frame import Model
from tui.insight.expectation import EMPTY
from tui.run.feed import Feed
from tui.run.journal import follow_events, is_written, log_path, read_log_part, read_started
from tui.run.log.moment import place_at, start_of_tail
from tui.run.standing import Stands
from tui.run.summary import began_at
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.commands import Command
    from tui.run.events import Event, PhaseOutline, RunStarted
    from tui.run.log.line import LogLines

_LOOK_EVERY = 0.2  # seconds between two looks at a journal that grows
_TAIL = 256 * 1024  # bytes of a log that panels show the end of


class KeptRun:
    """A run read from its journal, which takes no commands; see `tui.dashboard.control.Control`."""

    is_elsewhere = True

    def __init__(
        self,
        directory: Path,
        at: float = math.inf,
        expectation: Expectation = EMPTY,
        expect: Callable[[], Expectation] | None = None,
        started: RunStarted | None = None,
    ) -> None:
        """Prepare it.

        Args:
            directory: The run's directory.
            at: The moment up to which it is shown, in seconds since the run began; by default its end.
            expectation: How long things took before.
            expect: Finds that out, which may take a while.
            started: How the run began; by default that is read.
        """
        self.directory = directory
        self.expectation = expectation
        self.over = False
        self.is_live = math.isinf(at) and is_written(directory)
        self.stands = Stands(journal=str(directory), running=self.is_live)
        when = "" if math.isinf(at) else f", as it stood at {clock(at)}"
        self.read_only = f"this is run {directory.name}{when}: nothing of it can be changed"
        if self.is_live:
            self.read_only = "this run is open where it was started: nothing of it can be changed here"
        self._at = at
        self._expect = expect
        self._clock = 0.0
        self._begun = False
        self._places: dict[str, int] = {}
        self._thread: threading.Thread | None = None
        self._reading_logs = threading.Lock()
        self._started = started or read_started(directory)
        self.feed = Feed(clock=self._now)

    def read(self) -> None:
        """Read the run up to the moment; follow it where it goes on, until that is over.

        Raises:
            OSError: The journal cannot be read.
        """
        unseen: list[Event] = []  # shown together, or the screen would play what has happened
        for event in follow_events(self.directory):
            if event is not None:
                unseen += [event] if event.at <= self._at else []
                continue
            if unseen:
                self.feed.put(*unseen)
                self._clock = max(self._clock, *(each.at for each in unseen))
                self._begun = True
                unseen.clear()
            if self._is_read():
                break
            time.sleep(_LOOK_EVERY)
        if not math.isinf(self._at):
            self._clock = self._at
        self._read_logs()
        if self._expect is not None:
            self.expectation = self._expect()

    def begin(self) -> None:
        """Begin to read the run, unless it is read: the first frame is on the screen."""
        if self._thread is None and not self._begun:
            self._thread = threading.Thread(target=self._try_to_read, name="reading", daemon=True)
            self._thread.start()

    def lines(self, task: str) -> LogLines:
        """Return a task's last lines, which are read when they are first asked for."""
        if task not in self._places:
            self._read_log(task)
        return self.feed.tail(task)

    @property
    def moment(self) -> float:
        """The moment up to which it is shown, in seconds since it began; infinite for all of it."""
        return self._at

    def model(self) -> Model:
        """Return what makes frames of it."""
        return Model(self)

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """Return the plan's name and phases."""
        return (self._started.plan, self._started.phases) if self._started else ("", ())

    def tell(self, command: Command) -> None:
        """Leave: a kept run takes no commands but that."""
        self.over = True

    def interrupted(self) -> None:
        """Leave: nothing is running."""
        self.over = True

    def _try_to_read(self) -> None:
        with contextlib.suppress(OSError):  # somebody deletes it meanwhile
            self.read()

    def _is_read(self) -> bool:
        """Return whether nothing will follow that is not read yet."""
        if not self.is_live or self.over:
            return True
        self.is_live = is_written(self.directory)  # what was written before its end is read once more
        self._read_logs()
        return False

    def _read_logs(self) -> None:
        """Read what the logs that are looked at have grown by."""
        for task in list(self._places):
            self._read_log(task)

    def _read_log(self, task: str) -> None:
        """Read the end of a task's log, or what it has grown by."""
        path = log_path(self.directory, task)
        with self._reading_logs, contextlib.suppress(OSError):  # it said nothing, or somebody deletes it
            self._places.setdefault(task, 0)
            stop = place_at(path, self._at)
            start = max(self._places[task], start_of_tail(path, stop, _TAIL))
            for output, place in read_log_part(self.directory, task, start, stop):
                self._places[task] = place
                self.feed.put(output)

    def _now(self) -> float:
        """Return the seconds since the run began: while it goes on up to now, else up to what is shown."""
        if self.is_live and self._begun and self._started is not None:
            return max(time.time() - began_at(self._started.started), self._clock)
        return self._clock
