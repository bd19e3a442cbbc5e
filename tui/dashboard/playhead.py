"""The clock of a replay: it runs at some speed, stands still, and is set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""How many seconds of a run pass in one of its viewer's."""


class Playhead:
    """Where a replay is; it stands still at the end.

    Attributes:
        end: The last moment, in seconds since the run began.
        speed: The seconds of the run that pass in one of the viewer's.
        clock: Tells the viewer's time in seconds.
    """

    def __init__(self, end: float = 0.0, speed: float = 1.0, clock: Callable[[], float] = time.monotonic):
        """Begin to play.

        Args:
            end: The last moment, in seconds since the run began.
            speed: The seconds of the run that pass in one of the viewer's.
            clock: Tells the viewer's time in seconds.
        """
        self.end = end
        self.speed = speed
        self.clock = clock
        self._moves = True
        self._set_at, self._set_to = clock(), 0.0

    @property
    def at(self) -> float:
        """The moment that is shown, in seconds since the run began."""
        passed = (self.clock() - self._set_at) * self.speed if self._moves else 0.0
        return min(max(self._set_to + passed, 0.0), self.end)

    @property
    def is_playing(self) -> bool:
        """Whether it moves."""
        return self._moves and self.at < self.end

    def set(
        self, *, at: float | None = None, speed: float | None = None, end: float | None = None,
        playing: bool | None = None,
    ) -> None:  # fmt: skip
        """Go to a moment, and on from there as asked; what is not given stays."""
        self.end = self.end if end is None else end
        to = self.at if at is None else at
        self._set_at, self._set_to = self.clock(), min(max(to, 0.0), self.end)
        self.speed = self.speed if speed is None else speed
        self._moves = self._moves if playing is None else playing

    def toggle(self) -> None:
        """Stand still, or go on; from the end begin again."""
        if self.at >= self.end:
            self.set(at=0.0, playing=True)
        else:
            self.set(playing=not self._moves)

    def change_speed(self, by: int) -> None:
        """Take the next faster speed, or the next slower one."""
        if by > 0:
            self.set(speed=min((speed for speed in SPEEDS if speed > self.speed), default=self.speed))
        else:
            self.set(speed=max((speed for speed in SPEEDS if speed < self.speed), default=self.speed))
