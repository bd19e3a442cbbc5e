"""What a screen reads of a log file: what it needs is in memory when it needs it, or is sent for."""

from __future__ import annotations

import errno
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
    """The lines of a view around what is looked at and at its end: what can be read without waiting."""

    first = 0

    def __init__(self, view: LogFileView, missed: Callable[[], None]) -> None:
        """Holds nothing yet.

        Args:
            view: Whose lines.
            missed: Called when lines are wanted soon, or at once, that are not here: `load` is due.
        """
        self.view = view
        self._missed = missed
        self._wanted = 0
        self._near = self._tail = LogSlice()

    @property
    def end(self) -> int:
        """One more than the newest line's number; that line is here."""
        return self._tail.end

    def read(self, start: int, stop: int) -> list[LogLine]:
        """The lines from `start` up to but not including `stop`; none where they are not all here."""
        start, stop = max(0, start), min(stop, self.end)
        held = next((e for e in (self._tail, self._near) if e.first <= start and stop <= e.end), None)
        least, most = max(0, start - _MARGIN), min(self.end, stop + _MARGIN)
        if start < stop and not any(e.first <= least and most <= e.end for e in (self._tail, self._near)):
            self._wanted = (start + stop) // 2
            self._missed()
        return held.read(start, stop) if held else []

    def load(self, around: int | None = None) -> None:
        """Reads the lines around one, or around those that were missed."""
        wanted = self._wanted if around is None else around
        first = max(0, wanted - _NEAR)
        self._near = LogSlice(first, self.view.read(first, wanted + _NEAR))

    def pull(self) -> None:
        """Reads the lines that the view got at its end."""
        tail, end = self._tail, self.view.end
        if end != tail.end:
            first = max(tail.end, end - _NEAR)
            lines = [*(tail.lines if first == tail.end else ()), *self.view.read(first, end)][-_NEAR:]
            self._tail = LogSlice(end - len(lines), lines)


class Choice(NamedTuple):
    """Other lines of a log file, ready to be shown.

    Attributes:
        view: They.
        window: What can be shown of them at once.
        number: The number that the line at the top has among them, or the next that is left.
    """

    view: LogFileView
    window: Window
    number: int


class LogReader:
    """A log file, the lines of it that are wanted, and what is looked for in them.

    Its methods but `use` read, and belong on a thread; what they leave can be looked at without waiting.

    Attributes:
        file: The whole of it.
        view: Those of its lines that are wanted.
        window: Those of them that can be shown at once.
        search: What is looked for, if anything.
    """

    def __init__(self, path: Path, missed: Callable[[], None]) -> None:
        """Has read nothing yet.

        Args:
            path: The file; it may not be there yet.
            missed: As for `Window`.
        """
        self._missed = missed
        self._turn = Lock()
        self.file = LogFile(path)
        self.view = self.file.view()
        self.window = Window(self.view, missed)
        self.search: Search | None = None

    def advance(self) -> bool:
        """Takes a step: reads what was written since, filters it and searches it.

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
        """Makes other lines ready.

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
        """Wants other lines from now on; what is looked for is looked for among them."""
        self.view, self.window, number = choice
        if self.search is not None:
            self.search = Search(self.view, self.search.matches, number)

    def last_texts(self, most: int) -> list[str]:
        """The texts of the last lines that are wanted, as many as fit into so many characters."""
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
        """Writes the lines that are wanted to a file, each with its source before it.

        Args:
            path: The file.
            clean: What makes of a text what is written.
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
