"""A kept run that happens again on the screen, on a clock that its viewer moves."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tui.dashboard.frame import Model
from tui.dashboard.kept_run import KeptRun
from tui.dashboard.playhead import Playhead
from tui.run.journal import read_events
from tui.run.log.past import PastLines
from tui.run.moments import Moments
from tui.run.standing import Stands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.log.line import LogLines
    from tui.run.state import RunState

_LOOK_EVERY = 0.05  # seconds between two looks whether logs have gone on


class Replay(KeptRun):
    """A kept run, as far as its journal goes now, shown as it stood at one moment after the other.

    Attributes:
        playhead: The clock.
        moments: The run's states, once they are read.
    """

    def __init__(
        self,
        directory: Path,
        speed: float = 1.0,
        expect: Callable[[], Expectation] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read how the run began.

        Args:
            directory: The run's directory.
            speed: The seconds of the run that pass in one of the viewer's.
            expect: Finds out how long things took before.
            clock: Tells the viewer's time in seconds.
        """
        super().__init__(directory, expect=expect)
        self.is_live = False
        self.stands = Stands(journal=str(directory))
        self.read_only = f"this is a replay of run {directory.name}: nothing of it can be changed"
        self.playhead = Playhead(0.0, speed, clock)
        self.moments: Moments | None = None
        self._past: dict[str, PastLines] = {}
        self._moment = 0.0

    @property
    def title(self) -> str:
        """What it is."""
        return f"replay of run {self.directory.name}"

    @property
    def runs(self) -> Sequence[tuple[str, RunState]]:
        """The run, as it ended."""
        return [] if self.moments is None else [(self.directory.name, self.moments.last)]

    @property
    def is_ready(self) -> bool:
        """Whether the run is read."""
        return self.moments is not None

    @property
    def moment(self) -> float:
        """The moment that is shown, in seconds since the run began."""
        return self._moment

    def advance(self) -> float:
        """Show the moment where the clock is now, and return it."""
        self._moment = self.playhead.at
        return self._moment

    def lines(self, task: str) -> LogLines:
        """Return a task's last lines up to the moment."""
        if task not in self._past:
            self._past[task] = PastLines(self.directory, task, lambda: self._moment)
        return self._past[task]

    def model(self) -> Model:
        """Return what makes frames of it."""
        return _ReplayModel(self)

    def read(self) -> None:
        """Read all of the run, play it, and read of its logs what is shown, until its viewer leaves.

        Raises:
            OSError: The journal cannot be read.
        """
        moments = Moments(read_events(self.directory))
        if self._expect is not None:
            with contextlib.suppress(OSError):  # runs before it are not worth its end
                self.expectation = self._expect()
        self.playhead.set(at=0.0, end=moments.end)
        self.moments = moments
        while not self.over:
            for past in list(self._past.values()):
                past.advance()
            time.sleep(_LOOK_EVERY)


class _ReplayModel(Model):
    """Takes a replay's states in place of a feed's events."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self._replay = replay

    def _take(self) -> bool:
        if self._replay.moments is None:
            return False
        before = self.state.version
        self.state = self._replay.moments.state(self._replay.advance())
        return self.state.version != before

    def _now(self) -> float:
        ended = self.state.ended_at
        return ended if ended is not None else round(self._replay.moment, 1)
