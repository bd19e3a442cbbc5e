"""The CPU time of steps, and when the cores were full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insight.running import begun, ran, tell
from tests.plans import make_plan, started
from tui.insight.cpu_seconds import CpuSeconds, Place, background, busy_cores, cpu_seconds, others
from tui.insight.whole_run import machine_of
from tui.run import events as e
from tui.run.state import fold

if TYPE_CHECKING:
    from tui.run.state import RunState

ONE_PHASE: list[dict[str, list[str]]] = [{"first": [], "second": []}]


def task_cpu(state: RunState) -> dict[str, float]:
    """Return the CPU seconds of each task's attempts together."""
    found: dict[str, float] = {}
    for place, used in cpu_seconds(state).items():
        found[place.task] = found.get(place.task, 0.0) + used.total
    return found


def sample(at: float, cpu: float = 0.0, seconds: float = 1.0, **parts: float) -> e.Sampled:
    """A sample of a machine with two cores."""
    used = {part: e.Usage(value) for part, value in parts.items()}
    return e.Sampled(at, seconds, "default", 2, 4000, 1.0, e.Usage(cpu), **used)


def test_programs_are_measured_and_the_rest_is_shared_by_time() -> None:
    state = tell(
        begun(phases=ONE_PHASE),
        *ran("first", 0.0, 4.0)[:2],
        e.AttemptStarted(2.0, "second", 1),
        e.StepStarted(2.0, "second", 1, 0, "work"),
        sample(2.0, seconds=2.0, nodes=1.0),
        e.CpuUsed(4.0, "first", 1, 0, 1.25),
        *ran("first", 0.0, 4.0)[2:],
        sample(4.0, seconds=2.0, nodes=1.5),
    )
    assert cpu_seconds(state) == {
        Place("first", 1, 0): CpuSeconds(1.25, 2.0 + 1.5),
        Place("second", 1, 0): CpuSeconds(0.0, 1.5),
    }
    assert task_cpu(state) == {"first": 4.75, "second": 1.5}


def test_what_a_step_ahead_of_its_place_used_is_nobody_elses() -> None:
    state = tell(
        begun(phases=ONE_PHASE),
        *ran("first", 0.0, 2.0)[:2],
        e.PrefetchStarted(0.0, "second", 1, 0, "work"),
        sample(2.0, seconds=2.0, nodes=1.0),
        e.PrefetchFinished(2.0, "second", 1, 0, "succeeded"),
        *ran("first", 0.0, 2.0)[2:],
        *ran("second", 2.0, 2.1),
    )
    assert task_cpu(state) == {"first": 1.0, "second": 0.0}


def test_a_journal_without_samples_tells_of_programs_alone() -> None:
    state = tell(begun(phases=ONE_PHASE), *ran("first", 0.0, 1.0))
    assert task_cpu(state) == {"first": 0.0}


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0.01, 5)), min_size=1, max_size=2),
    st.lists(st.floats(0, 2), min_size=1, max_size=12),
)
def test_no_more_is_shared_than_was_used(steps: list[tuple[float, float]], used: list[float]) -> None:
    state = begun(phases=ONE_PHASE)
    for task, (start, seconds) in zip(ONE_PHASE[0], steps, strict=False):
        tell(state, *ran(task, start, start + seconds))
    tell(state, *(sample(i + 1.0, nodes=cpu) for i, cpu in enumerate(used)))
    shared = sum(task_cpu(state).values())
    worked = [cpu for i, cpu in enumerate(used) if any(s < i + 1 and i < s + d for s, d in steps)]
    assert shared == pytest.approx(sum(worked))


def test_what_nodes_use_in_any_case_is_no_steps() -> None:
    """While the cluster is made, and for fifteen seconds then in which a step works for five."""
    plan = make_plan(
        [{"cluster": []}, {"app": ["cluster"]}],
        cluster={"name": "c", "kubeconfig": "/kc"},
        tasks={"cluster": {"steps": [{"kind": "kind.create"}]}},
    )
    state = tell(fold([started(plan)]), *ran("cluster", 0.0, 5.0), *ran("app", 5.0, 20.0))
    tell(
        state, *(sample(float(at), nodes=0.2 if at <= 5 else 1.4 if at <= 10 else 0.4) for at in range(1, 21))
    )
    assert background(state, "default") == pytest.approx(0.4)
    assert task_cpu(state) == {"cluster": 0.0, "app": pytest.approx(5.0)}
    assert machine_of(state).cores == pytest.approx(1.6)
    few = tell(
        fold([started(plan)]), *ran("cluster", 0.0, 5.0), *(sample(at + 6.0, nodes=1.0) for at in range(5))
    )
    assert background(few, "default") == 0.0


def test_full_cores_are_told_in_stretches() -> None:
    busy = {3, 4, 5, 7, 8, 12}
    assert busy_cores(sample(at, 1.95 if at in busy else 1.0) for at in range(1, 15)) == [(2, 8)]


def test_others_used_what_no_part_did() -> None:
    assert others(sample(1.0, 1.9, nodes=1.0, own=0.25)) == pytest.approx(0.65)
    assert others(sample(1.0, 0.5, nodes=1.0)) == 0.0
