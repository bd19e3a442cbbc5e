"""A kept run, stopped at one moment: what the dashboard showed then, for pictures and tests of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.dashboard.control import Opened
from tui.insight.expectation import EMPTY
from tui.run.events import RunStarted
from tui.run.feed import Feed
from tui.run.journal import read_all

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.events import PhaseOutline


class Still:
    """A run at one moment; see `tui.dashboard.control.Control`.

    Attributes:
        told: The commands that were given, which change nothing.
    """

    over = False

    def __init__(self, folder: Path, at: float, expectation: Expectation = EMPTY) -> None:
        """Reads a run's journal up to a moment.

        Args:
            folder: The run's folder.
            at: Seconds since the run began.
            expectation: How long things took before.
        """
        self.expectation = expectation
        self.told: list[tuple[str, ...]] = []
        self._clock = 0.0
        feed = Feed(clock=lambda: self._clock)
        self._phases: tuple[PhaseOutline, ...] = ()
        for event in read_all(folder):
            if isinstance(event, RunStarted):
                self._name, self._phases = event.plan, event.phases
            if event.at <= at and event.type != "run-finished":
                feed.put(event)
        self._clock = at
        self.opened = Opened(feed, folder)

    def begin(self) -> None:
        """It has begun."""

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """The plan's name and phases."""
        return self._name, self._phases

    def tell(self, command: str, *arguments: str) -> None:
        """Notes a command."""
        self.told.append((command, *arguments))

    def interrupted(self) -> None:
        """Nothing is running."""
