"""Reads a key while lines are printed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING

from tui.console.person import in_foreground

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pressed:
    """Tells whether a key was pressed since it was asked last, by one call to the system.

    Attributes:
        listens: There is a terminal to listen to.
    """

    def __init__(self, key: str, terminal: int | None) -> None:
        self.listens = terminal is not None
        self._key = key.encode()
        self._terminal = terminal

    def __call__(self) -> bool:
        """Look, and do not wait."""
        if self._terminal is None or not select.select([self._terminal], [], [], 0)[0]:
            return False
        data = os.read(self._terminal, 1024)
        if not data:  # the terminal is gone
            self._terminal = None
        return self._key in data


@contextlib.contextmanager
def keyboard(key: str) -> Iterator[Pressed]:
    """Set the terminal to give keys at once and not to echo them, until left; signals work as before.

    A shell sets the terminal as it likes while the program is stopped: it is set anew afterwards.

    Args:
        key: The key that is listened for; empty for none.
    """
    if not key or not sys.stdin.isatty():
        yield Pressed(key, None)
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def listen(*_: object) -> None:
        if in_foreground(terminal):
            tty.setcbreak(terminal, termios.TCSANOW)

    listen()
    handler = signal.signal(signal.SIGCONT, listen)
    try:
        yield Pressed(key, terminal)
    finally:
        signal.signal(signal.SIGCONT, handler)
        if in_foreground(terminal):  # or else the terminal stops the process
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
