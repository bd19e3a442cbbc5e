"""A run in the view that its user wants: the dashboard, plain lines, JSON; and the ways between them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from tui.run.commands import CancelRun, Close, Kill, Stay

if TYPE_CHECKING:
    from tui.console.follow import Follower
    from tui.console.style import Style
    from tui.dashboard.frame import Model
    from tui.launch.run_handle import RunHandle
    from tui.run.state import RunState

View = Literal["dashboard", "text", "json"]
_BEAT = 0.25  # seconds between two looks at the keyboard


class ViewLoop:
    """Shows a run, in one view after another."""

    def __init__(self, opening: RunHandle, style: Style, can_switch: bool) -> None:
        """Prepares it.

        Args:
            opening: The run.
            style: Colours or none, for lines.
            can_switch: Whether there are keys that lead from one view to another.
        """
        self._opening = opening
        self._style = style
        self._can_switch = can_switch
        self._model: Model | None = None
        self._follower: Follower | None = None

    def run(self, view: View) -> RunState:
        """Shows the run until it is over.

        Args:
            view: What it is shown in to begin with.

        Returns:
            The run as it ended.

        Raises:
            BringupError: It could not begin.
        """
        while True:
            next_view, state = self._dashboard() if view == "dashboard" else self._lines(view)
            if next_view is None:
                return state
            view = next_view

    def _dashboard(self) -> tuple[View | None, RunState]:
        from tui.dashboard.app import Dashboard
        from tui.dashboard.frame import Model
        from tui.dashboard.responsive import responsive

        self._model = self._model or Model(self._opening)
        self._opening.tell(Stay())
        app = Dashboard(self._opening, self._model)
        with responsive():
            leaving = app.run()
        self._opening.check()
        if app.fault is not None:
            for line in _crashed(app.fault):
                click.echo(line, err=True)
            return "text", self._model.state
        return "text" if leaving == "lines" else None, self._model.state

    def _lines(self, view: View) -> tuple[View | None, RunState]:
        from tui.console.follow import Follower

        if self._follower is None:
            self._follower = Follower(
                view, sys.stdout, self._style, self._cancel, lambda: self._opening.tell(Kill()),
                now=lambda: self._opening.launch().session.feed.now(),
                switch="d" if self._can_switch else "",
            )  # fmt: skip
        with self._follower.signals():
            feed = self._opening.launch().session.feed
            self._opening.tell(Close())
            again = self._follower.follow(feed.follow(_BEAT))
        return "dashboard" if again else None, self._follower.state

    def _cancel(self) -> None:
        assert self._follower is not None
        if self._follower.interrupted:  # or else nobody reads what is printed
            self._opening.interrupted()
        self._opening.tell(CancelRun())


def _crashed(fault: BaseException) -> list[str]:
    """What is said of a dashboard that died: where, but nothing of what it knew."""
    import traceback

    return [
        f"error: the dashboard died of {type(fault).__name__}; the run goes on, as plain lines",
        *"".join(traceback.format_tb(fault.__traceback__)[-3:]).splitlines(),
        "  hint: please report this; --no-tui does without the dashboard",
    ]
