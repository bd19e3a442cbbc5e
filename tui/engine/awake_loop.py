"""An event loop whose time stands still while the process does.

A machine that sleeps, a paused container and Ctrl-Z stop a process for as long as they like. Deadlines are
about work: those that passed meanwhile would fail steps that had no time.
"""

from __future__ import annotations

import asyncio
import selectors
import time

_LATE = 5.0  # seconds after its timer at which a process that wakes was stopped, rather than kept waiting

Ready = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.DefaultSelector):
    """Notes how long the process was stopped while it waited, which it mostly does.

    Attributes:
        stopped: Seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped = 0.0

    def select(self, timeout: float | None = None) -> Ready:
        begun = time.monotonic()
        ready = super().select(timeout)
        if timeout is not None:
            late = time.monotonic() - begun - max(timeout, 0.0)
            self.stopped += late if late > _LATE else 0.0
        return ready


class AwakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time leaves out that in which the process was stopped."""

    def __init__(self) -> None:
        self._awake = _Selector()
        super().__init__(self._awake)

    def time(self) -> float:
        """Return the seconds of a clock that only runs while the process does."""
        return super().time() - self._awake.stopped
