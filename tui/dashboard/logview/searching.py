"""How a screen searches a log: for a pattern, or for what looks like an error."""

from __future__ import annotations

import asyncio
import contextlib
import re
from functools import partial
from typing import TYPE_CHECKING

from tui.dashboard.ansi import clean
from tui.dashboard.logview.reading import LogReading
from tui.dashboard.screens.work import start_work
from tui.dashboard.widgets.ask_bar import AskBar
from tui.run.log.search import Search, compile_search, tells_trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class LogSearching(LogReading):
    """A screen with an `AskBar` named `bar`, in which it asks what to look for and tells what it found."""

    def __init__(
        self, path: Path, moment: Callable[[], float], attempt: int | None, every: float | None
    ) -> None:
        """Look for nothing yet; see `LogReading`."""
        super().__init__(path, moment, attempt, every)
        self._looking_for = ""  # in words
        self._pattern: re.Pattern[str] | None = None  # what is looked for, where it is a pattern

    @property
    def _bar(self) -> AskBar:
        return self.query_one("#bar", AskBar)

    def action_search(self) -> None:
        """Ask what to look for."""
        self._bar.ask("search", "/", self._pattern.pattern if self._pattern is not None else "")

    def _mark(self, text: str) -> None:
        """Mark the matches of what is typed in the visible lines."""
        if self._bar.asking == "search":
            self._bar.note("")
            self.log_view.pattern = self._compiled(text)

    def _compiled(self, text: str) -> re.Pattern[str] | None:
        try:
            return compile_search(text) if text else None
        except re.error as error:
            self._bar.note(f"no pattern: {error.msg}", fault=True)
            return None

    def _submit_search(self, text: str) -> None:
        """Begin to search from the visible lines on; with no text, end it."""
        if not text:
            self._end_search()
        elif (pattern := self._compiled(text)) is not None:
            self._look_for_pattern(pattern, self.log_view.top)

    def find(self, text: str) -> None:
        """Go to the first line that has a text in it."""
        self._look_for_pattern(re.compile(re.escape(text)), 0)

    def _look_for_pattern(self, pattern: re.Pattern[str], start: int) -> None:
        search = pattern.search
        self._look_for("match", pattern, lambda text: search(clean(text)), start)

    def _look_for(
        self, what: str, pattern: re.Pattern[str] | None, matches: Callable[[str], object], start: int
    ) -> None:
        """Begin to search, and goes to the first that is found from a line on."""
        reader = self._reader
        self._looking_for = what
        self._pattern = self.log_view.pattern = pattern
        self.log_view.current = None
        start = 0 if self._tail is not None else min(start, reader.view.end)
        reader.search = Search(reader.view, matches, start)
        self._bar.close()
        self.log_view.focus()
        self._show_search()
        start_work(self, partial(self._find, start - 1), "find")

    def action_next(self, backwards: bool) -> None:
        """Go to the next match, or to the one before."""
        log = self.log_view
        at = log.current
        if at is None:
            at = log.in_sight.stop if backwards else log.top - 1
        start_work(self, partial(self._find, at, backwards=backwards), "find")

    def action_trouble(self) -> None:
        """Go to the first line that looks like an error, then to the next."""
        if self._reader.search is not None and self._looking_for == "error":
            self.action_next(backwards=False)
        else:
            self._look_for("error", None, lambda text: tells_trouble(clean(text)), 0)

    async def _find(self, at: int, *, backwards: bool = False) -> None:
        """Go to the match after a line, or before it, as soon as that is found."""
        search = self._reader.search
        if search is None:
            return
        while (found := search.next(at, backwards)) is None and not search.done and not self._fault:
            await self.pull()
            if search is not self._reader.search:
                return
        if found is not None:
            await self._leave_tail()
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._reader.window.load, found)
            self.log_view.reveal(found)
        self._show_search()

    def _show_search(self) -> None:
        """Show the search's progress."""
        search, log = self._reader.search, self.log_view
        if search is None or self._bar.asking:
            return
        ordinal = None if log.current is None else search.ordinal(log.current)
        if not search.done:
            note = f"{search.count:,} so far · {100 * search.part:.0f} %"
        elif search.count:
            note = f"{self._looking_for} {ordinal or '–'} of {search.count:,}"
        else:
            note = f"no {self._looking_for}"
        if self._pattern is None:
            self._bar.tell("", "lines that look like errors", note)
        else:
            self._bar.tell("/", self._pattern.pattern, note)

    def _end_search(self) -> None:
        self._reader.search = None
        self._pattern = self.log_view.pattern = self.log_view.current = None
        self._bar.close()
        self.log_view.focus()

    def _close_bar(self) -> None:
        self._bar.close()
        self.log_view.focus()
        self._show_search()
