"""A run on a thread and event loop of its own, so that nothing on the screen's side can hold it up."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.engine.engine import Engine
    from tui.run.events import Event


class Session:
    """Runs an engine, hands its events over, and takes commands for it.

    Attributes:
        events: The run's events as they happen; None is put behind the last.
    """

    def __init__(self, make: Callable[[Callable[[Event], None]], Engine]) -> None:
        """Prepares the thread.

        Args:
            make: Makes the engine, given what is to be told of each event.
        """
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._engine = make(self.events.put)
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
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(command, self._engine)

    def follow(self, every: float) -> Iterator[Event | None]:
        """Waits for events until the run has ended.

        Args:
            every: Seconds after which None comes where no event did.
        """
        while True:
            try:
                event = self.events.get(timeout=every)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            yield event

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
            asyncio.run(self._main())
        except BaseException as error:  # it is raised where the session is joined
            self._fault = error
        finally:
            self._running.set()
            self.events.put(None)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._running.set)
        await self._engine.run()
