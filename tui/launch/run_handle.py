"""The handle of a running run: opened on a thread, given commands, closed."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.insight.expectation import EMPTY
from tui.run.commands import CancelRun, Close, Kill

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tui.insight.expectation import Expectation
    from tui.launch.launch import Launch
    from tui.rehearsal.recording import Recording
    from tui.run.commands import Command
    from tui.run.events import PhaseOutline
    from tui.run.feed import Feed, Tail
    from tui.run.standing import Stands

_KILLED_WITHIN = 2.5  # seconds in which a killed run must have finished


class RunHandle:
    """A run that is opened on a thread, so that no view needs to wait for it; see `Control`.

    Attributes:
        interrupts: The user, or a signal, asked for the run's end.
        unread: Why nobody gets what is printed of the run, if so; it is cancelled then.
    """

    read_only = ""
    is_elsewhere = False

    def __init__(
        self, launching: Callable[[], AbstractContextManager[Launch]], plan: str | None = None
    ) -> None:
        """Prepare it.

        Args:
            launching: Makes the run ready to start, and tidies up behind it.
            plan: The plan that was asked for, for a look at it before it is launched.
        """
        self.interrupts = False
        self.unread: OSError | None = None
        self._launching = launching
        self._plan = plan
        self._stack = contextlib.ExitStack()
        self._launch: Launch | None = None
        self._error: BaseException | None = None
        self._expectation = EMPTY
        self._thread: threading.Thread | None = None
        self._begun = threading.Event()
        self._leaving = threading.Event()
        self._guard: threading.Timer | None = None
        self._given_up = False

    # For the dashboard

    moment = math.inf

    def begin(self, *, here: bool = False) -> None:
        """Begin the run, unless it has begun.

        Args:
            here: On this thread, which waits for it; a machine may have something to ask.
        """
        if here:
            self._open()
        elif self._thread is None and not self._begun.is_set():
            self._thread = threading.Thread(target=self._open, name="opening", daemon=True)
            self._thread.start()

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """Return the plan's name and phases, as far as they can be read without loading the plan."""
        from tui.plan.bundled import find_plan
        from tui.plan.include import read_plan
        from tui.run.outline import preview

        try:
            return preview(read_plan(find_plan(self._plan))[0].value)
        except BringupError:  # it is told when the plan is read in earnest
            return "", ()

    @property
    def feed(self) -> Feed | None:
        """The run's feed; None before it has begun."""
        return self._launch.session.feed if self._launch is not None else None

    def lines(self, task: str) -> Tail:
        """Return a task's last lines; once the run has begun."""
        assert self.feed is not None
        return self.feed.tail(task)

    @property
    def directory(self) -> Path:
        """Where the run is kept; once it has begun."""
        assert self._launch is not None
        return self._launch.folder

    @property
    def expectation(self) -> Expectation:
        """How long things took before."""
        return self._expectation

    @property
    def stands(self) -> Stands:
        """What the run leaves behind; once it has begun."""
        from tui.run.standing import standing

        assert self._launch is not None
        ports = dict(self._launch.forwards.ports)
        return standing(self._launch.loaded.plan, str(self._launch.folder), ports=ports)

    @property
    def over(self) -> bool:
        """Whether nothing will come any more: the run has finished, or could not begin."""
        return self._error is not None or (self.feed is not None and self.feed.closed)

    def tell(self, command: Command) -> None:
        """Give the engine a command, once the run has begun; give the run up where `Kill` does not end it."""
        if self._launch is not None:
            self._launch.session.tell(command)
        if isinstance(command, Kill) and self._guard is None:
            self._guard = threading.Timer(_KILLED_WITHIN, self._give_up)
            self._guard.daemon = True
            self._guard.start()

    def interrupted(self) -> None:
        """Take note that the user, or a signal, asked for the run's end."""
        self.interrupts = True

    # For views

    def launch(self) -> Launch:
        """Wait for the run to have begun.

        Raises:
            BringupError: It could not begin.
        """
        self.begin()
        self._begun.wait()
        self.check()
        assert self._launch is not None
        return self._launch

    def check(self) -> None:
        """Make sure that nothing went wrong in beginning the run.

        Raises:
            BaseException: Whatever did.
        """
        if self._error is not None:
            raise self._error

    # For the command

    def interrupt(self) -> None:
        """Cancel the run; the second time kill it."""
        again, self.interrupts = self.interrupts, True
        self.tell(Kill() if again else CancelRun())
        self.tell(Close())

    def close(self) -> bool:
        """Cancel the run if it goes on, wait for its end, and let go of its cluster and journal.

        Returns:
            Whether nothing of it is left in this process, so that that can end as usual.

        Raises:
            BaseException: What the engine itself died of.
        """
        self._leaving.set()
        if self._given_up:
            cause = "bringup does not stop though it was killed, and exits; what it started may still run"
            print(
                f"error: {cause}", "  hint: look for it with `ps` and `docker ps`", sep="\n", file=sys.stderr
            )
            return False
        if self._thread is not None:
            self._thread.join()
        try:
            if self._launch is not None:
                self.tell(CancelRun())
                self.tell(Close())
                return self._launch.session.join()
            return True
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
                self.tell(CancelRun())
        except BaseException as error:  # it is raised where the run is waited for
            self._error = error
            return
        finally:
            self._begun.set()
        if launch.environment.name == "kind":
            from tui.actions.environment import preload

            preload(step for task in launch.loaded.plan.tasks for step in task.steps)
        self._expectation = expectation(launch)

    def _give_up(self) -> None:
        """Let views go: something in this process cannot be stopped."""
        if self.over:
            return
        self._given_up = True
        if self.feed is not None:
            self.feed.close()
        else:
            self._error = KeyboardInterrupt()
            self._begun.set()


def expectation(launch: Launch) -> Expectation:
    """Return how long the run's tasks took before, in its recording or in earlier runs."""
    from tui.insight.expectation import Expectation
    from tui.rehearsal.recording import bundled_recording
    from tui.rehearsal.rehearse import RehearsalEnvironment
    from tui.run.journal import read_state
    from tui.run.store import Store

    started = launch.started
    if isinstance(launch.environment, RehearsalEnvironment):
        return _rehearsed(launch.environment.recording).scaled(1 / started.speed)
    directory = bundled_recording(started.plan)
    recorded = EMPTY
    with contextlib.suppress(OSError):  # somebody has taken it away
        recorded = Expectation.of([read_state(directory)] if directory else []).named("a recording")
    earlier = Store().recent_states(started.plan, "kind", current=started.run, mode=started.mode)
    return Expectation.of(earlier).merged(recorded)


def _rehearsed(recording: Recording) -> Expectation:
    """Return how long the tasks take that a recording has whole."""
    from tui.insight.expectation import Expectation

    whole = {
        task: tuple((step.title, step.seconds) for step in steps)
        for task, steps in recording.steps.items()
        if all(step.failure is None for step in steps)
    }
    seconds = {task: sum(took for _, took in steps) for task, steps in whole.items()}
    return Expectation(seconds, whole, recording.source)
