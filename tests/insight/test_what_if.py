"""Other modes and changed tasks, beside what the engine then really does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_laws import MODES, Case, PodTracker, cases
from tests.insight.running import begun, limits, modes, ran, tell
from tests.plans import SECONDS
from tui.insight.expectation import EMPTY, Expectation
from tui.insight.what_if import Changes, WhatIfError, makespans, what_if
from tui.run import events as e
from tui.run.commands import SetMode
from tui.run.journal import read_events
from tui.run.state import fold

EXPECTED = Expectation(SECONDS, {}, "an earlier run")


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
    before = Expectation(case.seconds, {}, "an earlier run")
    assert makespans(begun(phases=case.phases, limit=limit), before, 0.0) == really
    assert makespans(PodTracker(case, mode, limit).run(), EMPTY, 1000.0) == really


@settings(max_examples=50)
@given(cases(), limits, modes, st.data())
def test_changes_come_out_as_they_do_in_the_engine(
    case: Case, limit: int | None, mode: str, data: st.DataObject
) -> None:
    """A task that takes another time, and a need that is dropped or added."""
    case = dataclasses.replace(sound(case), seconds={id_: s * 2 for id_, s in case.seconds.items()})
    task, other = (data.draw(st.sampled_from(sorted(case.seconds))) for _ in range(2))
    changed = dataclasses.replace(case, seconds={**case.seconds, task: case.seconds[task] / 2})
    needs = next(phase[other] for phase in case.phases if other in phase)
    drop = tuple((other, need) for need in needs[:1])
    phases = [
        {id_: (had[1:] if id_ == other else had) for id_, had in phase.items()} for phase in case.phases
    ]
    changed = dataclasses.replace(changed, phases=phases)
    answer = what_if(
        PodTracker(case, mode, limit).run(), EMPTY, 1000.0, Changes(scale={task: 0.5}, drop=drop)
    )
    assert answer.makespan == PodTracker(changed, mode, limit).run().at
    assert answer.simulated == answer.seconds == PodTracker(case, mode, limit).run().at


@settings(max_examples=50)
@given(cases(), limits, modes, modes, st.integers(1, 40))
def test_a_run_whose_mode_was_changed_is_simulated_as_it_went(
    case: Case, limit: int | None, mode: str, other: str, at: int
) -> None:
    state = PodTracker(sound(case), mode, limit).run([(at, SetMode(other))])
    answer = what_if(state, EMPTY, state.at, Changes())
    assert answer.simulated == pytest.approx(state.ended_at)
    assert answer.predicted == {id_: pytest.approx(times) for id_, times in answer.measured.items()}


RECORDED = Path(__file__).parent / "recordings"
"""Real runs of the bundled plan, by turns on two cores with nothing else to do."""


def test_real_runs_foretell_those_in_other_modes() -> None:
    """Each to a tenth, though runs in one mode differ by a thirtieth."""
    runs = [fold(read_events(directory)) for directory in sorted(RECORDED.iterdir())]
    pairs = [(one, other) for one in runs for other in runs if one.mode != other.mode]
    assert len(pairs) == 24
    for one, other in pairs:
        like = [each for each in runs if each.mode == one.mode and each is not one]
        answer = what_if(one, EMPTY, one.at, Changes(mode=other.mode), like)
        assert answer.makespan == pytest.approx(other.ended_at, rel=0.1)
        assert len(answer.like) == len(like)
        assert answer.range[0] <= answer.makespan <= answer.range[1]


def test_real_times_count_for_what_has_ended_and_expected_ones_for_the_rest() -> None:
    state = tell(
        begun(),
        *ran("cluster", 0.0, 20.0),
        e.AttemptStarted(20.0, "tekton", 1),
        e.AttemptStarted(20.0, "database", 1),
        e.AttemptFinished(23.0, "database", 1, "failed"),
        e.RetryScheduled(23.0, "database", 1, 5.0, "rate-limit"),
    )
    times = what_if(state, EXPECTED, 110.0, Changes(mode="sequential")).predicted
    assert {task: end - start for task, (start, end) in times.items()} == {
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
    assert makespans(state, EXPECTED, 8.0) == dict.fromkeys(MODES, 8.0)
    assert list(what_if(state, EXPECTED, 8.0, Changes()).predicted) == ["database"]


def test_a_step_is_named_by_its_number_or_how_its_title_begins() -> None:
    state = tell(
        begun(phases=[{"build": []}]),
        e.AttemptStarted(0.0, "build", 1),
        e.StepStarted(0.0, "build", 1, 0, "pull base"),
        e.StepFinished(4.0, "build", 1, 0),
        e.StepStarted(4.0, "build", 1, 1, "push"),
        e.StepFinished(6.0, "build", 1, 1),
        e.AttemptFinished(6.0, "build", 1, "succeeded"),
        e.TaskFinished(6.0, "build", "succeeded"),
    )
    for changes, makespan in (
        (Changes(scale={"build/1": 0.5}), 4.0),
        (Changes(scale={"build/pull": 0.5, "build": 2.0}), 8.0),
        (Changes(seconds={"build/push": 10.0}), 14.0),
        (Changes(seconds={"build": 1.5}), 1.5),
    ):
        assert what_if(state, EMPTY, 6.0, changes).makespan == makespan


@pytest.mark.parametrize(
    ("changes", "cause", "hint"),
    [
        (Changes(scale={"clutser": 2.0}), "no task 'clutser'", "did you mean 'cluster'?"),
        (Changes(scale={"cluster/9": 2.0}), "no step '9'", "known here"),
        (Changes(seconds={"cluster/p": 2.0}), "several steps 'p'", "cluster/1, cluster/2"),
        (Changes(add=(("cluster", "cluster"),)), "circle: cluster → cluster", "drop"),
        (Changes(add=(("cluster", "deploy"),)), "later phase", "their own phase"),
        (Changes(drop=(("cluster", "image"),)), "does not need 'image'", "it needs nothing"),
        (Changes(seconds={"image": 3.0}), "took no time", "scale others"),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: Changes, cause: str, hint: str) -> None:
    before = Expectation({"cluster": 3.0}, {"cluster": (("pull", 1.0), ("push", 2.0))}, "an earlier run")
    with pytest.raises(WhatIfError) as error:
        what_if(begun(), before, 0.0, changes)
    assert cause in error.value.cause
    assert hint in error.value.hint
