"""A key that is listened for while lines are printed."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pressed:
    """Whether a key was pressed since it was asked last; called often, so it costs one call to the system.

    Attributes:
        listens: There is a terminal to listen to.
    """

    def __init__(self, key: str, terminal: int | None) -> None:
        self.listens = terminal is not None
        self._key = key.encode()
        self._terminal = terminal

    def __call__(self) -> bool:
        """Looks, and does not wait."""
        if self._terminal is None or not select.select([self._terminal], [], [], 0)[0]:
            return False
        data = os.read(self._terminal, 1024)
        if not data:  # the terminal is gone
            self._terminal = None
        return self._key in data


@contextlib.contextmanager
def keyboard(key: str) -> Iterator[Pressed]:
    """Has a terminal give keys at once and without showing them, until left; signals work as ever.

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
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield Pressed(key, terminal)
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
