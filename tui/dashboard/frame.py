"""What the screen shows at one moment, and the model that makes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.insight.expectation import EMPTY
from tui.insight.forecast import Forecast, forecast
from tui.insight.pace import paced
from tui.run.state import RunState, TaskState
from tui.run.work_time import busy, idle, work_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.dashboard.control import Control
    from tui.insight.expectation import Expectation
    from tui.run.events import PhaseOutline
    from tui.run.work_time import Interval

OUTLOOK_EVERY = 1.0
"""Seconds after which the outlook is worked out again where only time has passed."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What follows from a run's state: worked out anew when that changes, or some time has passed.

    Attributes:
        at: When it was worked out, in seconds since the run began.
        forecast: When the unfinished tasks will run.
        critical: The tasks that decide when that is.
        idle: When nothing ran.
    """

    at: float
    forecast: Forecast
    critical: frozenset[str]
    idle: tuple[Interval, ...]

    @classmethod
    def of(cls, state: RunState, now: float, expectation: Expectation) -> Outlook:
        """Work it out."""
        ahead = forecast(state, paced(state, expectation, now), now)
        gaps = idle(busy(state, now), now)
        return cls(now, ahead, frozenset(ahead.critical), tuple(gaps))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A run at one moment, which nothing changes any more. Compare frames by identity.

    Attributes:
        state: The run.
        now: Seconds since the run began; it stands still once all tasks have finished.
        expectation: How long things took before.
        name: The plan's name.
        phases: The plan's outline.
        tasks: Its tasks as they stand.
        outlook: What follows from all of that; None before the run begins.
        read_only: Why the run takes no commands at all; empty if it takes them.
    """

    state: RunState
    now: float
    expectation: Expectation
    name: str
    phases: tuple[PhaseOutline, ...]
    tasks: Mapping[str, TaskState]
    outlook: Outlook | None = None
    read_only: str = ""

    @classmethod
    def of(cls, state: RunState, now: float, expectation: Expectation, before: Frame | None = None) -> Frame:
        """Make the frame of a run that has begun.

        Args:
            state: The run, which may change afterwards.
            now: Seconds since the run began.
            expectation: How long things took before.
            before: An earlier frame of the run, whose outlook is kept while only a little time has passed.
        """
        assert state.started is not None
        outlook = before.outlook if before is not None else None
        if (
            before is None
            or outlook is None
            or (before.state.version, before.expectation) != (state.version, expectation)
            or abs(now - outlook.at) >= OUTLOOK_EVERY
        ):
            outlook = Outlook.of(state, now, expectation)
        started = state.started
        frozen = state.snapshot()
        return cls(frozen, now, expectation, started.plan, started.phases, frozen.tasks, outlook)

    @classmethod
    def preview(cls, name: str, phases: tuple[PhaseOutline, ...], expectation: Expectation = EMPTY) -> Frame:
        """Make the frame of a plan whose run has not begun."""
        tasks = {
            task.id: TaskState(task.id, task.title, i, task.needs, task.steps)
            for i, phase in enumerate(phases)
            for task in phase.tasks
        }
        return cls(RunState(), 0.0, expectation, name, phases, tasks)

    @property
    def forecast(self) -> Forecast | None:
        """When the unfinished tasks will run."""
        return self.outlook.forecast if self.outlook else None

    @property
    def critical(self) -> frozenset[str]:
        """The tasks that decide when that is."""
        return self.outlook.critical if self.outlook else frozenset()

    @property
    def finished(self) -> bool:
        """Whether all tasks have finished."""
        return self.state.started is not None and self.state.ended_at is not None

    @property
    def worked(self) -> float:
        """Seconds in which at least one task ran."""
        return work_time(busy(self.state, self.now))


class Model:
    """Folds a run's feed for the screen, and makes frames of it."""

    def __init__(self, control: Control) -> None:
        self.state = RunState()
        self._control = control
        self._frame = replace(Frame.preview(*control.preview()), read_only=control.read_only)

    @property
    def frame(self) -> Frame:
        """The latest frame."""
        return self._frame

    def pull(self) -> Frame:
        """Take what the feed has; return the same frame if nothing has changed and no time has passed."""
        changed = self._take()
        now, expectation = self._now(), self._control.expectation
        if self.state.started is None or (
            not changed and now == self._frame.now and expectation is self._frame.expectation
        ):
            return self._frame
        frame = Frame.of(self.state, now, expectation, self._frame)
        self._frame = replace(frame, read_only=self._control.read_only) if self._control.read_only else frame
        return self._frame

    def _take(self) -> bool:
        feed = self._control.feed
        events = feed.take() if feed is not None else []
        for event in events:
            self.state.apply(event)
        return bool(events)

    def _now(self) -> float:
        """Return the time that is shown: a tenth of a second is as fine as it is drawn."""
        feed = self._control.feed
        ended = self.state.ended_at
        if self.state.started is None or feed is None:
            return 0.0
        return ended if ended is not None else round(max(feed.now(), self.state.at), 1)
