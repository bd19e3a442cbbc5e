"""The lane below the timeline: how busy the cores were, on the same time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.insight.busy_axis import (
    NOT_MEASURED,
    busiest,
    cpu_shares,
    is_scarce,
    level,
    memory_shares,
    not_measured,
)
from tui.insight.cpu_seconds import FULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual.geometry import Size

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.timeline import Timeline
    from tui.run.events import Sampled

_ROOM = 30  # lines of the screen from which on there is room for it


class MachineLane(Widget):
    """Shows a row of the cores of the busiest host, and one of its memory where that runs out.

    On a system that does not tell, it says that.

    Attributes:
        frame: What is shown.
    """

    DEFAULT_CSS = """
    MachineLane {
        height: auto;
        display: none;
        & > .machine-lane--quiet { color: $quiet; }
        & > .machine-lane--busy { color: $faint; }
        & > .machine-lane--full { color: $quiet; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"machine-lane--{name}" for name in ("quiet", "busy", "full")}

    frame: reactive[Frame | None] = reactive(None, init=False, repaint=False)

    def __init__(self, timeline: Timeline) -> None:
        """Make an empty one.

        Args:
            timeline: The timeline above, whose axis it shares.
        """
        super().__init__()
        self._timeline = timeline
        self._samples: Sequence[Sampled] = ()
        self._drawn: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Follow the timeline where it is zoomed or moved."""
        self.watch(self._timeline, "window", self._follow, init=False)

    def _follow(self) -> None:
        self.refresh()

    def watch_frame(self, _: Frame | None, frame: Frame | None) -> None:
        """Take the samples, and draw them again if there are others or the axis has moved."""
        if frame is None:
            return
        self._samples = busiest(frame.state.samples)
        told = bool(self._samples) or not_measured(frame.state)
        self.display = told and self.app.size.height >= _ROOM
        drawn = (len(self._samples), is_scarce(self._samples), self._timeline.scale)
        if drawn != self._drawn:
            self.refresh(layout=drawn[:2] != self._drawn[:2])
            self._drawn = drawn

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return one line, and one more where memory runs out."""
        return 2 if is_scarce(self._samples) else 1

    def render_line(self, y: int) -> Strip:
        """Return the row of the cores, or that of memory."""
        if not self._samples:
            head = "     cores ".ljust(self._timeline.columns.bars)
            strip = Strip([Segment(head + NOT_MEASURED, self._style("quiet"))])
            return strip.adjust_cell_length(self.size.width, self.rich_style)
        last, scale = self._samples[-1], self._timeline.scale
        if y == 0:
            label, now = "cores", f"{last.machine.cpu:.1f} of {last.cores}"
            shares = cpu_shares(self._samples, scale)
        else:
            label, now = "memory", f"{last.machine.memory / 1024:.1f} of {last.memory / 1024:.1f} GiB"
            shares = memory_shares(self._samples, scale)
        room = self._timeline.columns.bars
        head = f"     {label} {now:>{max(room - len(label) - 8, 0)}}".ljust(room)[:room]
        segments = [Segment(head, self._style("quiet"))]
        for share in shares:
            kind = "full" if share is not None and share >= FULL else "busy"
            segments.append(Segment(level(share), self._style(kind)))
        return Strip(segments).simplify().adjust_cell_length(self.size.width, self.rich_style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"machine-lane--{name}")
