"""The main screen of a replay, whose clock its viewer moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.dashboard.run_keys import RUN_KEYS
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.widgets.timeline import Known, Timeline
from tui.run.work_time import busy, idle
from tui.text import clock

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame
    from tui.dashboard.replay import Replay

_SKIP = 5.0  # seconds of the run
_TELL_EVERY = 0.1  # seconds
_BAR = 24  # cells that show how far it is

REPLAY_KEYS = (
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
_LOOKING = {"app.open", "app.why"}


class ReplayScreen(RunScreen):
    """Shows a run again; its time axis reaches to the run's end from the beginning."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *REPLAY_KEYS,
        *(replace(key, show=key.show and key.action in _LOOKING) for key in RUN_KEYS),
    ]

    def __init__(self, replay: Replay) -> None:
        """Make an empty one.

        Args:
            replay: The run and its clock.
        """
        super().__init__(replay.lines, lambda: replay.stands)
        self._replay = replay

    def on_mount(self) -> None:
        """Tell where the clock is, which keys may move while no frame differs."""
        self.set_interval(_TELL_EVERY, self.tell_note)

    def show(self, frame: Frame) -> None:
        """Show a frame."""
        timeline, moments = self.query_one(Timeline), self._replay.moments
        if timeline.known is None and moments is not None:
            gaps = idle(busy(moments.last, moments.end), moments.end)
            timeline.known = Known(moments.end, tuple(gaps))
        if self._last is not None and frame.now < self._last.now:
            self.forget_why()
        super().show(frame)

    def note(self, frame: Frame) -> str:
        """Return where the replay is, and of which run."""
        head, run = self._replay.playhead, self._replay.directory.name
        at, end = self._replay.moment, head.end
        done = round(_BAR * at / end) if end else _BAR
        bar = "━" * done + "╌" * (_BAR - done)
        mark = "▶" if head.is_playing else "■" if at >= end else "‖"
        return f"{mark} ×{head.speed:g}  {clock(at)} {bar} {clock(end)}  replay of run {run}"

    # Keys and clicks

    def action_play(self) -> None:
        """Stop, or play on; at the end begin again."""
        self._replay.playhead.toggle()

    def action_skip(self, by: float) -> None:
        """Go on, or back, by some seconds of the run."""
        self._replay.playhead.set(at=self._replay.playhead.at + by)

    def action_event(self, by: int) -> None:
        """Stop where something happened last, or happens next."""
        head, moments = self._replay.playhead, self._replay.moments
        if moments is not None:
            head.set(at=moments.after(head.at) if by > 0 else moments.before(head.at), playing=False)

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self._replay.playhead.change_speed(by)

    def on_timeline_sought(self, event: Timeline.Sought) -> None:
        """Go to the moment that was clicked on."""
        self._replay.playhead.set(at=event.moment)
