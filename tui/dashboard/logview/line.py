"""How a line of a log is drawn: rows of cells, whatever it holds."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.dashboard.ansi import LIMIT, clean, divide, overlay, render_text, spans, wrap
from tui.run.log.search import tells_trouble
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.run.log.line import LogLine

SHADES = 5
"""Ways in which the names of sources are coloured."""

_HASHES = re.compile(r"-[a-f0-9]{6,10}-[a-z0-9]{5}$|-(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}$")


@lru_cache(4096)
def short_name(source: str, most: int) -> str:
    """Return a source's name without its kind and the hashes of a pod, in so many cells.

    Of a name that is too long the first words go, as the last ones tell more:
    `pod/tekton-pipelines-controller-586c455c88-2hs7z` is `tekton-pipelines-controller`, or `controller`.
    """
    kind, _, name = clean(source).rpartition("/")
    if kind == "pod":
        name = _HASHES.sub("", name)
    while cell_len(name) > most and "-" in name.strip("-"):
        name = name.strip("-").partition("-")[2]
    while cell_len(name) > most:
        name = name[:-2] + "…"
    return name


class Mark(NamedTuple):
    """What is special about a line.

    Attributes:
        current: It stands out.
        divided: It is the first of another attempt than the line before.
        selected: The characters that are selected, from and to; -1 is the end.
    """

    current: bool = False
    divided: bool = False
    selected: tuple[int, int] | None = None


@dataclass(slots=True)
class LinePainter:
    """Draws lines.

    Attributes:
        style: Gives the style of a component of `LogView` by the end of its name; "" is the text's own.
        width: Cells of a row.
        wrap: Whether long lines are broken.
        times: Whether each line says when it was said.
        names: Cells for the names of sources.
        column: The cell of the text at the left edge, where lines are not broken.
        pattern: What is marked.
        limit: Characters of a line that are shown.
        colors: Whether a line's own colours are shown.
        widest: Cells of the widest text that was drawn, where lines are not broken.
    """

    style: Callable[[str], Style]
    width: int = 0
    wrap: bool = False
    times: bool = False
    names: int = 0
    column: int = 0
    pattern: re.Pattern[str] | None = None
    limit: int = LIMIT
    colors: bool = True
    widest: int = 0

    def make_room(self, lines: Iterable[LogLine]) -> bool:
        """Widen the column of names, as far as there is room, to hold those of some lines.

        Returns:
            Whether it was too narrow: what is drawn already does not fit in with it any more.
        """
        names = max((cell_len(self._name(line)) for line in lines), default=0)
        grown = names > self.names
        self.names = max(names, self.names)
        return grown

    def _name(self, line: LogLine) -> str:
        return short_name(line.source, min(28, max(10, self.width // 5))) if line.source else ""

    def draw(self, number: int, line: LogLine, mark: Mark) -> list[Strip]:
        """Return the rows of a line, each as wide as the painter.

        Args:
            number: The line's number, which a mouse's place in it is told by.
            line: What it says.
            mark: What is special about it.
        """
        text = clean(line.text, self.limit)
        trouble = tells_trouble(text)
        style = self.style("current" if mark.current else "error" if trouble else "")
        segments = render_text(line.text, style, self.limit) if self.colors else [Segment(text, style)]
        if self.pattern is not None:
            found = self.style("found" if mark.current else "match")
            segments = overlay(segments, spans(self.pattern, text), found)
        if mark.selected is not None:
            left, right = mark.selected
            right = len(text) if right < 0 else right
            segments = overlay(segments, [(max(0, left), max(0, left, right))], self.style("selected"))
        heads = self._heads(line, Segment("▶" if mark.current else "▌" if trouble else " ", style))
        rows = [self._separator(number, line.attempt)] if mark.divided else []
        return rows + self._rows(number, text, segments, heads, style)

    def locate(self, line: LogLine, character: int) -> tuple[int, int]:
        """Return the row of a line in which a character is, and its cell where the line is one row."""
        text = clean(line.text, self.limit)
        if not self.wrap:
            return 0, cell_len(text[:character])
        heads, _ = self._heads(line, Segment(" "))
        return bisect_right(wrap(text, self._room(heads)), character) - 1, 0

    def _room(self, heads: list[Segment]) -> int:
        """Return how many cells are left for the text."""
        return max(1, self.width - sum(head.cell_length for head in heads))

    def _heads(self, line: LogLine, mark: Segment) -> tuple[list[Segment], list[Segment]]:
        """Return what comes before the first row of a line, and before the others."""
        first, others = [mark], [mark]
        if self.times:
            time = f"{clock(line.at):>5}  "
            first.append(Segment(time, self.style("time")))
            others.append(Segment(" " * len(time), self.style("time")))
        name = self._name(line)
        if name and self.width >= 3 * self.names:
            shade = self.style(f"source-{zlib.crc32(name.encode()) % SHADES}")
            rule = Segment(" │ ", self.style("rule"))
            first += [Segment(name + " " * (self.names - cell_len(name)), shade), rule]
            others += [Segment(" " * self.names, shade), rule]
        if mark.style and mark.style.bgcolor != self.style("").bgcolor:  # the line stands out from end to end
            behind = Style(bgcolor=mark.style.bgcolor)
            first, others = (
                [Segment(p.text, (p.style or behind) + behind) for p in h] for h in (first, others)
            )
        return first, others

    def _rows(
        self,
        number: int,
        text: str,
        segments: list[Segment],
        heads: tuple[list[Segment], list[Segment]],
        style: Style,
    ) -> list[Strip]:
        """Break a line into rows, or cuts out the part that is in sight."""
        width = self._room(heads[0])
        if self.wrap:
            starts = wrap(text, width)
            rows = divide(segments, starts[1:])
        else:
            self.widest = max(self.widest, cell_len(text))
            starts = [_character_at(text, self.column)]
            rows = divide(segments, [starts[0], starts[0] + 2 * width])[1:2]
        strips = []
        for i, (start, row) in enumerate(zip(starts, rows, strict=True)):
            parts = _before(heads[min(i, 1)], start, number)
            parts += placed(row or [Segment("", style)], start, number)
            strips.append(Strip(parts).adjust_cell_length(self.width, style))
        return strips

    def _separator(self, number: int, attempt: int) -> Strip:
        text = f" ── attempt {attempt} ".ljust(self.width, "─")
        segments = _before([Segment(text, self.style("separator"))], 0, number)
        return Strip(segments).adjust_cell_length(self.width, self.style(""))


def _before(segments: list[Segment], x: int, y: int) -> list[Segment]:
    """Return segments with their character offset for Textual, all with that of the next character."""
    place = Style.from_meta({"offset": (x - max(len(part.text) for part in segments), y)})
    return [Segment(text, (style or Style.null()) + place) for text, style, _ in segments]


def _character_at(text: str, column: int) -> int:
    """Return the first character of a text that begins at a cell or behind it."""
    if text.isascii():
        return min(column, len(text))
    cells = 0
    for i, character in enumerate(text):
        if cells >= column:
            return i
        cells += cell_len(character)
    return len(text)


def placed(segments: Iterable[Segment], x: int, y: int) -> list[Segment]:
    """Return segments with their character offsets for Textual, for selecting with the mouse."""
    result = []
    for text, style, _ in segments:
        result.append(Segment(text, (style or Style.null()) + Style.from_meta({"offset": (x, y)})))
        x += len(text)
    return result
