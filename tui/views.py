"""A run in the view that its user wants: the dashboard, plain lines, JSON; and the ways between them."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Literal

import click

from tui.dashboard.control import Opened
from tui.errors import BringupError
from tui.insight.expectation import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tui.console.follow import Follower
    from tui.console.style import Style
    from tui.dashboard.frame import Model
    from tui.insight.expectation import Expectation
    from tui.launch.launch import Launch
    from tui.run.commands import Command
    from tui.run.events import PhaseOutline
    from tui.run.state import RunState

View = Literal["dashboard", "text", "json"]
_BEAT = 0.25  # seconds between two looks at the keyboard


class Opening:
    """A run that is opened on a thread, so that the screen need not wait for it; see `Control`.

    Attributes:
        interrupts: The user, or a signal, asked for the run's end.
    """

    def __init__(
        self, launching: Callable[[], AbstractContextManager[Launch]], plan: str | None = None
    ) -> None:
        """Prepares it.

        Args:
            launching: Makes the run ready to start, and tidies up behind it.
            plan: The plan that was asked for, for a look at it before it is launched.
        """
        self.interrupts = False
        self._launching = launching
        self._plan = plan
        self._stack = contextlib.ExitStack()
        self._launch: Launch | None = None
        self._opened: Opened | None = None
        self._fault: BaseException | None = None
        self._expectation = EMPTY
        self._thread: threading.Thread | None = None
        self._begun = threading.Event()
        self._leaving = threading.Event()

    # For the dashboard

    def begin(self, *, here: bool = False) -> None:
        """Begins the run, unless it has begun.

        Args:
            here: On this thread, which waits for it; a machine may have something to ask.
        """
        if here:
            self._open()
        elif self._thread is None and not self._begun.is_set():
            self._thread = threading.Thread(target=self._open, name="opening", daemon=True)
            self._thread.start()

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """The plan as its file has it; nothing where the file does not say it plainly."""
        from tui.plan.bundled import find_plan
        from tui.plan.document import read_document
        from tui.run.outline import preview

        try:
            return preview(read_document(find_plan(self._plan)).value)
        except BringupError:  # it is told when the plan is read in earnest
            return "", ()

    @property
    def opened(self) -> Opened | None:
        """The run, once it has begun."""
        return self._opened

    @property
    def expectation(self) -> Expectation:
        """How long things took before."""
        return self._expectation

    @property
    def over(self) -> bool:
        """Whether nothing will come any more."""
        return self._fault is not None or (self._opened is not None and self._opened.feed.closed)

    def tell(self, command: Command | Literal["kill", "close"], *arguments: str) -> None:
        """Gives the engine a command, by its method's name."""
        if self._launch is not None:
            self._launch.session.tell(lambda engine: getattr(engine, command)(*arguments))

    def interrupted(self) -> None:
        """Takes note that the user, or a signal, asked for the run's end."""
        self.interrupts = True

    # For what shows it

    def launch(self) -> Launch:
        """Waits for the run to have begun.

        Raises:
            BringupError: It could not begin.
        """
        self.begin()
        self._begun.wait()
        self.check()
        assert self._launch is not None
        return self._launch

    def check(self) -> None:
        """Makes sure that nothing went wrong in beginning the run.

        Raises:
            BaseException: Whatever did.
        """
        if self._fault is not None:
            raise self._fault

    def stay(self, on: bool) -> None:
        """Whether the run waits for commands when all tasks have ended."""
        if self._launch is not None:
            self._launch.session.tell(lambda engine: engine.stay(on))

    def close(self) -> None:
        """Ends the run if it goes on, waits for that, and lets go of its cluster and journal.

        Raises:
            BaseException: What the engine itself died of.
        """
        self._leaving.set()
        if self._thread is not None:
            self._thread.join()
        try:
            if self._launch is not None:
                self.tell("cancel_run")
                self.tell("close")
                self._launch.session.join()
        finally:
            self._stack.close()

    def _open(self) -> None:
        try:
            launch = self._stack.enter_context(self._launching())
            if self._leaving.is_set():
                return
            launch.session.start()
            self._launch = launch
            if self.interrupts:  # while it began
                self.tell("cancel_run")
        except BaseException as fault:  # it is raised where the run is waited for
            self._fault = fault
            return
        finally:
            self._begun.set()
        self._opened = Opened(launch.session.feed, launch.folder)
        self._expectation = expectation(launch)


class Show:
    """Shows a run, in one view after another."""

    def __init__(self, opening: Opening, style: Style, can_switch: bool) -> None:
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
        self._opening.stay(True)
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
                view, sys.stdout, self._style, self._cancel, lambda: self._opening.tell("kill"),
                now=lambda: self._opening.launch().session.feed.now(),
                switch="d" if self._can_switch else "",
            )  # fmt: skip
        with self._follower.signals():
            session = self._opening.launch().session
            self._opening.stay(False)
            again = self._follower.follow(session.follow(_BEAT))
        return "dashboard" if again else None, self._follower.state

    def _cancel(self) -> None:
        assert self._follower is not None
        if self._follower.interrupted:  # or else nobody reads what is printed
            self._opening.interrupted()
        self._opening.tell("cancel_run")


def expectation(launch: Launch) -> Expectation:
    """How long the run's tasks took before: by its recording, or by earlier runs and the bundled one."""
    from tui.insight.expectation import Expectation
    from tui.launch.history import recorded_states
    from tui.run.folders import runs_folder
    from tui.run.history import recent_states

    recorded = Expectation.of(recorded_states(launch)).named("a recording")
    if launch.started.environment == "rehearsal":
        return recorded.scaled(1 / launch.started.speed)
    earlier = recent_states(runs_folder(), launch.started.plan, "kind", current=launch.started.run)
    return Expectation.of(earlier).merged(recorded)


def _crashed(fault: BaseException) -> list[str]:
    """What is said of a dashboard that died: where, but nothing of what it knew."""
    import traceback

    return [
        f"error: the dashboard died of {type(fault).__name__}; the run goes on, as plain lines",
        *"".join(traceback.format_tb(fault.__traceback__)[-3:]).splitlines(),
        "  hint: please report this; --no-tui does without the dashboard",
    ]
