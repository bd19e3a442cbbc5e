"""How good forecasts are: what was foretold of a run while it went, beside when it really ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.forecast import forecast
from tui.insight.pace import paced
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.insight.expectation import Expectation
    from tui.run.events import Event

MOMENTS = (0.25, 0.5, 0.75)
"""The shares of a run's time at which it is looked at what was foretold."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was foretold of a run.

    Attributes:
        run: Its id.
        seconds: How long it took.
        errors: For each of `MOMENTS` the share of its time by which its end was foretold too late, or too
            early where it is below 0.
        source: What the forecast knew, in words.
    """

    run: str
    seconds: float
    errors: tuple[float, ...]
    source: str


def estimate(events: Sequence[Event], expectation: Expectation) -> Estimate | None:
    """Return how well a run's end was foretold.

    Args:
        events: Those of the run, from its start to its end.
        expectation: What was known before it.

    Returns:
        None for a run that took no time, or did not end, or of which nothing was known before.
    """
    state = RunState()
    end = _end(events)
    if not end or not expectation.seconds:
        return None
    errors: list[float] = []
    for event in events:
        while len(errors) < len(MOMENTS) and event.at > MOMENTS[len(errors)] * end and state.started:
            now = MOMENTS[len(errors)] * end
            ahead = forecast(state, paced(state, expectation, now), now)
            errors.append(ahead.end / end - 1.0)
        state.apply(event)
    run = state.started.run if state.started else ""
    return Estimate(run, end, tuple(errors), expectation.source) if len(errors) == len(MOMENTS) else None


def _end(events: Sequence[Event]) -> float:
    state = RunState()
    for event in events:
        state.apply(event)
    return state.ended_at or 0.0
