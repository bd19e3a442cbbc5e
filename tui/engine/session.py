"""A run on a thread and event loop of its own, so that nothing on the screen's side can hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING

from tui.run.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.engine.engine import Engine
    from tui.run.events import Event


class Session:
    """Runs an engine, hands over what it says, and takes commands for it.

    Attributes:
        feed: What the run says.
    """

    def __init__(
        self,
        make: Callable[[Callable[[Event], None]], Engine],
        *,
        runner: asyncio.Runner | None = None,
    ) -> None:
        """Prepares the thread.

        Args:
            make: Makes the engine, given what is to be told of each event.
            runner: What it runs on, as connections may belong to that already, and closes at its end; one of
                its own if absent.
        """
        self._engine = make(lambda event: self.feed.put(event))
        self.feed = Feed(self._engine.journal, clock=self._time)
        self._runner = runner or asyncio.Runner()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begins the run."""
        self._thread.start()
        self._running.wait()

    def tell(self, command: Callable[[Engine], object]) -> None:
        """Gives the engine a command, from any thread: `session.tell(Engine.cancel_run)`."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the run has ended, and its loop is closed
                self._loop.call_soon_threadsafe(command, self._engine)

    def follow(self, every: float) -> Iterator[Event | None]:
        """Waits for events, output among them, until the run has ended; see `Feed.follow`.

        Args:
            every: Seconds after which None comes where no event did.
        """
        return self.feed.follow(every)

    def join(self) -> None:
        """Waits for the thread's end.

        Raises:
            BaseException: Whatever the engine itself died of.
        """
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            with self._runner as runner:
                runner.run(self._main())
        except BaseException as error:  # it is raised where the session is joined
            self._fault = error
        finally:
            self._running.set()
            self.feed.close()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._running.set)
        await self._engine.run()

    def _time(self) -> float:
        return time.monotonic() if self._loop is None else self._loop.time()
