"""Virtual clocks: event loops whose time is not the world's, so that no test waits.

`run_virtual` jumps from timer to timer, for a coroutine that runs by itself. `SteppedLoop` moves only as far
as a test says, for a loop on a thread of its own that others look at.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

T = TypeVar("T")
Ready = list[tuple[selectors.SelectorKey, int]]

_CLOSE = 1e-10  # what sums of seconds may be off by


_THREADS = 5.0  # seconds in which a thread may report, as one does while the loop closes


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait for timers: time is put forward to them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is None:
            if ready := super().select(_THREADS):
                return ready
            raise RuntimeError("nothing will ever happen: no task can run and no timer is set")
        if timeout > 0:
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end on virtual time; one that can never go on is an error."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class _SteppedSelector(selectors.DefaultSelector):
    """Puts time forward from timer to timer, but not past a target; there it waits for the world."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.target = 0.0
        self.reached: list[threading.Event] = []

    def select(self, timeout: float | None = None) -> Ready:
        if ready := super().select(0):
            return ready
        if timeout is not None and self.now + timeout <= self.target + _CLOSE:
            self.now = min(self.now + timeout, self.target)
            return []
        self.now = self.target
        while self.reached:
            self.reached.pop().set()
        return super().select()


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until another thread moves it.

    Give it to a `Session` as its loop, start that, and `advance`. It knows of timers and of what other
    threads tell it; a program or a connection that it waits for is no reason for `advance` not to return.
    """

    def __init__(self) -> None:
        self._stepped = _SteppedSelector()
        super().__init__(self._stepped)

    def time(self) -> float:
        return self._stepped.now

    def advance(self, to: float) -> None:
        """Moves time, and waits until the loop has done all that was due and all that it had been told.

        Under another loop: `await asyncio.to_thread(loop.advance, 10.0)`.

        Args:
            to: The new time, in seconds since the loop began; one that has passed only lets it catch up.
        """
        reached = threading.Event()

        def step() -> None:
            self._stepped.target = max(self._stepped.target, to)
            self._stepped.reached.append(reached)

        try:
            self.call_soon_threadsafe(step)
        except RuntimeError:  # it has ended, and time with it
            return
        while not reached.wait(0.01) and not self.is_closed():
            continue
