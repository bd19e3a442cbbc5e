"""Runs on one clock and one axis, for many to look at: a lane each, and who was up first."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Digits, Static

from tui.dashboard.ansi import clean
from tui.dashboard.colors import ReadableApp
from tui.dashboard.lanes import EDGE, race_rows, race_scale
from tui.dashboard.play_keys import PLAY_KEYS, PlayKeys
from tui.dashboard.settings import read_settings
from tui.dashboard.widgets.key_line import KeyLine
from tui.insight.race import racers, result
from tui.run.directories import config_directory
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.dashboard.fit import Part
    from tui.dashboard.playhead import Playhead
    from tui.insight.race import Racer
    from tui.run.moments import Moments
    from tui.run.state import RunState

_DRAW_EVERY = 0.1  # seconds
_BARS = {"bar-running", "bar-done", "bar-failed", "bar-ended"}


class Lanes(Widget):
    """Shows the axis and the lanes."""

    DEFAULT_CSS = """
    Lanes {
        height: 1fr;
        & > .lanes--title { text-style: bold; }
        & > .lanes--quiet { color: $quiet; }
        & > .lanes--axis { color: $quiet; }
        & > .lanes--now { color: $quiet; }
        & > .lanes--succeeded { color: $done; text-style: bold; }
        & > .lanes--failed { color: $failed; text-style: bold; }
        & > .lanes--cancelled { text-style: bold; }
        & > .lanes--saved { color: $key; text-style: bold; }
        & > .lanes--bar-running { color: $bar-running; text-style: reverse bold; }
        & > .lanes--bar-done { color: $bar-done; text-style: reverse; }
        & > .lanes--bar-failed { color: $bar-failed; text-style: reverse bold; }
        & > .lanes--bar-ended { color: $bar-ended; text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"lanes--{name}"
        for name in ("title", "quiet", "axis", "now", "succeeded", "failed", "cancelled", "saved", *_BARS)
    }

    def __init__(self, racing: Sequence[Racer]) -> None:
        super().__init__()
        self._racing = racing
        self._at = 0.0
        self._rows: list[list[Part]] = []

    def show(self, at: float) -> None:
        """Show a moment."""
        self._at = at
        rows = race_rows(self._racing, at, self.size.width, self.size.height)
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def on_resize(self) -> None:
        """Lay the lanes out anew."""
        self.show(self._at)

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        row = self._rows[y] if y < len(self._rows) else []
        segments = [
            Segment(text, self.get_component_rich_style(f"lanes--{kind}") if kind else self.rich_style)
            for text, kind in row
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def moment(self, column: int) -> float:
        """Return the moment that a column stands for."""
        scale = race_scale(self._racing, self.size.width)
        return scale.time(scale.start + max(column - EDGE, 0) * scale.per_column)


class Race(PlayKeys, ReadableApp[None]):
    """Replays runs beside each other."""

    ENABLE_COMMAND_PALETTE = False
    CSS: ClassVar[str] = """
    #about { height: 1; padding: 0 2; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
    Digits { width: 100%; text-align: center; text-style: bold; margin: 1 0; }
    #result { height: 3; padding: 0 2; content-align: center middle; text-align: center; text-style: bold; }
    Screen.-low Digits { margin: 0; }
    Screen.-low #result { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *PLAY_KEYS,
        Binding("q,escape", "quit", "Leave", key_display="q"),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, runs: Sequence[tuple[str, Moments]], head: Playhead) -> None:
        """Show nothing yet.

        Args:
            runs: Each run's id and its states.
            head: The clock, which ends with the last of them.
        """
        super().__init__()
        self._moments = [moments for _, moments in runs]
        self._racing = racers([(run, moments.last, moments.end) for run, moments in runs])
        self._head = head
        head.set(at=0.0, end=max(each.end for each in self._racing))
        self._lanes = Lanes(self._racing)
        self._digits = Digits()
        self._about = Static(id="about", markup=False)
        self._result = Static(id="result", markup=False)
        self._told = ("", "", "")
        ids = [clean(each.run) for each in self._racing]
        self.title = f"replay of runs {', '.join(ids[:-1])} and {ids[-1]}"
        self.prefer_theme(read_settings(config_directory() / "dashboard.json").theme)

    def compose(self) -> ComposeResult:
        """Yield the screen's parts, from top to bottom."""
        yield self._about
        yield self._digits
        yield self._lanes
        yield self._result
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to play."""
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self.set_interval(_DRAW_EVERY, self.draw)
        self.call_after_refresh(self.draw)

    def on_resize(self, event: events.Resize) -> None:
        """Leave air around the clock where there is room."""
        self.screen.set_class(event.size.height < 28, "-low")

    def draw(self) -> None:
        """Show where the clock is."""
        head = self._head
        at = head.at
        is_over = at >= head.end
        mark = "■" if is_over else "▶" if head.is_playing else "‖"
        plans = dict.fromkeys(each.state.started.plan for each in self._racing if each.state.started)
        about = f"{mark} ×{head.speed:g}  {clean(', '.join(plans))} · {self.title}"
        told = (about, clock(round(at) if is_over else at), clean(result(self._racing)) if is_over else "")
        if told != self._told:
            self._told = told
            self._about.update(told[0])
            self._digits.update(told[1])
            self._result.update(told[2])
        self._lanes.show(at)

    is_ready = True

    @property
    def runs(self) -> Sequence[tuple[str, RunState]]:
        """What the runs are called, and how they ended."""
        return [(each.name, each.state) for each in self._racing]

    @property
    def playhead(self) -> Playhead:
        """The clock."""
        return self._head

    def happens(self, at: float, *, later: bool) -> float:
        """Return when something happens next in any of the runs, or happened last."""
        if later:
            return min((each.after(at) for each in self._moments if each.end > at), default=self._head.end)
        return max(each.before(at) for each in self._moments)

    def on_click(self, event: events.Click) -> None:
        """Go to the moment that was clicked on."""
        with contextlib.suppress(ValueError):
            if event.widget is self._lanes:
                self._head.set(at=self._lanes.moment(event.x))
