"""How the dashboard is left: by keys, which ask what becomes of the run, and by signals, which stop it."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from tui.dashboard.screens.question import Answer, Question
from tui.run.commands import CancelRun, Close, Kill

if TYPE_CHECKING:
    from textual.app import App

    from tui.dashboard.control import Control, Leaving
    from tui.dashboard.frame import Model

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_DRAINED_WITHIN = 30.0  # seconds, which is far more than it takes a run to finish
_LEAVE_WITHIN = 3.0  # seconds after the run has finished, where a signal asked for that
_INTERRUPTED = 130  # the exit code of what a signal ended


class Departure:
    """Leaves the dashboard of a run, and stops the run where that is asked for."""

    def __init__(self, app: App[Leaving], control: Control, model: Model) -> None:
        """Prepare to leave a run's dashboard.

        Args:
            app: The dashboard.
            control: The run.
            model: What is known of it.
        """
        self._app = app
        self._control = control
        self._model = model
        self._question: Question | None = None
        self._stopping = False
        self._guard: threading.Thread | None = None

    # Keys

    def leave(self) -> None:
        """Leave; while the run goes on, ask what becomes of it."""
        state = self._model.state
        if self._control.is_elsewhere:
            self._app.exit("over")
        elif self._control.feed is None or state.started is None:
            self._give_up()
        elif state.ended_at is not None:
            self._control.tell(Close())
        else:
            self._ask(state.cancelling)

    def interrupt(self) -> None:
        """Ask like `leave` the first time; the next time stop the run, then kill what is left of it."""
        stopping = self._stopping or self._model.state.cancelling
        if self._question is not None or (stopping and not self._control.is_elsewhere):
            self._close_question()
            self.stop()
        else:
            self.leave()

    def _ask(self, stopping: bool) -> None:
        answers = [
            Answer("l", "go on as plain lines"),
            Answer("c", "kill what is left" if stopping else "cancel the run", grave=True),
        ]
        text = "The run is being stopped; killing does not wait for it." if stopping else ""
        self._question = Question("Leave the dashboard?", answers, text, otherwise="stay")
        self._app.push_screen(self._question, self._answered)

    def _answered(self, key: str | None) -> None:
        self._question = None
        if key == "l":
            self._app.exit("lines")
        elif key == "c":
            self.stop()

    def _close_question(self) -> None:
        if self._question is not None and self._app.screen is self._question:
            self._question.dismiss("")

    # Signals

    def heed_signals(self) -> None:
        """Take signals, but not through the loop: it stands still while the terminal does not read."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as of SIGHUP under nohup
                signal.signal(number, self._signalled)

    def look_for_terminal(self) -> None:
        """Treat a terminal that is gone as SIGHUP, which not every process of its session gets."""
        if self._guard is None and sys.__stdin__ is not None:
            poll = select.poll()
            poll.register(sys.__stdin__.fileno(), 0)
            if any(state & select.POLLHUP for _, state in poll.poll(0)):
                self._signalled(signal.SIGHUP, None)

    def _signalled(self, number: int, _: object) -> None:
        """Stop the run on a signal; kill it on a second one."""
        if number == signal.SIGHUP:  # the terminal is gone, though Textual would begin anew at the SIGCONT
            signal.signal(signal.SIGCONT, signal.SIG_IGN)
        if self._guard is None:
            self._guard = threading.Thread(target=self._leave_in_time, name="guard", daemon=True)
            self._guard.start()
        if self._control.feed is None:
            self._app.call_later(self.stop)
        else:
            self.stop()

    def _leave_in_time(self) -> None:
        """End the process once the run has finished, should the terminal keep Textual from it."""
        deadline = time.monotonic() + _DRAINED_WITHIN
        while self._control.feed is not None and not self._control.over and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(_LEAVE_WITHIN)
        os._exit(_INTERRUPTED)

    # Stopping

    def stop(self) -> None:
        """Stop the run, or kill it if it is being stopped already; just leave one that has finished."""
        state = self._model.state
        if self._control.feed is None:
            self._give_up()
        elif not self._control.is_elsewhere and (state.started is None or state.ended_at is None):
            self._control.interrupted()
            self._control.tell(Kill() if state.cancelling or self._stopping else CancelRun())
            self._stopping = True
        self._control.tell(Close())

    def _give_up(self) -> None:
        """Leave before the run has begun."""
        self._control.interrupted()
        self._app.exit("over")
