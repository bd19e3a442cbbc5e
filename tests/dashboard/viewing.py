"""Lines of a log in a widget of their own, for tests: where they come from, and what can be read of them."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from rich.style import Style

from tui.dashboard.colors import ReadableApp
from tui.run.log.line import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.strip import Strip

    from tui.dashboard.logview.lines import LogView


def said(*texts: str, source: str = "", attempt: int = 1) -> list[LogLine]:
    """Lines of these texts."""
    return [LogLine(text, source, attempt, 0, 65.0) for text in texts]


def numbered(count: int, start: int = 0) -> list[LogLine]:
    """Lines that say which they are."""
    return said(*(f"line {i}" for i in range(start, start + count)))


class Ring:
    """Lines of which the oldest vanish; it remembers how much was read of it."""

    def __init__(self, keep: int, lines: Iterable[LogLine] = ()) -> None:
        self.lines: deque[LogLine] = deque(maxlen=keep)
        self.end = 0
        self.most_read = self.reads = 0
        self.put(lines)

    @property
    def first(self) -> int:
        return self.end - len(self.lines)

    def put(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            self.lines.append(line)
            self.end += 1

    def read(self, start: int, stop: int) -> list[LogLine]:
        self.reads += 1
        self.most_read = max(self.most_read, stop - start)
        return list(islice(self.lines, max(0, start - self.first), max(0, stop - self.first)))


class Viewer(ReadableApp[None]):
    """Shows the lines, and nothing else."""

    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view


def strips(view: LogView) -> list[Strip]:
    """What is in sight, row by row."""
    return [view.render_line(y) for y in range(view.size.height)]


def rows(view: LogView) -> list[str]:
    """Its text, row by row."""
    return [strip.text.rstrip() for strip in strips(view)]


def follows(view: LogView) -> bool:
    """Whether it goes along with what comes."""
    return view.follow


def styles(strip: Strip) -> list[tuple[str, Style]]:
    """The pieces of a row, and how they look."""
    return [(segment.text, segment.style or Style()) for segment in strip]
