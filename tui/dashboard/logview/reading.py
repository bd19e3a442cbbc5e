"""How a screen reads a log file: on threads, while it grows, its end first."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from textual.screen import Screen

from tui.dashboard.logview.lines import LogView
from tui.dashboard.screens.work import start_work
from tui.run.log.reader import LogReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.run.log.file import LogSlice


class LogReading(Screen[None]):
    """A screen with a `LogView` named `log`, into which it reads a file."""

    def __init__(
        self, path: Path, moment: Callable[[], float], attempt: int | None, every: float | None
    ) -> None:
        """Read nothing yet.

        Args:
            path: The file; it may not be there yet.
            moment: Gives the moment up to which lines are shown, in seconds since the run began.
            attempt: The attempt whose lines are wanted; None for all.
            every: Seconds between two looks at the file; None where somebody else calls `pull`.
        """
        super().__init__()
        self._every = every
        self._attempt = attempt
        self._sources: frozenset[str] | None = None
        self._reader = LogReader(path, self._missed, moment)
        self._tail: tuple[int, LogSlice] | None = None  # what is shown until the file is known to its end
        self._loading = False
        self._fault = ""

    def _show(self) -> None:
        """Update what is shown, if it has changed."""
        raise NotImplementedError

    @property
    def log_view(self) -> LogView:
        """The log."""
        return self.query_one("#log", LogView)

    async def _read(self) -> None:
        with contextlib.suppress(OSError):  # it is said by the next pull
            place, tail = await asyncio.to_thread(self._reader.file.tail)
            if place and self._attempt is None:
                self._tail = place, tail
                self.log_view.show(tail)
        await self._filter()
        while True:
            if not await self.pull():
                if self._every is None:
                    return
                await asyncio.sleep(self._every)

    async def pull(self) -> bool:
        """Read and search a bounded amount of what was written since.

        Returns:
            Whether there is more to do at once.
        """
        reader = self._reader
        try:
            more = await asyncio.to_thread(reader.advance)
            self._fault = ""
        except OSError as error:
            more, self._fault = False, f"cannot be read: {error.strerror}"
        if self._tail is not None and reader.file.read >= reader.file.size:
            await self._leave_tail()
        self._show()
        return more

    async def _leave_tail(self) -> None:
        """Show the file in place of its last lines, with the same line at the top."""
        if self._tail is None:
            return
        place, _ = self._tail
        shift = self._reader.file.line_at(place)
        await asyncio.to_thread(self._reader.window.load, shift + self.log_view.top)
        if self._tail is not None:
            self._tail = None
            self.log_view.show(self._reader.window, shift)

    def _missed(self) -> None:
        if not self._loading:
            self._loading = True
            start_work(self, self._load, "load")

    async def _load(self) -> None:
        with contextlib.suppress(OSError):  # it is said by the next pull
            await asyncio.to_thread(self._reader.window.load)
        self._loading = False
        self.log_view.pull()

    async def _filter(self) -> None:
        """Show the lines that are wanted now, from where the log is on."""
        if self._attempt is None and self._sources is None and self._tail is not None:
            return  # it will be shown when it is known
        await self._leave_tail()
        log, reader = self.log_view, self._reader
        top = log.top
        with contextlib.suppress(OSError):
            choice = await asyncio.to_thread(reader.choose, self._attempt, self._sources, top)
            reader.use(choice)
            log.current = None
            log.show(choice.window, choice.number - top)
        self._show()
