"""Follows a run to its end without a screen, and prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.console.keyboard import keyboard
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.run.events import Event


class Printer(Protocol):
    """Prints a run as it goes on."""

    def show(self, event: Event, state: RunState) -> None:
        """Print an event.

        Args:
            event: The event.
            state: The run, with the event in it.
        """

    def beat(self, now: float, state: RunState) -> None:
        """Print what is due when no event has come for a moment.

        Args:
            now: Seconds since the run began.
            state: The run.
        """

    def say(self, text: str) -> None:
        """Print a remark about the printing itself."""


class Follower:
    """Folds a run's events and prints each.

    Attributes:
        state: The run, as far as it was followed.
    """

    def __init__(
        self,
        printer: Printer,
        now: Callable[[], float],
        on_unread: Callable[[OSError], None],
        switch: str = "",
    ) -> None:
        """Prepare to follow.

        Args:
            printer: What it is printed by.
            now: Tells the seconds since the run began.
            on_unread: Called once, when nothing can be printed any more, as the reader has gone.
            switch: The key that leads to another view; empty where there is none.
        """
        self.state = RunState()
        self._printer = printer
        self._now = now
        self._on_unread = on_unread
        self._switch = switch
        self._unread = False

    def follow(self, events: Iterator[Event | None]) -> bool:
        """Print events until the last, or until the key is pressed that leads to another view.

        Args:
            events: The events; None where none came for a moment.

        Returns:
            Whether it was that key.
        """
        with keyboard(self._switch) as pressed:
            if self._switch and pressed.listens:
                self._printer.say(f"plain lines; {self._switch} leads to the dashboard")
            for event in events:
                if event is not None:
                    self.state.apply(event)
                if not self._unread:
                    self._print(event)
                if pressed():
                    return True
        return False

    def _print(self, event: Event | None) -> None:
        try:
            if event is not None:
                self._printer.show(event, self.state)
            else:
                self._printer.beat(self._now(), self.state)
        except OSError as error:
            self._unread = True
            self._on_unread(error)
