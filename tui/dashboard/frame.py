"""What the screen shows at one moment, and the model that it is taken from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.concurrency_gain import ConcurrencyGain, concurrency_gain
from tui.insight.expectation import EMPTY
from tui.insight.forecast import Forecast, forecast
from tui.run.state import RunState, TaskState

if TYPE_CHECKING:
    from tui.dashboard.control import Control
    from tui.insight.expectation import Expectation
    from tui.run.events import PhaseOutline

FORECAST_EVERY = 1.0
"""Seconds after which what is to come is worked out again where only time has passed."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A run at one moment. Widgets are handed it and know nothing else; compare by identity.

    Attributes:
        name: The plan's name, or title.
        phases: The plan's outline.
        tasks: Its tasks as they stand.
        state: The run; it is read only while the frame is the latest.
        now: Seconds since the run began; it stands still once all tasks have ended.
        forecast: When what is left will be done; None before the run begins.
        critical: The tasks that decide when that is.
        concurrency_gain: What doing things at once has saved.
        expectation: How long things took before.
    """

    name: str
    phases: tuple[PhaseOutline, ...]
    tasks: dict[str, TaskState]
    state: RunState
    now: float
    forecast: Forecast | None
    critical: frozenset[str]
    concurrency_gain: ConcurrencyGain | None
    expectation: Expectation

    @property
    def finished(self) -> bool:
        """Whether all tasks have ended."""
        return self.state.started is not None and self.state.ended_at is not None


class Model:
    """Folds what a run says, for the screen alone, and takes frames of it."""

    def __init__(self, control: Control) -> None:
        self.state = RunState()
        self._control = control
        self._name, self._phases = control.preview()
        self._preview = {
            task.id: TaskState(task.id, task.title, i, task.needs, task.steps)
            for i, phase in enumerate(self._phases)
            for task in phase.tasks
        }
        self._forecast: Forecast | None = None
        self._forecast_at = 0.0
        self._critical: frozenset[str] = frozenset()
        self._savings: ConcurrencyGain | None = None
        self._expectation = EMPTY
        self._frame: Frame | None = None

    def pull(self) -> Frame:
        """Takes in what was said since; the same frame where nothing has changed, nor time passed."""
        changed = self._take()
        now = self._now()
        if self._frame is not None and not changed and now == self._frame.now:
            return self._frame
        if changed or now - self._forecast_at >= FORECAST_EVERY:
            self._look_ahead(now)
        self._frame = self._snapshot(now)
        return self._frame

    def _take(self) -> bool:
        feed = self._control.feed
        changed = self._expectation is not self._control.expectation
        self._expectation = self._control.expectation
        if feed is not None:
            for event in feed.take():
                self.state.apply(event)
                changed = True
        return changed

    def _now(self) -> float:
        """The time that is shown: a tenth of a second is as fine as it is drawn."""
        feed = self._control.feed
        ended = self.state.ended_at
        if self.state.started is None or feed is None:
            return 0.0
        return ended if ended is not None else round(max(feed.now(), self.state.at), 1)

    def _look_ahead(self, now: float) -> None:
        if self.state.started is not None:
            self._forecast = forecast(self.state, self._expectation.seconds, now)
            self._critical = frozenset(self._forecast.critical)
            self._savings = concurrency_gain(self.state, now)
            self._forecast_at = now

    def _snapshot(self, now: float) -> Frame:
        started = self.state.started
        return Frame(
            name=(started.plan if started else self._name),
            phases=started.phases if started else self._phases,
            tasks=dict(self.state.tasks) if started else self._preview,
            state=self.state,
            now=now,
            forecast=self._forecast,
            critical=self._critical,
            concurrency_gain=self._savings,
            expectation=self._expectation,
        )
