"""A run on a thread and event loop of its own, so that nothing on the screen's side can hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from tui.engine.awake_loop import AwakeLoop

if TYPE_CHECKING:
    from tui.engine.engine import Engine
    from tui.run.commands import Command
    from tui.run.feed import Feed


class Session:
    """Runs an engine, and passes commands on to it.

    Attributes:
        feed: What the run tells, for views.
    """

    def __init__(self, engine: Engine, feed: Feed, *, runner: asyncio.Runner | None = None) -> None:
        """Prepare the thread.

        Args:
            engine: The engine, whose listener is the feed.
            feed: Is closed when the run has finished.
            runner: What it runs on, as connections may belong to that already, and closes at its end; one of
                its own if absent.
        """
        self.feed = feed
        self._engine = engine
        self._runner = runner or asyncio.Runner(loop_factory=AwakeLoop)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begin the run."""
        self._thread.start()
        self._running.wait()

    def tell(self, command: Command) -> None:
        """Put a command into the engine's queue, from any thread; a finished run takes none."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._engine.do, command)

    def join(self) -> bool:
        """Wait for the thread's end.

        Returns:
            Whether nothing of the run is left in this process.

        Raises:
            BaseException: Whatever the engine itself died of.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._engine.clean

    def _run(self) -> None:
        try:
            with self._runner as runner:
                runner.run(self._main())
        except BaseException as error:  # it is raised where the session is joined
            self._error = error
        finally:
            self._running.set()
            self.feed.close()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._running.set)
        await self._engine.run()
