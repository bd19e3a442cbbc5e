"""What the dashboard asks of the run that it shows, without knowing its engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.run.commands import Command
    from tui.run.events import PhaseOutline
    from tui.run.feed import Feed
    from tui.run.log.line import LogLines
    from tui.run.standing import Stands

Leaving = Literal["lines", "over"]
"""Why the dashboard was left: its user wants plain lines, or nothing more is to come."""


class Control(Protocol):
    """A run as the dashboard uses it. No method waits."""

    def begin(self) -> None:
        """Begin the run, unless it has begun: the first frame is on the screen."""

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """Return the plan's name and phases, as far as its file shows them before it is loaded."""

    @property
    def read_only(self) -> str:
        """Why the run takes no commands at all; empty if it takes them."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process has the run, so that leaving, or a signal, is about this screen alone."""

    @property
    def feed(self) -> Feed | None:
        """The run's feed; None before it has begun."""

    def lines(self, task: str) -> LogLines:
        """Return a task's last lines, always the same object; once the run has begun."""

    @property
    def moment(self) -> float:
        """The moment up to which it is shown, in seconds since it began; infinite for all of it."""

    @property
    def directory(self) -> Path:
        """Where the run is kept; once it has begun."""

    @property
    def expectation(self) -> Expectation:
        """How long things took before; it may come later than the run."""

    @property
    def stands(self) -> Stands:
        """What the run leaves behind; once it has begun."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to come: the run has finished, or could not begin."""

    def tell(self, command: Command) -> None:
        """Give the run a command; its effect appears in the feed."""

    def interrupted(self) -> None:
        """Note that the user, or a signal, asked for the run's end."""
