"""A log file for a screen: the lines that it shows are in memory, others are loaded on a thread."""

from __future__ import annotations

import errno
import math
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from tui.run.log.file import LogFile, LogFileView, LogSlice
from tui.run.log.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.run.log.line import LogLine

_NEAR = 400  # lines that a window keeps around what is looked at, and at the end
_MARGIN = 100  # lines before the window's edge at which more are loaded


class Window:
    """The lines of a view that are in memory: those around the visible ones, and the last ones."""

    first = 0

    def __init__(self, view: LogFileView, missed: Callable[[], None]) -> None:
        """Make an empty window.

        Args:
            view: Whose lines.
            missed: Called when lines are wanted that are not in memory: `load` is due.
        """
        self.view = view
        self._missed = missed
        self._wanted = 0
        self._near = self._tail = LogSlice()

    @property
    def end(self) -> int:
        """One more than the number of the newest line, which is in memory."""
        return self._tail.end

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the lines from `start` up to, not including, `stop`; none unless all are in memory."""
        start, stop = max(0, start), min(stop, self.end)
        held = next((e for e in (self._tail, self._near) if e.first <= start and stop <= e.end), None)
        least, most = max(0, start - _MARGIN), min(self.end, stop + _MARGIN)
        if start < stop and not any(e.first <= least and most <= e.end for e in (self._tail, self._near)):
            self._wanted = (start + stop) // 2
            self._missed()
        return held.read(start, stop) if held else []

    def load(self, around: int | None = None) -> None:
        """Load the lines around a line, or around those that were missed."""
        wanted = self._wanted if around is None else around
        first = max(0, wanted - _NEAR)
        self._near = LogSlice(first, self.view.read(first, wanted + _NEAR))

    def pull(self) -> None:
        """Load the lines that the view got at its end."""
        tail, end = self._tail, self.view.end
        if end != tail.end:
            first = max(tail.end, end - _NEAR)
            lines = [*(tail.lines if first == tail.end else ()), *self.view.read(first, end)][-_NEAR:]
            self._tail = LogSlice(end - len(lines), lines)


class Choice(NamedTuple):
    """Other lines of a log file, ready to be shown.

    Attributes:
        view: The lines.
        window: What can be shown of them at once.
        number: The number that the line at the top has among them, or the next that is left.
    """

    view: LogFileView
    window: Window
    number: int


class LogReader:
    """A log file, a view of it, and a search in that.

    All methods but `use` read the file and belong on a thread; attributes can be read without waiting.

    Attributes:
        file: The whole of it.
        view: Those of its lines that are wanted.
        window: Those of them that can be shown at once.
        search: What is looked for, if anything.
    """

    def __init__(
        self, path: Path, missed: Callable[[], None], moment: Callable[[], float] = lambda: math.inf
    ) -> None:
        """Make a reader that has read nothing yet.

        Args:
            path: The file; it may not be there yet.
            missed: As for `Window`.
            moment: As for `LogFile`.
        """
        self._missed = missed
        self._turn = Lock()
        self.file = LogFile(path, moment)
        self.view = self.file.view()
        self.window = Window(self.view, missed)
        self.search: Search | None = None

    def advance(self) -> bool:
        """Read a piece of what was written since, filter and search it.

        Returns:
            Whether there is more to do at once.

        Raises:
            OSError: The file cannot be read.
        """
        with self._turn:
            view, window, search = self.view, self.window, self.search
            more = self.file.extend()
            more = view.extend() or more
            window.pull()
            return (search is not None and search.advance()) or more

    def choose(self, attempt: int | None, sources: frozenset[str] | None, number: int) -> Choice:
        """Prepare a view of other lines.

        Args:
            attempt: Of which attempt only, if any.
            sources: Of which sources only, if any.
            number: The number of the line at the top.
        """
        with self._turn:
            line = self.view.in_file(number)
            view = self.file.view(attempt, sources)
            while view.extend():
                pass
        window = Window(view, self._missed)
        window.pull()
        window.load(view.find(line))
        return Choice(view, window, view.find(line))

    def use(self, choice: Choice) -> None:
        """Show other lines from now on, and search among them."""
        self.view, self.window, number = choice
        if self.search is not None:
            self.search = Search(self.view, self.search.matches, number)

    def last_texts(self, most: int) -> list[str]:
        """Return the texts of the view's last lines, as many as fit into `most` characters."""
        texts: list[str] = []
        stop = self.view.end
        while stop > 0:
            for text in reversed(list(self.view.texts(max(0, stop - 100), stop))):
                most -= len(text) + 1
                if most < 0 and texts:
                    return texts[::-1]
                texts.append(text)
            stop -= 100
        return texts[::-1]

    def save(self, path: Path, clean: Callable[[str], str], *, overwrite: bool = False) -> int:
        """Write the view's lines to a file, each with its source before it.

        Args:
            path: The file.
            clean: Returns a text as it is to be written.
            overwrite: Whether a file that is there may be replaced.

        Returns:
            How many lines were written.

        Raises:
            OSError: It cannot be written, or is there already, or is the log itself.
        """
        if path.exists() and path.samefile(self.file.path):
            raise OSError(errno.EINVAL, "This is the log itself")
        view, end = self.view, self.view.end
        with path.open("w" if overwrite else "x", encoding="utf-8", errors="replace") as file:
            for start in range(0, end, 1000):
                for line in view.read(start, min(start + 1000, end)):
                    source = f"{clean(line.source)} | " if line.source else ""
                    file.write(f"{source}{clean(line.text)}\n")
        return end
