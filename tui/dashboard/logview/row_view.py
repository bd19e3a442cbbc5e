"""A long list that draws only its visible items, however many rows each of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.logview.line import placed

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

_COLUMNS = 8  # that a key scrolls sideways


class RowView(ScrollView, can_focus=True):
    """Scrolls by rows through numbered things of some rows each, and follows their end if one lets it.

    A place in it is a number and a row of that thing; `scroll_y` is the number, counted from the first, and
    the part of the thing that is above. So nothing has to be known of what is out of sight.

    Attributes:
        follow: Whether the last thing stays in sight.
        column: The cell of the things at the left edge.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "Up", show=False),
        Binding("j", "scroll_down", "Down", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
    ]

    follow: var[bool] = var(True, init=False)
    column: var[int] = var(0, init=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Measure nothing yet.

        Args:
            id: The widget's id.
            classes: Its classes.
        """
        super().__init__(id=id, classes=classes)
        self._first = self._end = 0
        self._last = (0, 0)  # the place from which on the rest just fits
        self._measured = Size(0, 0)
        self._frame: list[Strip] | None = None
        self._in_sight = range(0)

    # What is to be shown.

    def _bounds(self) -> tuple[int, int]:
        """Return the number of the first thing, and one more than that of the last."""
        raise NotImplementedError

    def _prepare(self, start: int, stop: int) -> None:
        """Say that some things will be asked for one after the other."""

    def _strips(self, number: int, *, seen: bool = False) -> list[Strip]:
        """Return the rows of a thing, one at least; `seen` where they are put on the screen."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Drop all drawn items."""
        raise NotImplementedError

    def _widest(self) -> int:
        """Return the cells of the widest thing in sight."""
        return 0

    def _none(self) -> list[Strip]:
        """Return what an empty list shows."""
        return []

    @property
    def in_sight(self) -> range:
        """The numbers of the things in sight."""
        return self._in_sight

    @property
    def top(self) -> int:
        """The number of the thing at the top."""
        return self._top()[0]

    # Places.

    def _top(self) -> tuple[int, int]:
        """Return the place at the top."""
        return self._last if self.follow else self._place(self.scroll_y)

    def _place(self, y: float) -> tuple[int, int]:
        """Return the place of a scroll position: a thing's number, and a row of it."""
        index = int(y)
        number = self._first + index
        if number >= self._end:
            return self._last
        rows = self._rows(number) if y > index else 1
        return min((number, min(round((y - index) * rows), rows - 1)), self._last)

    def _go(self, place: tuple[int, int]) -> None:
        """Scroll to a place, or as near as can be."""
        number, row = place = min(max(place, (self._first, 0)), self._last)
        part = row / self._rows(number) if row else 0.0
        self.scroll_y = self.scroll_target_y = number - self._first + part
        self.follow = place >= self._last
        self._repaint()

    def _moved(self, place: tuple[int, int], rows: int) -> tuple[int, int]:
        """Return the place so many rows below another, or above it."""
        number, row = place[0], place[1] + rows
        while row < 0 and number > self._first:
            number -= 1
            row += self._rows(number)
        while number < self._end - 1 and row >= (size := self._rows(number)):
            number, row = number + 1, row - size
        return number, max(0, row)

    def _rows(self, number: int) -> int:
        return len(self._strips(number))

    def _measure(self) -> None:
        """Look at how much there is, and where the last page begins."""
        self._measured = self.size
        self._first, self._end = self._bounds()
        height = self.size.height
        self._prepare(self._end - height, self._end)
        number, rows = self._end, 0
        while number > self._first and rows < height:
            number -= 1
            rows += self._rows(number)
        self._last = (number, max(0, rows - height))
        self._tell_scrollbar()

    def _tell_scrollbar(self) -> None:
        """Do what setting `virtual_size` does, but for laying out the whole screen each time one comes."""
        number, row = self._last
        size = Size(self.size.width, number - self._first + (row > 0) + self.size.height)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    # Changes.

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the end where one scrolls to it, and not where one scrolls away."""
        super().watch_scroll_y(old_value, new_value)
        if self._measured == self.size:  # else it is the widget's size that moved it
            self.follow = self._place(new_value) >= self._last
        self._repaint()

    def _watch_follow(self, follow: bool) -> None:
        if follow:
            self._go(self._last)

    def _watch_column(self) -> None:
        self._start_over(self._top())

    def on_mount(self) -> None:
        """Show the items that are there already."""
        self._start_over((0, 0))

    def _on_resize(self) -> None:
        self._start_over(self._top())

    def _start_over(self, top: tuple[int, int]) -> None:
        """Draw everything anew, from a place on, or to the end where that is followed."""
        if not self.is_attached:
            return
        follow = self.follow
        self._forget()
        self._measure()
        self._go(self._last if follow else top)

    def _repaint(self) -> None:
        self._frame = None
        self.refresh()

    # Keys and the mouse.

    def action_scroll_up(self) -> None:
        """Scroll up by a row."""
        self._go(self._moved(self._top(), -1))

    def action_scroll_down(self) -> None:
        """Scroll down by a row."""
        self._go(self._moved(self._top(), 1))

    def action_page_up(self) -> None:
        """Scroll up by a page, but for a row that stays in sight."""
        self._go(self._moved(self._top(), 1 - max(2, self.size.height)))

    def action_page_down(self) -> None:
        """Scroll down by a page, but for a row that stays in sight."""
        self._go(self._moved(self._top(), max(2, self.size.height) - 1))

    def action_scroll_home(self) -> None:
        """Scroll to the first thing."""
        self._go((self._first, 0))

    def action_scroll_end(self) -> None:
        """Scroll to the end, and follows it."""
        self._measure()
        self._go(self._last)

    def action_scroll_left(self) -> None:
        """Scroll left."""
        self.column = max(0, self.column - _COLUMNS)

    def action_scroll_right(self) -> None:
        """Scroll right, if there is more."""
        if self._widest() > self.column + self.size.width // 2:
            self.column += _COLUMNS

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._wheel(event, -1, sideways=True)

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._wheel(event, 1, sideways=True)

    def _wheel(self, event: events.MouseEvent, direction: int, *, sideways: bool = False) -> None:
        before = (self._top(), self.column)
        if sideways or event.shift or event.ctrl:
            (self.action_scroll_right if direction > 0 else self.action_scroll_left)()
        else:
            self._go(self._moved(self._top(), direction * round(self.app.scroll_sensitivity_y)))
        event.prevent_default()
        if before != (self._top(), self.column):
            event.stop()

    # Drawing.

    def render_line(self, y: int) -> Strip:
        """Return a row of the widget."""
        if self._frame is None:
            self._frame = self._lay_out()
        return self._frame[y] if y < len(self._frame) else Strip.blank(self.size.width, self.rich_style)

    def _lay_out(self) -> list[Strip]:
        """Draw the visible rows."""
        if self._measured != self.size:
            self._forget()
            self._measure()
        width, height = self.size
        number, skip = self._top()
        self._prepare(number, number + height)
        start, strips = number, list[Strip]()
        while len(strips) < height and number < self._end:
            strips += self._strips(number, seen=True)[skip:]
            number, skip = number + 1, 0
        self._in_sight = range(start, number)
        style = self.rich_style
        below = Strip(placed([Segment(" " * width, style)], 0, self._end))
        strips = strips or self._none()
        strips += [below] * (height - len(strips))
        return [strip.adjust_cell_length(width, style) for strip in strips[:height]]
