"""Follows a run to its end without a screen: prints it, and passes the user's signals on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, TextIO

from tui.console.keyboard import keyboard
from tui.console.lines import Lines
from tui.run.events import encode
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.console.style import Style
    from tui.run.events import Event


class Follower:
    """Folds a run's events and shows each.

    Attributes:
        state: The run, as far as it was followed.
        interrupted: A signal asked for its end.
    """

    def __init__(
        self,
        output: str,
        out: TextIO,
        style: Style,
        stop: Callable[[], None],
        kill: Callable[[], None],
        *,
        now: Callable[[], float],
        switch: str = "",
    ) -> None:
        """Prepares to follow.

        Args:
            output: `text` or `json`.
            out: Where it is printed.
            style: Colours or none.
            stop: Cancels the run; asked for by the first signal, or when nobody reads what is printed.
            kill: Kills it; asked for by the second.
            now: Seconds since the run began.
            switch: The key that leads to another view; empty where there is none.
        """
        self.state = RunState()
        self.interrupted = False
        self._lines = Lines(out, style) if output == "text" else None
        self._out = out
        self._style = style
        self._stop = stop
        self._kill = kill
        self._now = now
        self._switch = switch
        self._deaf = False

    def follow(self, events: Iterator[Event | None]) -> bool:
        """Shows events until the last, or until the key was pressed that leads to another view.

        Returns:
            Whether it was that key.
        """
        with keyboard(self._switch) as pressed:
            if self._switch and pressed.listens:
                self._out.write(self._style(f"plain lines; {self._switch} leads to the dashboard\n", "dim"))
            for event in events:
                if event is not None:
                    self.state.apply(event)
                if not self._deaf:
                    self._guarded(event)
                if pressed():
                    return True
        return False

    def _guarded(self, event: Event | None) -> None:
        try:
            self._show(event)
        except OSError:  # nobody reads any more: `bringup up | head`, or a log on a full disk
            self._deaf = True
            self._stop()
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _show(self, event: Event | None) -> None:
        if self._lines is None:
            if event is not None:
                self._out.write(encode(event) + "\n")
                self._out.flush()
        elif event is not None:
            self._lines.show(event, self.state)
        else:
            self._lines.beat(self._now(), self.state)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Takes Ctrl-C, SIGTERM and a closed terminal as a wish to stop, until left."""
        kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {kind: signal.signal(kind, self._interrupt) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _interrupt(self, *_: object) -> None:
        again, self.interrupted = self.interrupted, True
        (self._kill if again else self._stop)()
