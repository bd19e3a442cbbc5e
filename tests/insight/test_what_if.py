"""Other modes and faster tasks, beside what the engine then really does."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings

from tests.engine.test_laws import MODES, Case, PodTracker, cases
from tests.insight.running import SECONDS, begun, limits, modes, ran, tell
from tui.insight.what_if import makespans, what_if
from tui.run import events as e


def sound(case: Case) -> Case:
    return dataclasses.replace(case, failing={})


@settings(max_examples=50)
@given(cases(), limits, modes)
def test_a_run_in_another_mode_takes_as_long_as_the_engine_would(
    case: Case, limit: int | None, mode: str
) -> None:
    """Whether its times are expected or were seen in a run in some mode."""
    case = sound(case)
    really = {each: PodTracker(case, each, limit).run().at for each in MODES}
    assert makespans(begun(phases=case.phases, limit=limit), case.seconds, 0.0) == really
    assert makespans(PodTracker(case, mode, limit).run(), {}, 1000.0) == really


@settings(max_examples=50)
@given(cases(), modes)
def test_a_task_made_twice_as_fast_saves_what_it_saves_the_engine(case: Case, mode: str) -> None:
    case = dataclasses.replace(sound(case), seconds={id_: s * 2 for id_, s in case.seconds.items()})
    state = PodTracker(case, mode).run()
    found = what_if(state, {}, 1000.0)
    assert {each.task for each in found} == {id_ for id_, s in case.seconds.items() if s}
    for each in found:
        assert each.seconds == case.seconds[each.task]
        faster = dataclasses.replace(case, seconds={**case.seconds, each.task: each.seconds / 2})
        assert each.saved == state.at - PodTracker(faster, mode).run().at


def test_the_best_comes_first_and_then_plan_order() -> None:
    found = what_if(begun(), SECONDS, 0.0)
    assert [(each.task, each.saved) for each in found] == [
        ("tekton", 30.0), ("deploy", 7.5), ("cluster", 5.0), ("access", 2.5),
        ("database", 0.0), ("image", 0.0),
    ]  # fmt: skip


def test_another_mode_may_be_asked_about() -> None:
    saved = {each.task: each.saved for each in what_if(begun(), SECONDS, 0.0, "sequential")}
    assert saved == {id_: seconds / 2 for id_, seconds in SECONDS.items()}


def test_only_the_twenty_most_promising_are_told() -> None:
    chain = {f"c{i}": [f"c{i - 1}"] if i else [] for i in range(15)}
    crowd: dict[str, list[str]] = {f"x{i}": [] for i in range(30)}
    seconds = {**dict.fromkeys(chain, 10.0), **{id_: 50.0 + i for i, id_ in enumerate(crowd)}}
    found = what_if(begun("eager", [{**crowd, **chain}]), seconds, 0.0)
    assert [each.task for each in found[:15]] == list(chain)
    assert {each.task for each in found[15:]} == {f"x{i}" for i in range(25, 30)}


def test_real_times_count_for_what_has_ended_and_expected_ones_for_the_rest() -> None:
    state = tell(
        begun(),
        *ran("cluster", 0.0, 20.0),
        e.AttemptStarted(20.0, "tekton", 1),
        e.AttemptStarted(20.0, "database", 1),
        e.AttemptFinished(23.0, "database", 1, "failed"),
        e.RetryScheduled(23.0, "database", 1, 5.0, "rate-limit"),
    )
    seconds = {each.task: each.seconds for each in what_if(state, SECONDS, 110.0)}
    assert seconds == {
        "cluster": 20.0,
        "tekton": 90.0,  # longer than expected already
        "database": 3.0 + 30.0,
        "image": 20.0,
        "deploy": 15.0,
        "access": 5.0,
    }


def test_what_is_over_without_having_run_takes_no_time() -> None:
    state = tell(
        begun(),
        e.TaskKept(0.0, "cluster", "run-1"),
        *ran("database", 0.0, 8.0),
        e.TaskFinished(8.0, "tekton", "cancelled"),
        e.TaskFinished(8.0, "image", "cancelled"),
        e.TaskFinished(8.0, "deploy", "skipped", because="image"),
        e.TaskFinished(8.0, "access", "cancelled"),
    )
    assert makespans(state, SECONDS, 8.0) == dict.fromkeys(MODES, 8.0)
    assert [each.task for each in what_if(state, SECONDS, 8.0)] == ["database"]
