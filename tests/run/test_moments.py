"""The state at any moment is what the events up to it fold into, in whatever order moments are asked for."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run import moments as module
from tui.run.events import Usage
from tui.run.moments import Moments
from tui.run.state import fold

_TASKS = [f"t{number}" for number in range(6)]
_TIMES = st.floats(0, 20).map(lambda at: round(at, 1))


def events(starts: list[float]) -> list[e.Event]:
    """A run of tasks that take two seconds each, with a sample each second."""
    found: list[e.Event] = [
        event
        for task, at in zip(_TASKS, starts, strict=False)
        for event in (
            e.AttemptStarted(at, task, 1),
            e.AttemptFinished(at + 2.0, task, 1, "succeeded"),
            e.TaskFinished(at + 2.0, task, "succeeded"),
        )
    ]
    found += [e.Sampled(float(second), 1.0, "", 2, 1.0, 0.5, Usage()) for second in range(25)]
    return [started(make_plan([{task: [] for task in _TASKS}])), *sorted(found, key=lambda event: event.at)]


@given(st.lists(_TIMES, min_size=1, max_size=len(_TASKS)), st.lists(_TIMES, max_size=20), st.integers(1, 7))
def test_a_moment_is_a_fold_of_what_came_before(starts: list[float], asked: list[float], every: int) -> None:
    run = events(starts)
    with mock.patch.multiple(module, _EVERY=every, _count_tasks=lambda _: 0):
        moments = Moments(run)
    assert moments.last.version == fold(run).version
    assert moments.end == (max(starts) + 2.0 if len(starts) == len(_TASKS) else 24.0)
    for at in asked:
        until = 1e9 if at >= moments.end else at
        then, now = fold(event for event in run if event.at <= until), moments.state(at)
        assert (now.version, now.running, now.at) == (then.version, then.running, then.at)
        assert [task.status for task in now.tasks.values()] == [task.status for task in then.tasks.values()]


@given(st.lists(_TIMES, min_size=1, max_size=len(_TASKS)), _TIMES)
def test_steps_lead_through_all_that_happened_and_pass_samples_over(starts: list[float], at: float) -> None:
    moments = Moments(events(starts))
    happened = sorted({0.0, *starts, *(start + 2.0 for start in starts)})
    there = {round(each, 6) for each in happened}
    forth = moments.after(at)
    assert forth == moments.end or round(forth, 6) in there
    assert not any(at < each < forth for each in happened)
    back = moments.before(at)
    assert round(back, 6) in there
    assert not any(back < each < at for each in happened)
