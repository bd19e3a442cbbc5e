"""The last line of a screen: its keys, as many as there is room for, and those that always help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

_LAST = {"question_mark", "q"}


class KeyLine(Footer):
    """Shows keys that can be clicked on; where not all find room, those for help and leaving stay.

    Where there is room to spare, there is more of it between them.
    """

    DEFAULT_CSS = "KeyLine.-airy FooterKey { margin-right: 2; }"

    def __init__(self, first: Sequence[str] = ()) -> None:
        """Show nothing yet.

        Args:
            first: The keys that go before all others, in this order.
        """
        super().__init__(show_command_palette=False, compact=True)
        self._first = first
        self._fitted = 0
        self._bindings_ready = True  # Textual's shows none before something is focused: they are known

    def compose(self) -> ComposeResult:
        """Yield the keys that find room."""
        found = [key for key in super().compose() if isinstance(key, FooterKey)]
        found.sort(key=lambda key: self._first.index(key.key) if key.key in self._first else len(self._first))
        last = [key for key in found if key.key in _LAST]
        self._fitted = self.app.size.width
        room = self._fitted - sum(map(_cells, last))
        self.set_class(sum(map(_cells, found)) + len(found) <= self._fitted, "-airy")
        for key in found:
            if key.key not in _LAST:
                room -= _cells(key)
                if room < 0:
                    break
                yield key
        yield from last

    async def recompose(self) -> None:
        """Do so where other keys are shown: Textual asks for it several times for each screen that opens."""
        if not self.is_attached:
            return
        if [_looks(key) for key in self.compose()] != [_looks(key) for key in self.query(FooterKey)]:
            await super().recompose()

    def on_resize(self, event: events.Resize) -> None:
        """Choose anew what finds room."""
        if event.size.width != self._fitted:
            self.call_after_refresh(self.recompose)


def _looks(key: Widget) -> tuple[str, str, bool]:
    assert isinstance(key, FooterKey)
    return key.key_display, key.description, key._disabled


def _cells(key: FooterKey) -> int:
    return cell_len(f"{key.key_display} {key.description} ")
