"""Runs in which steps ran ahead of their places, foretold from runs in which they did not, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.insight.running import tell
from tui.insight.expectation import EMPTY
from tui.insight.what_if import Changes, makespans, what_if
from tui.run import events as e
from tui.run.state import RunState, fold

CLUSTER = e.TaskOutline("cluster", "Cluster", (), ("create",), kinds=("kind.create",))
DATABASE = e.TaskOutline(
    "database", "Database", ("cluster",), ("pull", "load", "wait"),
    kinds=("image.pull", "kind.load", "kubernetes.wait"),
)  # fmt: skip


def begun(mode: str) -> RunState:
    started = e.RunStarted(
        0.0, "20260102T030405Z-0000", "test", "", "plan.yaml", "0",
        (e.PhaseOutline("one", "One", (CLUSTER, DATABASE)),),
        mode, "kind", None, "2026-01-02T03:04:05+00:00", e.Machine("Linux", 2, 4.0), "0",
    )  # fmt: skip
    return fold([started])


def steps(task: str, *lasting: tuple[float, float], changed: bool = True) -> list[e.Event]:
    start, end = lasting[0][0], lasting[-1][1]
    told: list[e.Event] = [e.AttemptStarted(start, task, 1)]
    for i, (begin, finish) in enumerate(lasting):
        told += [e.StepStarted(begin, task, 1, i, f"step {i}"), e.StepFinished(finish, task, 1, i, changed)]
    return [*told, e.AttemptFinished(end, task, 1, "succeeded"), e.TaskFinished(end, task, "succeeded")]


def early(task: str, step: int, start: float, end: float) -> list[e.Event]:
    return [
        e.PrefetchStarted(start, task, 1, step, f"step {step}"),
        e.PrefetchFinished(end, task, 1, step, "succeeded"),
    ]


def created(*nodes: float) -> list[e.Event]:
    """A cluster that takes 20 seconds, and whose nodes run after some."""
    first, *rest = steps("cluster", (0.0, 20.0))
    spans: list[e.Event] = [e.SpanStarted(0.0, "cluster", 1, 0, 1, "Preparing nodes")]
    spans += [e.SpanFinished(at, "cluster", 1, 1) for at in nodes]
    return [first, rest[0], *spans, *rest[1:]]


def in_turn() -> RunState:
    """Pull 6 seconds, load 8, wait 2, after the cluster."""
    return tell(
        begun("parallel"), *created(4.0), *steps("database", (20.0, 26.0), (26.0, 34.0), (34.0, 36.0))
    )


def ahead() -> RunState:
    """The same with the pull at once, and the load once it is done and nodes run."""
    return tell(
        begun("eager"),
        *early("database", 0, 0.0, 6.0),
        *early("database", 1, 6.0, 14.0),
        *created(4.0),
        *steps("database", (20.0, 20.0), (20.0, 20.0), (20.0, 22.0)),
    )


def test_each_foretells_the_other() -> None:
    for state in (in_turn(), ahead()):
        assert makespans(state, EMPTY, 40.0) == pytest.approx(
            {"sequential": 36.0, "parallel": 36.0, "eager": 22.0}
        )
    assert what_if(ahead(), EMPTY, 40.0, Changes()).simulated == pytest.approx(22.0)


def test_what_ran_ahead_and_was_not_done_in_time_is_waited_for() -> None:
    state = in_turn()
    slow = what_if(state, EMPTY, 40.0, Changes(mode="eager", scale={"database/2": 3.0}))
    assert slow.makespan == pytest.approx(6.0 + 24.0 + 2.0)
    assert slow.critical == ("database",)
    assert slow.predicted["database"] == pytest.approx((30.0, 32.0))


def test_a_plan_that_forbids_it_runs_nothing_ahead() -> None:
    state = in_turn()
    assert state.started is not None
    state.started = replace(state.started, prefetch=False)
    assert makespans(state, EMPTY, 40.0)["eager"] == pytest.approx(36.0)
