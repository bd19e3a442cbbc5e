"""A run in the dashboard."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.run.commands import Stay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import App

    from tui.dashboard.control import Control, Leaving
    from tui.dashboard.frame import Model
    from tui.dashboard.kept_run import KeptRun
    from tui.launch.run_handle import RunHandle
    from tui.run.state import RunState
    from tui.views.view import Name

A = TypeVar("A", bound="App[Any]")


class DashboardView:
    """Draws a run, and gives it the commands of keys; see `View`."""

    def __init__(self, run: RunHandle) -> None:
        """Prepare it.

        Args:
            run: The run.
        """
        from tui.dashboard.frame import Model

        self._run = run
        self._model = Model(run)

    @property
    def state(self) -> RunState:
        """The run, as far as it was drawn."""
        return self._model.state

    def show(self) -> Name | None:
        """Draw until the run has finished, or plain lines are wanted."""
        self._run.tell(Stay())
        leaving, fault = _drawn(self._run, self._model)
        self._run.check()
        if fault is not None:
            for line in _crashed(fault):
                click.echo(line, err=True)
            return "text"
        self._model.pull()  # what was told last, since the screen was drawn
        return "text" if leaving == "lines" else None


def show_kept(run: KeptRun) -> BaseException | None:
    """Draw a kept run until its user leaves; return what the dashboard died of, if it did."""
    return _drawn(run, run.model())[1]


def _drawn(run: Control, model: Model) -> tuple[Leaving | None, BaseException | None]:
    """Draw a run until the dashboard is left; return why that was, and what it died of, if it did."""
    from tui.dashboard.app import Dashboard

    app = drawn(lambda: Dashboard(run, model))
    return app.return_value, app.fault


def drawn(make: Callable[[], A]) -> A:
    """Make an app, run it until its user leaves, and return it."""
    from tui.dashboard.responsive import responsive

    if not os.environ.get("NO_COLOR", "x"):  # set but empty it means nothing, but to Textual
        del os.environ["NO_COLOR"]
    app = make()
    with responsive(), _handlers_kept():
        app.run()
    return app


@contextlib.contextmanager
def _handlers_kept() -> Iterator[None]:
    """Restore all signal handlers: those of the screen must go with it."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _crashed(error: BaseException) -> list[str]:
    """Return the report on a dashboard that crashed: where it did, but none of its data."""
    import traceback

    return [
        f"error: the dashboard crashed with {type(error).__name__}; the run goes on, as plain lines",
        *"".join(traceback.format_tb(error.__traceback__)[-3:]).splitlines(),
        "  hint: please report this; --no-tui does without the dashboard",
    ]
