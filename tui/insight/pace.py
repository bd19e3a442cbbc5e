"""How long tasks will take from now on: as expected, by their steps, at the speed of those that are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.insight.expectation import Expectation
    from tui.run.attempt_state import AttemptState
    from tui.run.state import RunState, TaskState

_TRUSTED = 20.0  # seconds of steps with the same pace, after which half of that pace is believed
_SLOWEST, _FASTEST = 3.0, 1 / 3
_LATE = 0.1  # of a step's time so far, that it is taken to need yet where it should have finished


def paced(state: RunState, expectation: Expectation, now: float) -> Mapping[str, float]:
    """Return how long an attempt of each task is expected to take, as the run stands.

    A task that runs takes what its steps have taken, and what those take that are left. What is left takes
    longer or less long than expected as the steps did that are done, the more so the more of them there are.

    Args:
        state: The run.
        expectation: How long things took before.
        now: Seconds since the run began.

    Returns:
        Seconds by task, for those of which it is known.
    """
    if not expectation.steps or state.ended_at is not None:
        return expectation.seconds
    factor = _pace(state, expectation)
    seconds = {
        id_: took * factor if state.tasks[id_].status == "waiting" else took
        for id_, took in expectation.seconds.items()
        if id_ in state.tasks
    }
    for id_ in state.running:
        task, steps = state.tasks[id_], expectation.steps.get(id_, ())
        attempt = task.attempt
        if attempt is not None and attempt.finished is None and steps and id_ in seconds:
            seconds[id_] = now - attempt.started + _left(attempt, steps, now, factor)
    return seconds


def _left(attempt: AttemptState, steps: tuple[tuple[str, float], ...], now: float, factor: float) -> float:
    """Return the seconds that an attempt will still take."""
    at, begun = (attempt.steps[-1].step, attempt.steps[-1]) if attempt.steps else (0, None)
    left = sum(seconds for _, seconds in steps[at + 1 :]) * factor
    if begun is None:
        return left + steps[0][1] * factor
    if begun.finished is not None or at >= len(steps):
        return left
    spent = now - begun.started
    return left + max(steps[at][1] * factor - spent, _LATE * spent)


def _pace(state: RunState, expectation: Expectation) -> float:
    """Return how many times as long as expected the run's steps took that are done."""
    took, expected = 0.0, 0.0
    for task in state.tasks.values():
        for one, other in _done(task, expectation):
            took += one
            expected += other
    if not expected:
        return 1.0
    trust = expected / (expected + _TRUSTED)
    return min(max(1.0 + (took / expected - 1.0) * trust, _FASTEST), _SLOWEST)


def _done(task: TaskState, expectation: Expectation) -> Iterator[tuple[float, float]]:
    """Yield the seconds of each step that did its work, and what was expected of it."""
    steps = expectation.steps.get(task.id, ())
    attempt = task.attempt
    for step in attempt.steps if attempt is not None else ():
        if step.finished is not None and step.changed and step.step < len(steps):
            title, seconds = steps[step.step]
            if title == step.title:
                yield step.finished - step.started, seconds
