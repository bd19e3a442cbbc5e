"""Laws of what is said of a run's time, however odd its journal: cut off, damaged, with clock steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.insight.running import begun, disturbed, ran, tell
from tests.plans import SECONDS
from tui.console.report import report
from tui.console.style import Style
from tui.insight.expectation import Expectation
from tui.insight.forecast import forecast
from tui.insight.time_breakdown import time_breakdown
from tui.insight.what_if import Changes, makespans, what_if
from tui.insight.why import why_run
from tui.run import events as e
from tui.run.standing import Stands
from tui.run.state import RunState, fold
from tui.run.work_time import busy, idle, work_time

if TYPE_CHECKING:
    from tui.insight.forecast import Forecast

HOURS = 5 * 3600.0
CLOSE = 1e-6


@st.composite
def damaged(draw: st.DrawFn) -> list[e.Event]:
    """A run's journal that was cut off, has lost lines, has some twice, and whose clock was set."""
    _, events = draw(disturbed())
    first, *rest = events
    rest = rest[: draw(st.integers(0, len(rest)))]
    keep = draw(st.lists(st.sampled_from([1, 1, 1, 1, 1, 0, 2]), min_size=len(rest), max_size=len(rest)))
    rest = [event for event, times in zip(rest, keep, strict=True) for _ in range(times)]
    at, step = draw(st.integers(0, max(len(rest), 1))), draw(st.sampled_from([0.0, HOURS, -HOURS, -3.0]))
    return [first, *rest[:at], *(replace(event, at=event.at + step) for event in rest[at:])]


@settings(max_examples=60)
@given(damaged(), st.sampled_from([0.0, 1.0, HOURS]))
def test_what_is_said_of_an_odd_run_is_possible(events: list[e.Event], later: float) -> None:
    state = fold(events)
    check(state, state.at + later)


def check(state: RunState, now: float) -> None:
    before = Expectation.of([state])
    assert all(value >= 0 for value in before.seconds.values())
    intervals = busy(state, now)
    gaps = idle(intervals, now)
    assert all(each.seconds >= 0 for each in (*intervals, *gaps))
    worked = work_time(intervals)
    assert 0 <= worked <= now + CLOSE
    if intervals:
        assert abs(worked + work_time(gaps) - now) < 1e-3
    for task in state.tasks.values():
        check_task(state, task.id, now, before)
    ahead = forecast(state, before.seconds, now)
    assert all(ahead.starts[id_] <= ahead.ends[id_] for id_ in ahead.ends)
    assert all(value >= 0 for value in ahead.slack.values())
    assert ahead.end >= max(ahead.ends.values(), default=0.0) - CLOSE
    assert ahead.remaining(now) >= 0
    spans = makespans(state, before, now)
    assert 0 <= spans["eager"] <= spans["sequential"] + CLOSE
    assert what_if(state, before, now, Changes()).difference == 0
    check_why(state, now, before, ahead)
    lines = report(state, Stands(), Style(False), 80, now)
    assert all(len(line) <= 200 for line in lines)


def check_why(state: RunState, now: float, before: Expectation, ahead: Forecast) -> None:
    why = why_run(state, now, before, ahead)
    assert 0 <= why.floors.both <= min(why.makespans.values()) + CLOSE
    for step in why.steps:
        cost = step.cost
        assert 0 <= cost.worked + cost.waited <= cost.seconds + CLOSE
        assert 0 <= step.critical <= cost.seconds + CLOSE
        assert sum(span.alone for span in cost.spans) <= cost.seconds + CLOSE
        if step.savings:
            assert all(0 <= saved <= why.simulated + CLOSE for saved in step.savings.seconds)
            assert all(
                span.savings.whole <= step.savings.whole + CLOSE or state.limit is not None
                for span in step.spans
            )


def check_task(state: RunState, id_: str, now: float, before: Expectation) -> None:
    told = time_breakdown(state, id_, now, before)
    assert all(held.seconds >= 0 for held in told.holds)
    assert all(one.end <= other.start for one, other in zip(told.holds, told.holds[1:], strict=False))
    assert told.held + told.worked + told.paused <= now + CLOSE
    for attempt in told.attempts:
        assert attempt.seconds >= 0
        assert attempt.pause >= 0
        for step in attempt.steps:
            assert 0 <= step.seconds <= attempt.seconds + CLOSE
            assert 0 <= step.share <= 1 + CLOSE
            assert all(0 <= span.seconds <= attempt.seconds + CLOSE for span in step.spans)
        assert sum(step.share for step in attempt.steps) <= 1 + CLOSE


def test_a_run_that_was_paused_for_hours_took_as_long_as_it_worked() -> None:
    state = tell(begun("eager"), *ran("cluster", 0.0, 10.0), e.RunPaused(10.0), e.RunResumed(HOURS))
    at = HOURS
    for task in list(SECONDS)[1:]:
        tell(state, *ran(task, at, at + SECONDS[task]))
        at += SECONDS[task]
    tell(state, e.RunFinished(at, "succeeded"))
    check(state, at)
    lines = report(state, Stands(), Style(False), 100)
    assert "is up · 2:20" in "\n".join(lines)
    bars = {line.split()[1]: line for line in lines if "█" in line}
    assert bars["tekton"].count("█") > 3 * bars["image"].count("█") / 2 > 10, "bars are not one cell wide"
    assert "⫽" in lines[1]


def test_zero_tasks_and_tasks_without_time() -> None:
    check(RunState(), 0.0)
    state = begun()
    check(state, 0.0)
    for task in SECONDS:
        tell(state, *ran(task, 0.0, 0.0))
    check(state, 0.0)
    check(state, HOURS)
