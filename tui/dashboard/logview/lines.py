"""Lines of a log, of which only those in sight are read, broken and coloured."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.reactive import var
from textual.strip import Strip

from tui.dashboard.ansi import LIMIT, clean, clean_all
from tui.dashboard.logview.line import SHADES, LinePainter, Mark
from tui.dashboard.logview.row_view import RowView
from tui.run.log.file import LogSlice

if TYPE_CHECKING:
    import re

    from textual.selection import Selection

    from tui.run.log.line import LogLine, LogLines

_KEPT = 1000  # lines that stay drawn
_MOST_COPIED = 10_000  # lines of a selection
_PARTIAL = {"match", "found"}  # what is put over other styles


class _Drawn(NamedTuple):
    """A line as it is on the screen.

    Attributes:
        line: What it says.
        mark: What is special about it.
        strips: Its rows, each as wide as the widget.
    """

    line: LogLine
    mark: Mark
    strips: list[Strip]


class LogView(RowView, can_focus=True):
    """Shows the lines of a source, and follows its end until one scrolls away from it.

    Attributes:
        wrap: Whether long lines are broken.
        times: Whether each line says when it was said.
        pattern: What is marked wherever it is in sight.
        current: The number of the line that stands out, such as the match that was gone to.
    """

    DEFAULT_CSS = """
    LogView {
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-color: $foreground 20%;
        scrollbar-color-hover: $foreground 35%;
        scrollbar-color-active: $foreground 50%;
        scrollbar-background: $background 0%;
        scrollbar-background-hover: $background 0%;
        scrollbar-background-active: $background 0%;
        & > .log-view--time { color: $quiet; }
        & > .log-view--rule { color: $faint; }
        & > .log-view--source-0 { color: $text-primary; }
        & > .log-view--source-1 { color: $text-accent; }
        & > .log-view--source-2 { color: $text-secondary; }
        & > .log-view--source-3 { color: $quiet; }
        & > .log-view--source-4 { color: $text-warning; }
        & > .log-view--separator { color: $quiet; }
        & > .log-view--placeholder { color: $quiet; }
        & > .log-view--error { color: $text-error; }
        & > .log-view--current { background: $current; text-style: bold; }
        & > .log-view--match { text-style: bold underline; color: $text-warning; }
        & > .log-view--found { text-style: bold reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--time",
        "log-view--rule",
        *(f"log-view--source-{i}" for i in range(SHADES)),
        "log-view--separator",
        "log-view--placeholder",
        "log-view--error",
        "log-view--current",
        "log-view--match",
        "log-view--found",
    }
    """
    | Class | What it styles |
    | :- | :- |
    | `log-view--time` | The time before a line. |
    | `log-view--rule` | The rule between a source's name and its line. |
    | `log-view--source-0` … `-4` | The names of sources. |
    | `log-view--separator` | The row before the first line of another attempt. |
    | `log-view--placeholder` | What is said where there is no line. |
    | `log-view--error` | Lines that look like errors. |
    | `log-view--current` | The line that was gone to. |
    | `log-view--match` | What matches the pattern. |
    | `log-view--found` | What matches it in the line that was gone to. |
    """
    wrap: var[bool] = var(False, init=False)
    times: var[bool] = var(False, init=False)
    pattern: var[re.Pattern[str] | None] = var(None, init=False)
    current: var[int | None] = var(None, init=False)

    def __init__(
        self,
        source: LogLines | None = None,
        *,
        wrap: bool = False,
        times: bool = False,
        limit: int = LIMIT,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """Show a source.

        Args:
            source: The lines; none to begin with if left out.
            wrap: Whether long lines are broken.
            times: Whether each line says when it was said.
            limit: Characters of a line that are shown.
            placeholder: What is said where there is no line.
            id: The widget's id.
            classes: Its classes.
        """
        super().__init__(id=id, classes=classes)
        self.set_reactive(LogView.wrap, wrap)
        self.set_reactive(LogView.times, times)
        self.source: LogLines = LogSlice() if source is None else source
        self.placeholder = placeholder
        self._drawn: LRUCache[int, _Drawn] = LRUCache(_KEPT)
        self._missing = False  # some lines could not be read yet
        self._painter = LinePainter(self._style, limit=limit)
        self._styles: dict[str, Style] = {}

    # What is shown.

    def show(self, source: LogLines, shift: int = 0) -> None:
        """Show another source.

        Args:
            source: The lines.
            shift: How much greater a line's number is than in the source before; the place is kept.
        """
        line, row = self._top()
        self.source = source
        self.current = None if self.current is None else self.current + shift
        self._painter.names = 0
        self._start_over((line + shift, row))

    def pull(self) -> None:
        """Take over what the source has now; costs as much as there are lines in sight, or nothing."""
        first = self._first
        if not self.is_attached or (not self._missing and (first, self._end) == self._bounds()):
            return
        self._missing = False
        self._measure()
        if self.follow:
            self._go(self._last)
        elif first != self._first:
            self.scroll_y = self.scroll_target_y = self.scroll_y + first - self._first
        self._repaint()

    def reveal(self, number: int) -> None:
        """Scroll to a line and highlight it; the end is not followed any more.

        Where it matches the pattern, what matches is in sight.
        """
        self.pull()
        self.current = number
        top, place = self._top(), (number, self._row_of_match(number))
        if not top < place < self._moved(top, self.size.height - 1):
            self._go(self._moved(max(place, (self._first, 0)), -(self.size.height // 3)))
        self.follow = False

    def _row_of_match(self, number: int) -> int:
        """Return the row of a line's first match; scroll sideways to it where lines are not broken."""
        strips = self._strips(number)
        drawn = self._drawn.get(number)
        found = drawn and self.pattern and self.pattern.search(clean(drawn.line.text, self._painter.limit))
        if not drawn or not found:
            return 0
        row, cell = self._painter.locate(drawn.line, found.start())
        if not self.wrap and not self.column <= cell < self.column + self._painter.width // 2:
            self.column = max(0, cell - self._painter.width // 4)
        return min(row + drawn.mark.divided, len(strips) - 1)

    def copy_text(self) -> str:
        """Return the selected text, or else the lines in sight, without colours, names and times."""
        if self.text_selection is not None:
            return self.get_selection(self.text_selection)[0]
        lines = self.source.read(self._in_sight.start, self._in_sight.stop)
        return "\n".join(clean_all(line.text) for line in lines)

    # Changes.

    def _watch_wrap(self) -> None:
        self.set_reactive(LogView.column, 0)
        self._start_over(self._top())

    def _watch_pattern(self) -> None:
        self._start_over(self._top())

    _watch_times = _watch_pattern

    def _watch_current(self, old: int | None, new: int | None) -> None:
        for number in (old, new):
            if number is not None:
                self._drawn.discard(number)
        self._repaint()

    def notify_style_update(self) -> None:
        """Draw in the new colours."""
        super().notify_style_update()
        self._styles.clear()
        self._drawn.clear()
        self._frame = None

    def _forget(self) -> None:
        """Forget what lines look like."""
        self._drawn.clear()
        painter = self._painter
        painter.width = self.scrollable_content_region.width  # without the scrollbar
        painter.column, painter.widest, painter.colors = self.column, 0, not self.app.no_color
        painter.wrap, painter.times, painter.pattern = self.wrap, self.times, self.pattern

    # Selecting.

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Return the text of a selection, as far as its lines are loaded, and the separator after it."""
        start = self._first if selection.start is None else max(selection.start.y, self._first)
        stop = self._end if selection.end is None else min(selection.end.y + 1, self._end)
        texts: list[str] = []
        for at in range(start, min(stop, start + _MOST_COPIED), 100):
            for number, line in enumerate(self.source.read(at, min(stop, at + 100)), at):
                left, right = selection.get_span(number) or (0, 0)
                text = clean_all(line.text)
                texts.append(text[max(0, left) : len(text) if right < 0 else right])
        return "\n".join(texts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self._repaint()

    # Drawing.

    def _bounds(self) -> tuple[int, int]:
        return self.source.first, self.source.end

    def _strips(self, number: int, *, seen: bool = False) -> list[Strip]:
        """Return the rows of a line; an empty one where it cannot be read yet."""
        if number not in self._drawn:
            self._prepare(number, number + 1)
        drawn = self._drawn.get(number)
        if drawn is None:
            self._missing = True
            return [Strip.blank(self.size.width, self._style(""))]
        selection = self.text_selection if seen else None
        span = selection.get_span(number) if selection else None
        if span is None:
            return drawn.strips
        return self._painter.draw(number, drawn.line, drawn.mark._replace(selected=span))

    def _prepare(self, start: int, stop: int) -> None:
        """Draw the lines that are not drawn yet."""
        start, stop = max(start, self._first), min(stop, self._end)
        if all(number in self._drawn for number in range(start, stop)):
            return
        before = max(start - 1, self._first)  # which a line is told apart from
        lines = self.source.read(before, stop)
        before = stop - len(lines)  # the oldest may have gone meanwhile
        if self._painter.make_room(lines):
            self._drawn.clear()
        changes = [False, *(a.attempt != b.attempt for a, b in pairwise(lines))]
        for number, (line, divided) in enumerate(zip(lines, changes, strict=False), before):
            if number >= start and number not in self._drawn:
                mark = Mark(number == self.current, divided)
                self._drawn[number] = _Drawn(line, mark, self._painter.draw(number, line, mark))

    def _widest(self) -> int:
        return 0 if self.wrap else self._painter.widest

    def _none(self) -> list[Strip]:
        text = f" {self.placeholder}" if self.placeholder else ""
        return [Strip([Segment(text, self._style("placeholder"))])]

    def _style(self, name: str) -> Style:
        """Return the style of a component, by the end of its name; "" is the text's own."""
        if name not in self._styles:
            self._styles[name] = self._find_style(name)
        return self._styles[name]

    def _find_style(self, name: str) -> Style:
        if not name:
            return self.rich_style
        if name == "selected":
            return Style(bgcolor=self.screen.get_component_rich_style("screen--selection").bgcolor)
        return self.get_component_rich_style(f"log-view--{name}", partial=name in _PARTIAL)
