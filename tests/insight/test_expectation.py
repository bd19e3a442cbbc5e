"""What earlier runs let one expect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.insight.running import ran
from tests.plans import make_plan, started
from tui.insight.expectation import EMPTY, Expectation
from tui.run import events as e
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAN = make_plan([{"a": [], "b": []}])


def run(*events: Iterable[e.Event], speed: float = 1.0) -> RunState:
    return fold([replace(started(PLAN), speed=speed), *(event for some in events for event in some)])


def steps(task: str, *ends: tuple[str, float, bool]) -> list[e.Event]:
    """A successful try from second 0 with steps: title, end, whether it found something to do."""
    said: list[e.Event] = [e.AttemptStarted(0.0, task, 1)]
    at = 0.0
    for i, (title, end, changed) in enumerate(ends):
        said += [e.StepStarted(at, task, 1, i, title), e.StepFinished(end, task, 1, i, changed)]
        at = end
    return [*said, e.AttemptFinished(at, task, 1, "succeeded"), e.TaskFinished(at, task, "succeeded")]


def test_a_tasks_time_is_the_median_of_its_successful_tries() -> None:
    found = Expectation.of([run(ran("a", 0.0, 3.0)), run(ran("a", 5.0, 105.0)), run(ran("a", 0.0, 7.0))])
    assert found.seconds == {"a": 7.0}
    assert found.source == "3 earlier runs"


def test_the_try_that_succeeded_counts_and_not_those_before() -> None:
    failed = [e.AttemptStarted(0.0, "a", 1), e.AttemptFinished(50.0, "a", 1, "failed")]
    assert Expectation.of([run(failed, ran("a", 60.0, 64.0, attempt=2))]).seconds == {"a": 4.0}
    assert Expectation.of([run(failed)]).seconds == {}


def test_a_try_that_found_its_work_done_does_not_count() -> None:
    done = run(steps("a", ("apply", 1.0, False), ("wait", 2.0, False)))
    partly = run(steps("a", ("apply", 1.0, False), ("wait", 9.0, True)))
    assert Expectation.of([done]).seconds == {}
    assert Expectation.of([done]).source == ""
    assert Expectation.of([done, partly]).seconds == {"a": 9.0}
    assert Expectation.of([done, partly]).source == "an earlier run"


def test_a_kept_task_does_not_count() -> None:
    assert Expectation.of([run([e.TaskKept(0.0, "a", "run-1")])]).seconds == {}


def test_steps_are_the_medians_of_the_tries_with_the_newest_steps() -> None:
    newest = run(steps("a", ("pull", 4.0, True), ("load", 5.0, True)))
    alike = run(steps("a", ("pull", 2.0, True), ("load", 9.0, True)))
    other = run(steps("a", ("download", 100.0, True)))
    found = Expectation.of([newest, other, alike])
    assert found.steps == {"a": (("pull", 3.0), ("load", 4.0))}
    assert found.seconds == {"a": 9.0}


def test_a_step_whose_end_was_lost_is_not_taken_for_one() -> None:
    events = [event for event in steps("a", ("pull", 4.0, True)) if not isinstance(event, e.StepFinished)]
    found = Expectation.of([run(events)])
    assert found.seconds == {"a": 4.0}
    assert found.steps == {"a": ()}


def test_a_rehearsal_is_taken_back_to_its_recordings_speed() -> None:
    found = Expectation.of([run(steps("a", ("pull", 0.5, True)), speed=60.0)])
    assert found.seconds == {"a": 30.0}
    assert found.steps == {"a": (("pull", 30.0),)}


def test_scaling_changes_all_times() -> None:
    scaled = Expectation({"a": 30.0}, {"a": (("x", 10.0), ("y", 20.0))}, "a recording").scaled(0.1)
    assert scaled.seconds == {"a": 3.0}
    assert scaled.steps == {"a": (("x", 1.0), ("y", 2.0))}
    assert scaled.source == "a recording"


def test_what_is_missing_is_taken_from_what_lies_below() -> None:
    runs = Expectation({"a": 1.0}, {"a": (("x", 1.0),)}, "3 earlier runs")
    recording = Expectation({"a": 9.0, "b": 2.0}, {"a": (("x", 9.0),), "b": (("y", 2.0),)}, "a recording")
    merged = runs.merged(over=recording)
    assert merged.seconds == {"a": 1.0, "b": 2.0}
    assert merged.steps == {"a": (("x", 1.0),), "b": (("y", 2.0),)}
    assert merged.source == "3 earlier runs and a recording"
    assert recording.merged(over=runs).source == "a recording"
    assert EMPTY.merged(over=recording).source == "a recording"
    assert EMPTY.merged(over=EMPTY).source == ""
