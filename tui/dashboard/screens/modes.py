"""The choice of a mode, with what each would still take."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.insight.forecast import forecast
from tui.insight.pace import paced
from tui.insight.what_if import makespans
from tui.text import clock, seconds

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame

MODES = {
    "parallel": "phases are barriers",
    "eager": "only needs hold a task back",
    "sequential": "one task at a time",
}


class ModeChoice(ModalScreen[str]):
    """Asks for a mode; dismissed with it, or with an empty text."""

    CSS_PATH: ClassVar[str] = "../styles/modes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,m,q", "leave", "Leave it"),
        *(Binding(str(i), f"choose('{mode}')", mode, show=False) for i, mode in enumerate(MODES, 1)),
    ]

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame

    def compose(self) -> ComposeResult:
        """Yield a line for each mode."""
        with Vertical(id="box"):
            yield Static("Mode from now on", id="title")
            options = [Option(self._line(i, mode), id=mode) for i, mode in enumerate(MODES, 1)]
            yield OptionList(*options, id="modes")
            yield Static(self._whole(), id="whole", markup=False)

    def on_mount(self) -> None:
        """Begin at the mode that holds."""
        choice = self.query_one(OptionList)
        choice.highlighted = choice.get_option_index(self._frame.state.mode)

    def _line(self, number: int, mode: str) -> Content:
        frame = self._frame
        now = " ←" if mode == frame.state.mode else "  "
        left = ""
        if frame.state.started is not None and not frame.finished and frame.expectation.seconds:
            ahead = forecast(frame.state, paced(frame.state, frame.expectation, frame.now), frame.now, mode)
            left = f"{clock(ahead.remaining(frame.now))} left"
        return Content.assemble(
            f"{number} ",
            (f"{mode:<11}", "bold"),
            (now, "bold"),
            f"{left:>10}  ",
            (MODES[mode], "$quiet"),
        )

    def _whole(self) -> str:
        """Return what the whole run takes in each mode, as far as that is known."""
        frame = self._frame
        if frame.state.started is None or not frame.expectation.seconds:
            return "how long each would take is not known: this plan has no earlier run"
        spans = makespans(frame.state, frame.expectation, frame.now)
        told = " · ".join(f"{mode} {seconds(spans[mode])}" for mode in MODES)
        return f"the whole run: {told} (by {frame.expectation.source})"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose the option."""
        self.dismiss(event.option.id or "")

    def action_choose(self, mode: str) -> None:
        """Choose an option by its number."""
        self.dismiss(mode)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss("")
