"""Where one task's time went: what held it back, and what its attempts spent it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.hold_times import Held, hold_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.insight.expectation import Expectation
    from tui.run.attempt_state import AttemptState, StepState
    from tui.run.events import Outcome
    from tui.run.state import RunState


@dataclass(frozen=True, slots=True, eq=False)
class SpanTime:
    """A named interval of a step, what it was about, and how many seconds it took."""

    name: str
    subject: str
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class StepTime:
    """A step of an attempt.

    Attributes:
        title: What it is called.
        started: When it began, in seconds since the run did.
        seconds: How long it took, up to now while it runs.
        expected: How long it took before, where that is known.
        share: The part of its attempt's time that it took, from 0 to 1.
        changed: False where its work was already done.
        note: What was done, or found.
        spans: Its named intervals, the longest first.
    """

    title: str
    started: float
    seconds: float
    expected: float | None
    share: float
    changed: bool
    note: str
    spans: tuple[SpanTime, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AttemptTime:
    """An attempt.

    Attributes:
        attempt: Which one, from 1.
        started: When it began, in seconds since the run did.
        seconds: How long it took, up to now while it runs.
        pause: Seconds between the previous attempt's end and this one's start.
        outcome: How it ended; None while it runs.
        steps: Its steps, in order.
    """

    attempt: int
    started: float
    seconds: float
    pause: float
    outcome: Outcome | None
    steps: tuple[StepTime, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TimeBreakdown:
    """Where a task's time went; times in seconds.

    Attributes:
        task: The task's id.
        holds: What held it back before its first attempt, in order.
        attempts: Its attempts, in order.
        expected: How long a successful attempt of it took before, where that is known.
    """

    task: str
    holds: tuple[Held, ...]
    attempts: tuple[AttemptTime, ...]
    expected: float | None

    @property
    def held(self) -> float:
        """Seconds for which it was held back."""
        return sum(held.seconds for held in self.holds)

    @property
    def worked(self) -> float:
        """Seconds of its attempts."""
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def paused(self) -> float:
        """Seconds between its attempts."""
        return sum(attempt.pause for attempt in self.attempts)


def time_breakdown(state: RunState, task_id: str, now: float, expectation: Expectation) -> TimeBreakdown:
    """Break a task's time down.

    Args:
        state: The run.
        task_id: The task.
        now: Seconds since the run began; what goes on is counted up to here.
        expectation: How long things took before.
    """
    task = state.tasks[task_id]
    before = expectation.steps.get(task_id, ())
    ends = [attempt.started for attempt in task.attempts[:1]]
    ends += [attempt.end(now) for attempt in task.attempts]
    return TimeBreakdown(
        task_id,
        hold_times(state, task_id, now),
        tuple(
            AttemptTime(
                attempt=attempt.attempt,
                started=attempt.started,
                seconds=attempt.end(now) - attempt.started,
                pause=attempt.started - ended_before,
                outcome=attempt.outcome,
                steps=_steps(attempt, now, before),
            )
            for attempt, ended_before in zip(task.attempts, ends, strict=False)
        ),
        expectation.seconds.get(task_id),
    )


def _steps(attempt: AttemptState, now: float, before: Sequence[tuple[str, float]]) -> tuple[StepTime, ...]:
    until = attempt.end(now)
    whole = until - attempt.started
    found = []
    for step in attempt.steps:
        seconds = (until if step.finished is None else step.finished) - step.started
        found.append(
            StepTime(
                title=step.title,
                started=step.started,
                seconds=seconds,
                expected=_expected(step, before),
                share=seconds / whole if whole else 0.0,
                changed=step.changed,
                note=step.note,
                spans=_spans(attempt, step.step, until),
            )
        )
    return tuple(found)


def _spans(attempt: AttemptState, step: int, until: float) -> tuple[SpanTime, ...]:
    spans = [
        SpanTime(span.name, span.subject, (until if span.finished is None else span.finished) - span.started)
        for span in attempt.spans
        if span.step == step
    ]
    return tuple(sorted(spans, key=lambda span: -span.seconds))


def _expected(step: StepState, before: Sequence[tuple[str, float]]) -> float | None:
    """Return how long a step of its title took before, that at its place if there are several."""
    if step.step < len(before) and before[step.step][0] == step.title:
        return before[step.step][1]
    return next((seconds for title, seconds in before if title == step.title), None)
