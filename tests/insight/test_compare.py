"""What changed between two runs, and whether that is usual."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.insight.running import begun, disturbed, tell
from tests.plans import make_plan, started
from tui.console.compare import as_data
from tui.insight.compare import Side, compare, compare_sections, verdict
from tui.run import events as e
from tui.run.likeness import likeness
from tui.run.state import fold
from tui.run.times import median_times, times_of

if TYPE_CHECKING:
    from tui.run.state import RunState


def side(name: str, state: RunState) -> Side:
    assert state.started is not None
    return Side(name, name, state.started, likeness(state), times_of(state))


def ran(load: float, *, pods: float = 1.0, also: str = "b") -> RunState:
    """A run of a task that loads, and of another one, alone each."""
    state = begun(phases=[{"a": []}, {also: []}])
    end = load + pods
    return tell(
        state,
        e.AttemptStarted(0.0, "a", 1),
        e.StepStarted(0.0, "a", 1, 0, "load"),
        e.StepFinished(load, "a", 1, 0),
        e.StepStarted(load, "a", 1, 1, "wait"),
        e.StepFinished(end, "a", 1, 1),
        e.AttemptFinished(end, "a", 1, "succeeded"),
        e.TaskFinished(end, "a", "succeeded"),
        e.AttemptStarted(end, also, 1),
        e.AttemptFinished(end + 2.0, also, 1, "succeeded"),
        e.TaskFinished(end + 2.0, also, "succeeded"),
    )


def lines(a: RunState, b: RunState, *usual: RunState) -> list[str]:
    told = compare(
        side("a", a), side("b", b), median_times([times_of(each) for each in usual]) if usual else None
    )
    assert json.loads(json.dumps(as_data(told)))["verdict"] == verdict(told)
    rows = [row for section in compare_sections(told) for row in section.rows]
    return [verdict(told), *(" ".join((*row.cells, row.text, row.note)).strip() for row in rows)]


def test_what_differs_is_told_by_task_and_step_the_largest_first() -> None:
    told = lines(ran(25.0), ran(15.0, pods=3.0))
    assert told[0].startswith("28.0s instead of 20.0s: 8.0s (40 %) slower; what is usual takes 3 like runs")
    assert told[3:] == [
        "26.0s 18.0s +8.0s a",
        "25.0s 15.0s +10.0s load",
        "1.0s 3.0s −2.0s wait",
        "1 task took as long",
    ]


@pytest.mark.parametrize(
    ("load", "said"),
    [(13.0, "as usual"), (13.1, "slower than usual"), (7.0, "as usual"), (6.9, "faster than usual")],
)
def test_a_time_is_usual_within_three_deviations(load: float, said: str) -> None:
    usual = [ran(seconds) for seconds in (9.0, 10.0, 11.0)]
    told = lines(ran(load), ran(30.0), *usual)
    assert f"{said}: 13.0s ± 3.0s in 3 like runs" in told[0]
    assert any(line.endswith(f"load · {said}, 10.0s ± 3.0s") for line in told)
    assert "usual:" not in lines(ran(load), ran(30.0), *usual[:2])[0]


def test_tasks_that_came_and_went_are_told() -> None:
    told = lines(ran(5.0, also="new"), ran(5.0, also="old"))
    assert "2.0s –  new · only in A" in told
    assert any("only in B" in line for line in told)
    assert told[0].startswith("8.0s instead of 8.0s: as fast")


def test_a_task_that_failed_is_not_called_faster() -> None:
    broken = begun(phases=[{"a": []}, {"b": []}])
    tell(
        broken,
        e.AttemptStarted(0.0, "a", 1),
        e.AttemptFinished(1.0, "a", 1, "failed"),
        e.TaskFinished(1.0, "a", "failed"),
        e.TaskFinished(1.0, "b", "skipped", "a"),
    )
    told = lines(broken, ran(5.0), *[ran(5.0)] * 3)
    assert told[0] == "1.0s instead of 8.0s, but A did not come up"
    assert any(line.endswith("· A failed, B succeeded") for line in told)
    assert lines(ran(5.0), broken)[0] == "8.0s instead of 1.0s, but B did not come up"


def test_unlike_runs_are_said_to_be() -> None:
    first, second = ran(5.0), ran(5.0)
    assert first.started is not None
    plan = make_plan([{"a": []}, {"c": []}], tasks={"a": {"title": "Other"}})
    phases = started(plan).phases
    second.started = replace(first.started, mode="eager", digest="1", bringup="9", phases=phases)
    second.modes = [(0.0, "eager")]
    told = lines(first, second)
    assert told[3:6] == [
        "mode: A parallel; B eager",
        "bringup: A 0; B 9",
        "the plan was edited, or its values: changed a; only in A b; only in B c",
    ]


@given(disturbed())
def test_a_run_is_as_fast_as_itself(case: tuple[object, list[e.Event]]) -> None:
    state = fold(case[1])
    told = compare(side("a", state), side("b", state), median_times([times_of(state)] * 3))
    assert told.unlike == ()
    assert all(task.difference == 0 and task.verdict == "usual" for task in told.tasks)
    assert "as fast" in verdict(told) or told.whole.status != "succeeded"
