"""The main screen of a replay, whose clock its viewer moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.dashboard.ansi import clean
from tui.dashboard.play_keys import PLAY_KEYS, PlayKeys
from tui.dashboard.run_keys import LOOK_KEYS
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.widgets.timeline import Known, Timeline
from tui.run.work_time import busy, idle
from tui.text import clock

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame
    from tui.dashboard.playhead import Playhead
    from tui.dashboard.replay import Replay

_TELL_EVERY = 0.1  # seconds
_BAR = 24  # cells that show how far it is


class ReplayScreen(PlayKeys, RunScreen):
    """Shows a run again; its time axis reaches to the run's end from the beginning."""

    first_keys: ClassVar[tuple[str, ...]] = tuple(key.key for key in PLAY_KEYS)
    BINDINGS: ClassVar[list[BindingType]] = [
        *PLAY_KEYS,
        *LOOK_KEYS,
    ]

    def __init__(self, frame: Frame, replay: Replay) -> None:
        """Show nothing yet.

        Args:
            frame: The first frame to show.
            replay: The run and its clock.
        """
        super().__init__(frame, replay.lines, lambda: replay.stands)
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
        if frame.now < self._last.now:
            self.forget_why()
        super().show(frame)

    def note(self, frame: Frame) -> str:
        """Return where the replay is, and of which run."""
        head, run = self._replay.playhead, clean(self._replay.directory.name)
        at, end = self._replay.moment, head.end
        done = round(_BAR * at / end) if end else _BAR
        bar = "━" * done + "╌" * (_BAR - done)
        mark = "▶" if head.is_playing else "■" if at >= end else "‖"
        return f"{mark} ×{head.speed:g}  {clock(at)} {bar} {clock(end)}  replay of run {run}"

    # Keys and clicks

    @property
    def playhead(self) -> Playhead:
        """The clock."""
        return self._replay.playhead

    def happens(self, at: float, *, later: bool) -> float:
        """Return when something happens next, or happened last, seen from a moment."""
        moments = self._replay.moments
        if moments is None:
            return at
        return moments.after(at) if later else moments.before(at)

    def on_timeline_sought(self, event: Timeline.Sought) -> None:
        """Go to the moment that was clicked on."""
        self._replay.playhead.set(at=event.moment)
