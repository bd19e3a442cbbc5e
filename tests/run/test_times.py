"""Measured times, of one run and as medians."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insight.running import begun, disturbed, tell
from tui.run import events as e
from tui.run.state import fold
from tui.run.times import median_times, times_of

PHASES: list[dict[str, list[str]]] = [{"a": []}, {"b": []}]


def run(seconds: float, *, span: str = "pod/web-84645457cf-9cx8v", also: str = "") -> list[e.Event]:
    """A task of two steps, of which the second takes some time, in a span; and perhaps another task."""
    events: list[e.Event] = [
        e.AttemptStarted(0.0, "a", 1),
        e.AttemptFinished(1.0, "a", 1, "failed"),
        e.AttemptStarted(3.0, "a", 2),
        e.StepStarted(3.0, "a", 2, 0, "look"),
        e.StepFinished(4.0, "a", 2, 0, changed=False),
        e.StepStarted(4.0, "a", 2, 1, "wait"),
        e.SpanStarted(4.0, "a", 2, 1, 1, "ready", span),
        e.SpanFinished(4.0 + seconds, "a", 2, 1),
        e.StepFinished(4.0 + seconds, "a", 2, 1),
        e.AttemptFinished(4.0 + seconds, "a", 2, "succeeded"),
        e.TaskFinished(4.0 + seconds, "a", "succeeded"),
    ]
    if also:
        events += [e.AttemptStarted(20.0, also, 1), e.AttemptFinished(22.0, also, 1, "succeeded")]
    return events


def test_a_runs_times_are_those_of_its_parts() -> None:
    times = times_of(tell(begun(phases=PHASES), *run(5.0)))
    assert times.seconds == 7.0  # nothing ran from 1 to 3
    task = times.parts["a"]
    assert [*times.parts] == ["a"]
    assert [(key, part.seconds, part.status) for key, part in task.parts.items()] == [
        ("earlier attempts", 1.0, "failed"),
        ("look", 1.0, "unchanged"),
        ("wait", 5.0, ""),
    ]
    assert [*task.parts["wait"].parts] == ["ready pod/web"]


def test_medians_are_over_the_runs_that_have_a_part() -> None:
    runs = [run(5.0, also="b"), run(7.0, span="pod/web-aaaaaaaaaa-bbbbb", also="b"), run(6.0), run(30.0)]
    times = [times_of(tell(begun(phases=PHASES), *each)) for each in runs]
    middle = median_times(times)
    wait = middle.parts["a"].parts["wait"]
    assert (wait.seconds, wait.deviation, wait.runs) == (6.5, 1.0, 4)
    assert wait.parts["ready pod/web"].runs == 4
    assert middle.parts["b"].runs == 2
    assert wait.tolerance == 3.0
    assert "b" not in median_times(times[1:] + times[2:]).parts


def test_what_goes_on_counts_up_to_now() -> None:
    events = run(5.0)[:7]
    times = times_of(tell(begun(phases=PHASES), *events), 10.0)
    wait = times.parts["a"].parts["wait"]
    assert (wait.seconds, wait.status, wait.parts["ready pod/web"].seconds) == (6.0, "running", 6.0)


def test_a_span_that_ended_with_its_step_is_as_that_is() -> None:
    *before, _span_ended, _done, _succeeded, _ended = run(5.0)
    failed = [e.AttemptFinished(6.0, "a", 2, "failed"), e.TaskFinished(6.0, "a", "failed")]
    for events, status in ((before, "running"), ([*before, *failed], "failed")):
        times = times_of(tell(begun(phases=PHASES), *events), 6.0)
        span = times.parts["a"].parts["wait"].parts["ready pod/web"]
        assert (span.status, span.seconds) == (status, 2.0)


@given(st.lists(disturbed(), min_size=1, max_size=2))
def test_times_are_never_negative_and_a_run_is_its_own_median(
    cases: list[tuple[object, list[e.Event]]],
) -> None:
    for _, events in cases:
        times = times_of(fold(events))
        middle = median_times([times, times, times])
        assert middle.seconds == pytest.approx(times.seconds)
        for key, task in times.parts.items():
            assert 0 <= task.seconds <= times.seconds + 1e-6
            assert abs(middle.parts[key].seconds - task.seconds) <= middle.parts[key].tolerance
            assert sum(step.seconds for step in task.parts.values()) <= task.seconds + 1e-6
