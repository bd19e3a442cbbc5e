"""The keys that move the clock of a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from tui.dashboard.playhead import Playhead

_SKIP = 5.0  # seconds of the run

PLAY_KEYS = (
    Binding("space", "play", "Play, stop", priority=True, tooltip="Stop, or play on; at the end begin again"),
    Binding("left", f"skip(-{_SKIP})", "5 s back", priority=True, tooltip="Go back by 5 s of the run"),
    Binding("right", f"skip({_SKIP})", "5 s on", priority=True, tooltip="Go on by 5 s of the run"),
    Binding(
        "left_square_bracket", "event(-1)", "Event before", key_display="[", priority=True,
        tooltip="Stop where something happened before",
    ),
    Binding(
        "right_square_bracket", "event(1)", "Next event", key_display="]", priority=True,
        tooltip="Stop where something happens next",
    ),
    Binding("less_than_sign", "speed(-1)", "Slower", key_display="<", priority=True, tooltip="Play slower"),
    Binding("greater_than_sign", "speed(1)", "Faster", key_display=">", priority=True, tooltip="Play faster"),
)  # fmt: skip


class PlayKeys:
    """Carries these keys out."""

    @property
    def playhead(self) -> Playhead:
        """The clock."""
        raise NotImplementedError

    def happens(self, at: float, *, later: bool) -> float:
        """Return when something happens next, or happened last, seen from a moment."""
        raise NotImplementedError

    def action_play(self) -> None:
        """Stop, or play on; at the end begin again."""
        self.playhead.toggle()

    def action_skip(self, by: float) -> None:
        """Go on, or back, by some seconds of the run."""
        self.playhead.set(at=self.playhead.at + by)

    def action_event(self, by: int) -> None:
        """Stop where something happened last, or happens next."""
        self.playhead.set(at=self.happens(self.playhead.at, later=by > 0), playing=False)

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self.playhead.change_speed(by)
