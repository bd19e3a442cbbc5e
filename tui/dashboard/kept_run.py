"""A kept run in the dashboard, as it stood at one moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.insight.expectation import EMPTY
from tui.run.events import RunStarted
from tui.run.feed import Feed
from tui.run.journal import read_all
from tui.run.standing import Stands

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.commands import Command
    from tui.run.events import PhaseOutline


class KeptRun:
    """A run read from its journal, which takes no commands; see `tui.dashboard.control.Control`."""

    read_only = "this is a kept run: nothing of it can be changed"
    over = False

    def __init__(self, directory: Path, at: float = math.inf, expectation: Expectation = EMPTY) -> None:
        """Read a run's journal up to a moment.

        Args:
            directory: The run's directory.
            at: The moment, in seconds since the run began; by default its end.
            expectation: How long things took before.

        Raises:
            OSError: The journal cannot be read.
        """
        self.directory = directory
        self.stands = Stands(journal=str(directory))
        self.expectation = expectation
        self._clock = 0.0
        self._name = ""
        self._phases: tuple[PhaseOutline, ...] = ()
        self.feed = Feed(clock=lambda: self._clock)
        last = 0.0
        for event in read_all(directory):
            if isinstance(event, RunStarted):
                self._name, self._phases = event.plan, event.phases
            if event.at <= at:
                last = max(last, event.at)
                self.feed.put(event)
        self._clock = last if math.isinf(at) else at

    def begin(self) -> None:
        """Do nothing: the run has begun."""

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """Return the plan's name and phases."""
        return self._name, self._phases

    def tell(self, command: Command) -> None:
        """Do nothing: a kept run takes no commands."""

    def interrupted(self) -> None:
        """Do nothing: nothing is running."""
