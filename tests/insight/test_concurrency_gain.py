"""What doing tasks at once gained, told alike wherever it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.insight.running import begun, ran, tell
from tests.plans import make_plan, started
from tui.console.report import report
from tui.console.style import Style
from tui.insight.concurrency_gain import concurrency_gain
from tui.insight.expectation import EMPTY
from tui.insight.forecast import forecast
from tui.insight.why import why_run
from tui.run import events as e
from tui.run.standing import Stands
from tui.run.state import RunState


def test_it_is_told_in_words_where_it_is_worth_it() -> None:
    state = begun()
    gain = concurrency_gain(state, 40.0, 60.0)
    assert gain is not None
    assert (str(gain), gain.times) == (
        "40.0s instead of 1:00 one at a time: 1.5 times as fast",
        "1.5 times as fast",
    )
    assert concurrency_gain(state, 40.0, 41.0) is None
    assert concurrency_gain(state, 0.0, 0.0) is None


@pytest.mark.parametrize(("environment", "told"), [("kind", False), ("rehearsal", True)])
def test_it_is_not_told_where_tasks_cost_mostly_what_bringup_itself_does(
    environment: str, *, told: bool
) -> None:
    phases: list[dict[str, list[str]]] = [{f"task-{i}": [] for i in range(100)}]
    first = replace(started(make_plan(phases)), environment=environment)
    short = [event for task in phases[0] for event in ran(task, 0.0, 0.5)]
    state = tell(RunState(), first, *short)
    assert (concurrency_gain(state, 1.0, 50.0) is not None) == told
    assert concurrency_gain(state, 100.0, 200.0) is not None
    notes = " ".join(why_run(state, 0.5, EMPTY, forecast(state, {}, 0.5)).notes)
    assert ("starting them slowed them" in notes) != told


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_report_and_why_tell_the_same_and_only_of_a_run_that_has_ended(outcome: e.RunOutcome) -> None:
    state = tell(
        begun(), *ran("cluster", 0.0, 10.0), *ran("tekton", 10.0, 40.0), *ran("database", 10.0, 30.0)
    )
    assert why_run(state, 40.0, EMPTY, forecast(state, {}, 40.0)).gain is None
    for task in state.tasks.values():
        if task.status == "waiting":
            tell(state, e.TaskFinished(40.0, task.id, "skipped"))
    tell(state, e.RunFinished(40.0, outcome))
    why = why_run(state, 40.0, EMPTY, forecast(state, {}, 40.0))
    assert str(why.gain) == "40.0s instead of 1:00 one at a time: 1.5 times as fast"
    assert f"  gained      {why.gain}" in report(state, Stands(), Style(False))
