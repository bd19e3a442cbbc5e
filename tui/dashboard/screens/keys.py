"""Every key of the dashboard, by where it works, and a legend of its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.play_keys import PLAY_KEYS
from tui.dashboard.run_keys import APP_KEYS, RUN_KEYS
from tui.dashboard.screens.run import PANEL_KEYS
from tui.dashboard.screens.runs import RunsScreen
from tui.dashboard.screens.why import WhyScreen
from tui.dashboard.widgets.timeline import Timeline
from tui.text import AHEAD, GLYPHS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

_NAMES = {
    "question_mark": "?", "slash": "/", "plus": "+", "equals_sign": "=", "minus": "-", "enter": "⏎",
    "left_square_bracket": "[", "right_square_bracket": "]", "escape": "esc", "up": "↑", "down": "↓",
    "left": "←", "right": "→", "pageup": "pgup", "pagedown": "pgdn", "ctrl+c": "^c", "ctrl+p": "^p",
    "ctrl+z": "^z", "shift+left": "⇧←", "shift+right": "⇧→",
}  # fmt: skip

_GROUPS: dict[str, tuple[Iterable[BindingType], str]] = {
    "On every screen": ([*RUN_KEYS, *APP_KEYS], ""),
    "Panels": (PANEL_KEYS, "beside the timeline: esc leads there"),
    "Timeline": (Timeline.BINDINGS, "on the timeline: esc leads back to it"),
    "Replay": (PLAY_KEYS, "in a replay: P in the list of runs begins one"),
    "Log": (LogScreen.BINDINGS, "in a task's log: ⏎ opens it"),
    "Why": (WhyScreen.BINDINGS, "in the answer to why: d opens it"),
    "Runs": (RunsScreen.BINDINGS, "in the list of runs: h opens it"),
}
"""Bindings by the name of the place where they work, and how one gets there."""

_MOUSE = [
    ("click", "Put the cursor on a task, by its row, panel or tab"),
    ("2 clicks", "Open the task's log"),
    ("axis", "In a replay: go to where it is clicked on"),
    ("wheel", "Scroll; with ctrl zoom the time axis, with shift move it"),
    ("drag", "Select text in a log; y or ^c copies it"),
    ("footer", "Each key can be clicked on"),
]
_LEGEND = [
    *((glyph, status) for status, glyph in GLYPHS.items()),
    ("◆ ┃", "critical: it decides when the run ends"),
    ("▆", "at work: bright while it runs, calm once it is done, red where it failed"),
    ("▄", "waits until something has started, or is ready"),
    ("▂", "waits for a pull, or for a node"),
    (AHEAD, "a pull, build or load ahead of its task's place"),
    ("░", "still to come, as it took before"),
    ("╌", "slack: it could finish that much later, and the run would not"),
    ("▼ │", "now"),
    ("┬ ┆", "the mode was changed"),
    ("⫽", "nothing ran for so long; the axis leaves that out"),
]


class Keys(ModalScreen[None]):
    """Shows keys in groups, a line each, and the legend."""

    CSS_PATH: ClassVar[str] = "../styles/keys.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Yield the groups."""
        with VerticalScroll(id="box"):
            for name, (bindings, _) in _GROUPS.items():
                rows = [(keys(b), b.tooltip or b.description) for b in _described(bindings)]
                yield self._group(name, rows)
            yield self._group("Mouse", _MOUSE)
            yield self._group("Legend", _LEGEND)

    def _group(self, name: str, rows: Iterable[tuple[str, str]]) -> Static:
        lines = [Content.styled(name, "bold")]
        lines += [Content.assemble((f"  {key:<10} ", "$key"), text) for key, text in rows]
        return Static(Content("\n").join(lines), classes="group")

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def keys(binding: Binding) -> str:
    """Return a binding's keys as they are written on keyboards."""
    if binding.key_display:
        return binding.key_display
    return " ".join(_NAMES.get(key, key) for key in binding.key.split(","))


def place_of(key: str) -> str:
    """Return what a key does elsewhere, and how one gets there; empty for one that is no key of ours."""
    for bindings, way in _GROUPS.values():
        for binding in _described(bindings):
            if way and key in binding.key.split(","):
                return f"{_NAMES.get(key, key)} ({binding.description.lower()}) works {way}"
    return ""


def _described(bindings: Iterable[BindingType]) -> list[Binding]:
    return [binding for binding in bindings if isinstance(binding, Binding) and binding.description]
