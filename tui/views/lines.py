"""A run as lines, of text or of JSON."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from tui.console.follow import Follower
from tui.console.streams import discard
from tui.run.commands import CancelRun, Close

if TYPE_CHECKING:
    from tui.console.follow import Printer
    from tui.launch.run_handle import RunHandle
    from tui.run.state import RunState
    from tui.views.view import Name

_BEAT = 0.25  # seconds between two looks at the keyboard


class LinesView:
    """Prints a run as it goes on; see `View`."""

    def __init__(self, run: RunHandle, printer: Printer, switch: str) -> None:
        """Prepare it.

        Args:
            run: The run.
            printer: What prints it.
            switch: The key that leads to the dashboard; empty where there is none.
        """
        self._run = run
        self._follower = Follower(printer, self._now, self._on_unread, switch)

    @property
    def state(self) -> RunState:
        """The run, as far as it was printed."""
        return self._follower.state

    def show(self) -> Name | None:
        """Print until the run has finished, or the dashboard is wanted."""
        feed = self._run.launch().session.feed
        self._run.tell(Close())
        return "dashboard" if self._follower.follow(feed.follow(_BEAT)) else None

    def _now(self) -> float:
        return self._run.launch().session.feed.now()

    def _on_unread(self, error: OSError) -> None:
        """Cancel a run whose output nobody gets: `bringup up | head`, or a log on a full disk."""
        discard()
        self._run.unread = error
        self._run.tell(CancelRun())
        with contextlib.suppress(OSError):
            click.echo(f"error: the output cannot be written, so the run stops: {error.strerror}", err=True)
            click.echo("  hint: `bringup up > FILE` writes it to a file, and the run goes on", err=True)
