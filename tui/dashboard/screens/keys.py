"""Every key of the dashboard, by where it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.app import ComposeResult

_NAMES = {
    "question_mark": "?", "slash": "/", "plus": "+", "equals_sign": "=", "minus": "-", "enter": "⏎",
    "left_square_bracket": "[", "right_square_bracket": "]", "escape": "esc", "up": "↑", "down": "↓",
    "left": "←", "right": "→", "pageup": "pgup", "pagedown": "pgdn", "ctrl+c": "^c", "ctrl+p": "^p",
    "ctrl+z": "^z",
}  # fmt: skip


class Keys(ModalScreen[None]):
    """Shows keys in groups, a line each."""

    CSS_PATH: ClassVar[str] = "../styles/keys.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
    ]

    def __init__(self, groups: Mapping[str, Iterable[BindingType]], mouse: Iterable[tuple[str, str]]) -> None:
        """Prepares the list.

        Args:
            groups: Bindings, by the name of the place where they work.
            mouse: What the mouse does, and where.
        """
        super().__init__()
        self._groups = groups
        self._mouse = list(mouse)

    def compose(self) -> ComposeResult:
        """The list."""
        with VerticalScroll(id="box"):
            yield Static("Keys", id="title")
            for name, bindings in self._groups.items():
                rows = [
                    (keys(b), b.tooltip or b.description)
                    for b in bindings
                    if isinstance(b, Binding) and b.description
                ]
                yield self._group(name, rows)
            yield self._group("Mouse", self._mouse)

    def _group(self, name: str, rows: list[tuple[str, str]]) -> Static:
        lines = [Content.styled(name, "bold")]
        lines += [Content.assemble((f"  {key:<10} ", "$text-accent"), text) for key, text in rows]
        return Static(Content("\n").join(lines), classes="group")

    def action_scroll(self, by: int) -> None:
        """Scrolls by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def keys(binding: Binding) -> str:
    """A binding's keys as they are written on keyboards."""
    if binding.key_display:
        return binding.key_display
    return " ".join(_NAMES.get(key, key) for key in binding.key.split(","))
