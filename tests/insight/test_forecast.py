"""Forecasts, beside what the engine then really does."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_laws import MODES, Case, cases
from tests.insight.running import begun, disturbed, modes, ran, standing, tell, undisturbed
from tests.plans import FOUR_PHASES, SECONDS
from tui.insight.forecast import Forecast, forecast
from tui.plan.graph import ON_FAILURE
from tui.plan.simulation import Rules, simulate_whole
from tui.run import events as e
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

expected = st.dictionaries(st.integers(0, 15).map("t{}".format), st.floats(0, 20))

COMMANDED = e.ModeChanged | e.RunPaused | e.RunResumed | e.CancelRequested | e.TaskReset
ENDED = e.AttemptFinished | e.TaskFinished


def settled(events: Sequence[e.Event]) -> int:
    """The number of the last event that no forecast foretells: a command, or an end that is no success."""
    turns = [
        i
        for i, event in enumerate(events)
        if isinstance(event, COMMANDED) or (isinstance(event, ENDED) and event.outcome != "succeeded")
    ]
    return turns[-1] if turns else 0


def really(events: Sequence[e.Event]) -> tuple[dict[str, float], dict[str, float]]:
    """When each task of a run that has ended started, and when it ended."""
    tasks = fold(events).tasks.values()
    starts = {task.id: task.start for task in tasks if task.start is not None}
    return starts, {task.id: task.attempts[-1].end(0.0) for task in tasks if task.id in starts}


@given(disturbed())
def test_what_is_foretold_of_exact_times_is_what_the_engine_does(run: tuple[Case, list[e.Event]]) -> None:
    case, events = run
    starts, ends = really(events)
    for state, _ in standing(events, after=settled(events)):
        found = forecast(state, case.seconds, state.at)
        assert found.complete
        assert found.starts == starts
        assert found.ends == ends
        assert found.end == fold(events).ended_at


@given(disturbed(), expected)
def test_whatever_happened_and_is_expected_a_forecast_keeps_the_rules(
    run: tuple[Case, list[e.Event]], seconds: dict[str, float]
) -> None:
    for state, until in standing(run[1]):
        now = (state.at + until) / 2
        found = forecast(state, seconds, now)
        check_rules(state, found, now)
        to_come = {id_ for id_ in found.ends if state.tasks[id_].status in {"waiting", "running"}}
        if not (state.cancelling or any(task.cancelling for task in state.tasks.values())):
            assert found.complete == (to_come <= seconds.keys())


def check_rules(state: RunState, found: Forecast, now: float) -> None:
    assert found.starts.keys() == found.ends.keys() == found.slack.keys()
    assert all(slack >= 0 for slack in found.slack.values())
    assert all(found.slack[id_] == 0 for id_ in found.critical)
    for id_ in found.ends:
        task = state.tasks[id_]
        if task.status == "waiting":
            assert found.ends[id_] >= now
            assert all(found.ends[need] <= found.ends[id_] for need in task.needs)
            assert found.starts[id_] >= max([now, *(found.ends[need] for need in task.needs)])
    if state.unfinished:
        assert found.end == max([now, *found.ends.values()])
    if found.ends:
        assert found.ends[found.critical[-1]] == max(found.ends.values())


@given(undisturbed(), expected)
def test_the_critical_tasks_touch_from_the_runs_start_to_its_end(
    run: tuple[Case, list[e.Event]], seconds: dict[str, float]
) -> None:
    for state, _ in standing(run[1]):
        found = forecast(state, seconds, state.at)
        assert found.starts[found.critical[0]] == 0
        assert all(found.ends[a] == found.starts[b] for a, b in pairwise(found.critical))
        assert found.ends[found.critical[-1]] == found.end


@given(undisturbed())
def test_the_critical_tasks_of_a_run_that_ended_lead_to_its_end(run: tuple[Case, list[e.Event]]) -> None:
    state = fold(run[1])
    found = forecast(state, {}, 1000.0)
    assert found.complete
    assert found.end == found.ends[found.critical[-1]] == state.ended_at
    assert found.remaining(1000.0) == 0


def delayed(state: RunState, seconds: Mapping[str, float], task: str, by: float) -> tuple[Forecast, Forecast]:
    """The forecast, and the one if a task took longer."""
    return forecast(state, seconds, state.at), forecast(
        state, {**seconds, task: seconds[task] + by}, state.at
    )


@given(disturbed(), st.data())
def test_a_task_that_ends_later_by_its_slack_moves_nothing(
    run: tuple[Case, list[e.Event]], data: st.DataObject
) -> None:
    case, events = run
    for state, _ in standing(events):
        found = forecast(state, case.seconds, state.at)
        to_come = [i for i in found.ends if state.tasks[i].status in {"waiting", "running"}]
        if to_come:
            task = data.draw(st.sampled_from(to_come))
            share = data.draw(st.sampled_from([0.25, 0.5, 0.99]))
            _, later = delayed(state, case.seconds, task, found.slack[task] * share)
            assert later.end == pytest.approx(found.end)


@given(disturbed(), st.data())
def test_a_task_that_ends_later_by_more_than_its_slack_moves_the_end_by_the_rest(
    run: tuple[Case, list[e.Event]], data: st.DataObject
) -> None:
    case, events = run
    for state, _ in standing(events):
        if state.limit is not None or state.cancelling:
            continue
        found = forecast(state, case.seconds, state.at)
        to_come = [
            i
            for i in found.ends
            if state.tasks[i].status in {"waiting", "running"} and not state.tasks[i].cancelling
        ]
        if to_come:
            task = data.draw(st.sampled_from(to_come))
            now, later = delayed(state, case.seconds, task, found.slack[task] + 7)
            assert later.end == now.end + 7


@given(cases())
def test_the_fewer_the_barriers_the_sooner_the_end(case: Case) -> None:
    state = begun(phases=case.phases)
    sequential, parallel, eager = (
        forecast(state, case.seconds, 0.0, mode).end for mode in ("sequential", "parallel", "eager")
    )
    assert sequential >= parallel >= eager
    assert sequential == sum(case.seconds.values())


@given(undisturbed(), modes)
def test_another_mode_is_foretold_as_if_it_were_chosen_now(
    run: tuple[Case, list[e.Event]], mode: str
) -> None:
    case, events = run
    foretold = [forecast(state, case.seconds, state.at, mode) for state, _ in standing(events)]
    for i, (state, _) in enumerate(standing(events)):
        state.mode = mode
        chosen = forecast(state, case.seconds, state.at)
        assert (foretold[i].ends, foretold[i].end) == (chosen.ends, chosen.end)


def test_four_phases_as_they_would_run() -> None:
    found = forecast(begun(), SECONDS, 0.0)
    assert found.starts == {
        "cluster": 0.0, "tekton": 10.0, "database": 10.0, "image": 10.0, "deploy": 70.0, "access": 85.0,
    }  # fmt: skip
    assert found.critical == ("cluster", "tekton", "deploy", "access")
    assert found.slack == {
        "cluster": 0.0, "tekton": 0.0, "database": 30.0, "image": 40.0, "deploy": 0.0, "access": 0.0,
    }  # fmt: skip
    assert (found.end, found.complete, found.remaining(30.0)) == (90.0, True, 60.0)


def test_slack_without_barriers_reaches_to_the_runs_end() -> None:
    found = forecast(begun("eager"), SECONDS, 0.0)
    assert found.critical == ("cluster", "tekton")
    assert found.slack["access"] == 55.0
    assert found.slack["image"] == 70.0 - 15.0 - 20.0


def test_a_limit_lets_a_slot_decide() -> None:
    found = forecast(begun(limit=2), SECONDS, 0.0)
    assert found.starts["image"] == 40.0
    assert found.critical == ("cluster", "tekton", "deploy", "access")
    assert found.slack["image"] == 10.0


def test_in_sequential_mode_everything_left_is_critical() -> None:
    state = tell(begun("sequential"), *ran("cluster", 0.0, 10.0))
    found = forecast(state, SECONDS, 12.0)
    assert found.critical == ("cluster", "tekton", "database", "image", "deploy", "access")
    assert set(found.slack.values()) == {0.0}
    assert found.end == 12.0 + 130.0


def test_a_task_that_takes_longer_than_expected_is_expected_to_end_now() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 10.0), e.AttemptStarted(10.0, "tekton", 1))
    found = forecast(state, SECONDS, 100.0)
    assert found.ends["tekton"] == 100.0


def test_a_task_to_be_tried_again_ends_a_try_after_its_pause() -> None:
    state = tell(
        begun(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptFinished(4.0, "cluster", 1, "failed"),
        e.RetryScheduled(4.0, "cluster", 1, 20.0, "server-error"),
    )
    assert forecast(state, SECONDS, 5.0).ends["cluster"] == 34.0
    assert forecast(state, SECONDS, 5.0).starts["cluster"] == 0.0


def test_a_paused_run_is_foretold_as_if_it_were_resumed_now() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 10.0), e.RunPaused(5.0))
    assert forecast(state, SECONDS, 300.0).starts["tekton"] == 300.0


def test_what_needs_a_task_that_did_not_succeed_is_not_foretold() -> None:
    state = tell(
        begun("eager"),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptStarted(0.0, "image", 1),
        e.AttemptFinished(5.0, "cluster", 1, "failed"),
        e.TaskFinished(5.0, "cluster", "failed"),
    )
    found = forecast(state, SECONDS, 6.0)
    assert found.ends == {"cluster": 5.0, "image": 20.0}
    assert found.critical == ("image",)


def test_what_needs_a_task_that_is_being_cancelled_is_not_foretold() -> None:
    state = tell(
        begun("eager"),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptStarted(0.0, "image", 1),
        e.CancelRequested(5.0, "cluster"),
    )
    assert forecast(state, SECONDS, 6.0).ends == {"cluster": 6.0, "image": 20.0}


def test_an_unknown_time_makes_the_end_a_lower_bound() -> None:
    state = begun()
    found = forecast(state, {"cluster": 10.0}, 0.0)
    assert not found.complete
    assert found.end == 10.0
    assert forecast(state, dict.fromkeys(SECONDS, 1.0), 0.0).complete


def test_a_kept_task_takes_no_time_and_holds_nothing_back() -> None:
    state = tell(begun(), e.TaskKept(0.0, "cluster", "run-1"))
    found = forecast(state, SECONDS, 1.0)
    assert "cluster" not in found.ends
    assert found.starts["tekton"] == 1.0
    assert found.critical == ("tekton", "deploy", "access")


def test_what_follows_on_a_failure_does_not_hide_what_the_run_took_so_long_for() -> None:
    state = begun("eager", [{"cluster": (), "tests": ("cluster",)}, {ON_FAILURE: ()}])
    tell(state, *ran("cluster", 0.0, 10.0), *ran("tests", 10.0, 12.0), *ran(ON_FAILURE, 12.0, 12.0))
    assert forecast(state, {}, 12.0).critical == ("cluster", "tests", ON_FAILURE)


def test_a_wait_for_a_person_leaves_a_gap_in_the_critical_path() -> None:
    phases: list[dict[str, list[str]]] = [{"a": []}, {"b": []}]
    state = tell(
        begun(phases=phases),
        *ran("a", 0.0, 10.0), e.RunPaused(5.0), e.RunResumed(300.0), *ran("b", 300.0, 310.0),
    )  # fmt: skip
    found = forecast(state, {}, 310.0)
    assert found.critical == ("a", "b")
    assert found.end == 310.0


def test_a_run_of_which_nothing_is_known_has_an_empty_forecast() -> None:
    found = forecast(RunState(), {}, 3.0)
    assert (found.ends, found.critical, found.end) == ({}, (), 3.0)


def test_a_task_that_waits_again_is_foretold_anew() -> None:
    state = tell(
        begun(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptFinished(2.0, "cluster", 1, "failed"),
        e.TaskFinished(2.0, "cluster", "failed"),
        e.TaskReset(50.0, "cluster"),
    )
    found = forecast(state, SECONDS, 60.0)
    assert (found.starts["cluster"], found.ends["cluster"]) == (60.0, 70.0)


@pytest.mark.parametrize("mode", MODES)
def test_the_forecast_of_the_bundled_shape_agrees_with_the_graph(mode: str) -> None:
    state = begun(mode, FOUR_PHASES)
    times = simulate_whole(state.graph, SECONDS, Rules(mode))
    assert forecast(state, SECONDS, 0.0).starts == {id_: start for id_, (start, _) in times.items()}
