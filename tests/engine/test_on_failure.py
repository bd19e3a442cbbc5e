"""What follows on a failure, and barriers that are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.test_graph import MODES
from tests.plans import make_plan
from tui.plan.graph import ON_FAILURE, Graph
from tui.plan.model import Plan
from tui.plan.simulation import Rules, simulate_whole
from tui.plan.wanted import with_failed_phase
from tui.run import events as e
from tui.run.commands import Close, Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.bringing import Bringing

    Make = Callable[..., Bringing]

STEPS = [{"kind": "command", "shell": "first"}, {"kind": "command", "shell": "second"}]
SECONDS = {"a": 10.0, "b": 20.0, "c": 5.0, ON_FAILURE: 1.0}


def _plan(**more: Any) -> Plan:
    return with_failed_phase(make_plan([{"a": [], "b": []}, {"c": ["a"]}], failed=STEPS, **more))


def _notes(run: Bringing) -> list[str]:
    return [
        event.note for event in run.events if isinstance(event, e.StepFinished) and event.task == ON_FAILURE
    ]


@pytest.mark.parametrize("mode", MODES)
def test_on_a_failure_its_steps_follow_when_no_task_runs(bringing: Make, mode: str) -> None:
    run = bringing(_plan(), seconds=SECONDS, fails={"a": [1]}, mode=mode)
    state = run.run()
    assert state.outcome == "failed"
    assert run.started_at()[ON_FAILURE] == (30.0 if mode == "sequential" else 20.0)
    assert run.ends() == {"a": "failed", "b": "succeeded", "c": "skipped", ON_FAILURE: "succeeded"}
    assert _notes(run) == ["made it", "made it"]


def test_they_follow_behind_a_barrier_that_was_not_passed(bringing: Make) -> None:
    plan = _plan()
    phases = (plan.phases[0], plan.phases[1].model_copy(update={"barrier": "meant"}), plan.phases[2])
    run = bringing(
        plan.model_copy(update={"phases": phases}), seconds=SECONDS, fails={"b": [1]}, mode="eager"
    )
    run.run()
    assert run.ends() == {"a": "succeeded", "b": "failed", "c": "skipped", ON_FAILURE: "succeeded"}


@pytest.mark.parametrize("mode", MODES)
def test_without_a_failure_they_are_not_wanted(bringing: Make, mode: str) -> None:
    run = bringing(_plan(), seconds=SECONDS, mode=mode)
    assert run.run().outcome == "succeeded"
    assert _notes(run) == ["not wanted", "not wanted"]


def test_what_fails_of_them_is_a_warning_and_the_next_follows(bringing: Make) -> None:
    run = bringing(_plan(), seconds=SECONDS, fails={"b": [1], ON_FAILURE: [1]})
    state = run.run()
    assert run.ends()[ON_FAILURE] == "succeeded"
    cause = "the server said 503 Service Unavailable"
    assert [warned.text for warned in state.warnings] == [
        f"command first: {cause}",
        f"command second: {cause}",
    ]
    assert _notes(run) == [f"failed: {cause}"] * 2


def test_they_follow_again_on_a_retry(bringing: Make) -> None:
    run = bringing(_plan(), seconds=SECONDS, fails={"a": [1, 2]}, mode="eager", stay=True)
    state = run.run((30.0, Retry("a")), (60.0, Retry("a")), (90.0, Close()))
    assert state.outcome == "succeeded"
    assert _notes(run) == ["made it"] * 4 + ["not wanted"] * 2
    assert [attempt.started for attempt in state.tasks[ON_FAILURE].attempts] == [20.0, 40.0, 75.0]


def test_a_barrier_that_is_meant_is_kept_in_eager_mode(bringing: Make) -> None:
    phases: list[dict[str, list[str]]] = [
        {"images": [], "more": ["images"]},
        {"cluster": []},
        {"loads": ["cluster"]},
        {"apply": []},
    ]
    data = make_plan(phases).model_dump()
    data["phases"][2]["barrier"] = "meant"
    plan = Plan.model_validate(data)
    assert plan.needs() == {
        "images": (), "more": ("images",), "cluster": (), "loads": ("cluster", "more"),
        "apply": ("more", "cluster"),
    }  # fmt: skip
    run = bringing(plan, seconds={"images": 10.0, "more": 20.0, "cluster": 15.0}, mode="eager")
    run.run()
    assert run.started_at() == {"images": 0.0, "cluster": 0.0, "more": 10.0, "loads": 30.0, "apply": 30.0}


@given(data=st.data())
def test_nothing_behind_a_barrier_starts_before_all_before_it_has_ended(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    phases: list[dict[str, list[str]]] = []
    for number, size in enumerate(sizes):
        known = [id_ for phase in phases for id_ in phase]
        needs = st.lists(st.sampled_from(known), max_size=2, unique=True) if known else st.just([])
        phases.append({f"t{number}-{i}": data.draw(needs) for i in range(size)})
    raw = make_plan(phases).model_dump()
    barriers = [data.draw(st.booleans()) for _ in sizes]
    for phase, barrier in zip(raw["phases"], barriers, strict=True):
        phase["barrier"] = "meant" if barrier else None
    graph = Graph.of(Plan.model_validate(raw))
    seconds = {id_: float(data.draw(st.integers(0, 9))) for id_ in graph.nodes}
    times = simulate_whole(graph, seconds, Rules(data.draw(st.sampled_from(MODES))))
    for number in (number for number, barrier in enumerate(barriers) if barrier):
        before = [times[id_][1] for id_, node in graph.nodes.items() if node.phase < number]
        after = [times[id_][0] for id_, node in graph.nodes.items() if node.phase >= number]
        assert min(after) >= max(before, default=0.0)
