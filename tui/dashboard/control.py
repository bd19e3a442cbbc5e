"""What the dashboard asks of the run that it shows, without knowing its engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.commands import Command
    from tui.run.events import PhaseOutline
    from tui.run.feed import Feed

Leaving = Literal["lines", "over"]
"""Why the dashboard was left: the user wants plain lines, or there is nothing more to come."""


class Control(Protocol):
    """A run, as far as the dashboard has to do with it. Nothing here waits."""

    def begin(self) -> None:
        """Begins the run, unless it has begun: the first frame is on the screen."""

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """The plan's name and its phases, as far as they are known before it has been read in earnest."""

    @property
    def feed(self) -> Feed | None:
        """What the run tells, once it has begun."""

    @property
    def directory(self) -> Path:
        """Where the run is kept; once it has begun."""

    @property
    def expectation(self) -> Expectation:
        """How long things took before; it may come later than the run."""

    @property
    def over(self) -> bool:
        """Whether nothing will come any more: the run has ended, or could not begin."""

    def tell(self, command: Command) -> None:
        """Gives the run a command; what comes of it is seen in what the run says."""

    def interrupted(self) -> None:
        """Takes note that the user, or a signal, asked for the run's end."""
