"""What the answer to why says, whoever shows it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from hypothesis import given, settings

from tests.insight.running import begun, disturbed, ran, standing, tell
from tui.console.why import as_data
from tui.insight.expectation import EMPTY, Expectation
from tui.insight.forecast import forecast
from tui.insight.why import why_run
from tui.insight.why_sections import why_sections
from tui.insight.why_task import why_task
from tui.run import events as e

if TYPE_CHECKING:
    from tui.insight.sections import Section


def texts(sections: list[Section]) -> list[str]:
    return [row.text for section in sections for row in section.rows]


def test_what_still_holds_a_task_is_told_in_the_present() -> None:
    state = tell(begun(), e.AttemptStarted(0.0, "cluster", 1), *ran("image", 0.0, 1.0))
    ahead = forecast(state, {}, 5.0)
    assert "needs cluster" in texts(why_task(state, "tekton", 5.0, EMPTY, ahead))
    assert "held by phase 1, until cluster finishes" in texts(
        why_task(tell(begun(), e.AttemptStarted(0.0, "cluster", 1)), "image", 5.0, EMPTY, ahead)
    )
    tell(state, *ran("cluster", 0.0, 10.0)[1:], e.AttemptStarted(10.0, "tekton", 1))
    told = texts(why_task(state, "tekton", 12.0, EMPTY, forecast(state, {}, 12.0)))
    assert "needed cluster" in told


def test_what_took_longer_than_before_says_so() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 10.0))
    before = Expectation({"cluster": 4.0}, {"cluster": (("work", 4.0),)}, "an earlier run")
    head, _, steps, *_ = why_task(state, "cluster", 10.0, before, forecast(state, before.seconds, 10.0))
    assert (head.rows[0].text, head.rows[0].note, head.rows[0].tone) == (
        "at work 10.0s, before 4.0s (by an earlier run)", "+6.0s", "slower",
    )  # fmt: skip
    assert (steps.rows[0].text, steps.rows[0].amount, steps.rows[0].note) == ("work", "10.0s", "+6.0s")


def test_a_task_that_was_cancelled_is_named_unless_the_whole_run_was() -> None:
    def verdict(outcome: e.RunOutcome) -> str:
        state = tell(begun(), *ran("cluster", 0.0, 1.0), e.AttemptStarted(1.0, "image", 1))
        skipped = (
            e.TaskFinished(2.0, id_, "skipped") for id_ in state.tasks if id_ not in {"cluster", "image"}
        )
        tell(state, *skipped, e.TaskFinished(2.0, "image", "cancelled"), e.RunFinished(2.0, outcome))
        return why_run(state, 2.0, EMPTY, forecast(state, {}, 2.0)).verdict

    assert ", and image was cancelled; " in verdict("failed")
    assert ", cancelled; " in verdict("cancelled")


@settings(max_examples=40)
@given(disturbed())
def test_it_can_be_told_of_every_task_at_every_moment_and_kept_as_json(
    run: tuple[object, list[e.Event]],
) -> None:
    for state, _ in list(standing(run[1]))[::5]:
        ahead = forecast(state, {}, state.at)
        answer = why_run(state, state.at, EMPTY, ahead)
        assert json.loads(json.dumps(as_data(answer)))["verdict"]
        sections = why_sections(answer, state)
        for task in state.tasks:
            sections += why_task(state, task, state.at, EMPTY, ahead)
        assert json.loads(json.dumps([asdict(section) for section in sections]))


def test_what_ran_ahead_of_its_place_counts_as_time_of_its_step() -> None:
    state = tell(
        begun("eager", [{"cluster": []}, {"app": ["cluster"]}]),
        *ran("cluster", 0.0, 20.0)[:2],
        e.PrefetchStarted(5.0, "app", 1, 0, "kind.load app"),
        *ran("cluster", 0.0, 20.0)[2:],
        e.AttemptStarted(20.0, "app", 1),
        e.StepStarted(20.0, "app", 1, 0, "kind.load app"),
        e.PrefetchFinished(30.0, "app", 1, 0),
        e.StepFinished(30.0, "app", 1, 0),
        *ran("app", 20.0, 30.0)[-2:],
        e.RunFinished(30.0, "succeeded"),
    )
    why = why_run(state, 30.0, EMPTY, forecast(state, {}, 30.0))
    load = next(step for step in why.steps if step.cost.task == "app")
    assert (load.cost.whole, load.cost.ahead, load.critical) == (25.0, 15.0, 10.0)
    assert "25.0s" in [
        row.cells[0] for section in why_sections(why, state) for row in section.rows if row.cells
    ]
