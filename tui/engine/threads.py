"""Threads for what steps cannot await, which a run need not wait for at its end."""

from __future__ import annotations

import asyncio
import concurrent.futures
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LOOK_EVERY = 0.05  # seconds


class Place(NamedTuple):
    """The step of an attempt that something is done for."""

    task: str
    attempt: int
    title: str


PLACE: ContextVar[Place | None] = ContextVar("place", default=None)
"""The step that the current code works for; unset outside of steps."""


class StepThreads(concurrent.futures.ThreadPoolExecutor):
    """A loop's threads; knows for which step each call is made.

    A call that hangs, on a network disk for example, cannot be ended: it is left behind.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="step")
        self._calls: dict[concurrent.futures.Future[Any], Place | None] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Make a call on a thread; see `Executor.submit`."""
        future = super().submit(fn, *args, **kwargs)
        self._calls[future] = PLACE.get()
        future.add_done_callback(self._done)
        return future

    def _done(self, future: concurrent.futures.Future[Any]) -> None:
        self._calls.pop(future, None)

    async def blocked(self, within: float) -> list[Place]:
        """Wait some seconds for all calls to return, and return the steps of those that have not."""
        for _ in range(round(within / _LOOK_EVERY)):
            if not self._calls:
                break
            await asyncio.sleep(_LOOK_EVERY)
        return list(dict.fromkeys(place for place in self._calls.copy().values() if place is not None))

    def leave(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Let the loop close without waiting for calls that have not returned.

        Returns:
            Whether there are none.
        """
        self.shutdown(wait=False, cancel_futures=True)
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
        return not self._calls
