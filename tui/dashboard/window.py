"""What part of the time axis is in sight."""

from __future__ import annotations

from dataclasses import dataclass

from tui.insight.time_axis import Scale

_MOST_ZOOM = 2.0**12
_NOW_AT = 0.8  # of the axis, where the run is while a zoomed axis follows it


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the axis that is in sight.

    Attributes:
        zoom: How many times as long as the screen the axis is.
        left: Seconds of the axis at the left edge, or None while it follows the run.
    """

    zoom: float = 1.0
    left: float | None = None

    def scale(self, whole: Scale, now: float) -> Scale:
        """Return the axis as it is in sight.

        Args:
            whole: All of the axis.
            now: Seconds since the run began.
        """
        if self.zoom == 1.0:
            return whole
        per_column = whole.per_column / self.zoom
        left = self.left
        if left is None:
            left = whole.shown(now) - _NOW_AT * per_column * whole.columns
        left = max(min(left, whole.end - per_column * whole.columns), 0.0)
        return Scale(left, per_column, whole.columns, whole.breaks)

    def zoomed(self, by: float, whole: Scale, now: float) -> Window:
        """Zoom about the middle of the visible part, or about the run's present while that is followed."""
        zoom = min(max(self.zoom * by, 1.0), _MOST_ZOOM)
        if zoom == 1.0 or self.left is None:
            return Window(zoom)
        before = self.scale(whole, now)
        half = whole.per_column / zoom * whole.columns / 2
        return Window(zoom, max((before.start + before.end) / 2 - half, 0.0))

    def panned(self, by: float, whole: Scale, now: float) -> Window:
        """Move by a part of the visible length; at its end the axis follows the run again."""
        if self.zoom == 1.0:
            return self
        before = self.scale(whole, now)
        span = before.end - before.start
        after = Window(self.zoom, before.start + by * span).scale(whole, now)
        at_end = by > 0 and after.start < before.start + by * span / 2
        return Window(self.zoom, None if at_end else after.start)
