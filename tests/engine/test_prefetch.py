"""Steps that run ahead of their tasks' places, on a virtual clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.bringing import Bringing
from tests.plans import make_plan
from tui.errors import ActionError
from tui.plan.prefetch import outlook
from tui.reporter import Done
from tui.run import events as e
from tui.run.commands import Cancel, CancelRun, Close, Kill, Pause, Restart, Resume, Retry, SetMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.model import Plan
    from tui.plan.steps import Step

CREATE, PULL = {"kind": "kind.create"}, {"kind": "image.pull", "images": ["redis:7"]}
LOAD, APPLY = {"kind": "kind.load", "images": ["redis:7"]}, {"kind": "command", "shell": "true"}
PHASES: list[dict[str, list[str]]] = [{"cluster": []}, {"redis": ["cluster"]}]
SECONDS = {"kind.create": 20.0, "image.pull": 5.0, "kind.load": 8.0, "command": 3.0}
NODES = 4.0  # seconds after which the nodes of a cluster run


def plan_of(
    phases: Any = PHASES, redis: Any = (PULL, LOAD, APPLY), cluster: Any = (CREATE,), **more: Any
) -> Plan:
    steps = {"cluster": {"steps": cluster}, "redis": {"steps": redis}, **more.pop("tasks", {})}
    return make_plan(phases, tasks=steps, cluster={"name": "demo", "kubeconfig": "/tmp/demo"}, **more)


class Ahead(Bringing):
    """A run whose steps take times by their kind, and fail at the times told."""

    def __init__(self, plan: Plan, fails: Any = (), nodes: float = NODES, **more: Any) -> None:
        super().__init__(plan, mode=more.pop("mode", "eager"), **more)
        self._kinds, self._nodes = {*fails}, nodes
        self.engine._environment.await_nodes = self._await_nodes  # type: ignore[method-assign, assignment]
        self.done: list[tuple[str, str, float]] = []

    async def _perform(self, step: Step, context: Context) -> Done:
        await asyncio.sleep(SECONDS[step.kind])
        if (context.task, step.kind) in self._kinds:
            self._kinds.remove((context.task, step.kind))
            raise ActionError("it broke")
        self.done.append((context.task, step.kind, asyncio.get_running_loop().time()))
        return Done("done")

    async def _await_nodes(self, _: Context) -> None:
        await asyncio.sleep(self._nodes)

    def ahead(self) -> list[tuple[str, int, float]]:
        """Each step that started ahead, and when."""
        return [(ev.task, ev.step, ev.at) for ev in self.events if isinstance(ev, e.PrefetchStarted)]

    def outcomes(self) -> list[str]:
        return [ev.outcome for ev in self.events if isinstance(ev, e.PrefetchFinished)]


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Ahead]:
    return lambda plan=None, **more: Ahead(plan or plan_of(), cache=tmp_path, **more)


def test_pulls_and_loads_run_while_the_cluster_is_made(bring: Callable[..., Ahead]) -> None:
    run = bring()
    state = run.run()
    assert run.ahead() == [
        ("redis", 0, 0.0),
        ("redis", 1, 9.0),
    ]  # the nodes are waited for once it was pulled
    assert (state.at, run.started_at()["redis"]) == (23.0, 20.0)
    assert [step.note for step in state.tasks["redis"].attempts[0].steps] == ["done (ran ahead)"] * 2 + [
        "done"
    ]
    assert [(each.step, each.started, each.finished) for each in state.tasks["redis"].prefetches] == [
        (0, 0.0, 5.0), (1, 9.0, 17.0)
    ]  # fmt: skip
    assert [kind for task, kind, _ in run.done if task == "redis"] == ["image.pull", "kind.load", "command"]


@pytest.mark.parametrize(("mode", "asked", "runs"), [
    ("parallel", None, False), ("sequential", None, False), ("parallel", True, True), ("eager", False, False),
    ("sequential", True, True),
])  # fmt: skip
def test_only_eager_mode_runs_ahead_unless_it_is_asked_for(
    bring: Callable[..., Ahead], mode: str, asked: bool | None, runs: bool
) -> None:
    run = bring(mode=mode, prefetch=asked)
    run.run()
    assert bool(run.ahead()) == runs


def test_a_step_that_still_runs_ahead_is_awaited_at_its_place(bring: Callable[..., Ahead]) -> None:
    run = bring(plan_of(cluster=[CREATE], redis=[LOAD] * 3 + [APPLY]))
    state = run.run()
    assert [at for *_, at in run.ahead()] == [4.0, 16.0]  # the third starts at its place, in its turn
    steps = state.tasks["redis"].attempts[0].steps
    assert [(step.started, step.finished) for step in steps] == [(20, 20), (20, 24), (24, 32), (32, 35)]


def test_nodes_that_are_late_are_waited_for_at_the_step_s_place(bring: Callable[..., Ahead]) -> None:
    run = bring(plan_of(redis=[LOAD, APPLY]), nodes=25.0)
    state = run.run()
    assert run.ahead() == [("redis", 0, 25.0)]
    steps = state.tasks["redis"].attempts[0].steps
    assert [(step.started, step.finished) for step in steps] == [(20, 33), (33, 36)]


def test_what_failed_ahead_runs_again_at_its_place(bring: Callable[..., Ahead]) -> None:
    run = bring(fails=[("redis", "image.pull")])
    state = run.run()
    assert state.outcome == "succeeded"
    assert [(each.outcome, each.note) for each in state.tasks["redis"].prefetches] == [("failed", "it broke")]
    assert len(state.tasks["redis"].attempts) == 1
    assert state.at == 20 + 5 + 8 + 3


def test_nothing_overtakes_a_command_which_may_make_anything(bring: Callable[..., Ahead]) -> None:
    run = bring(plan_of(cluster=[CREATE, APPLY]))
    run.run()
    assert run.ahead() == []


def test_an_image_is_loaded_once_the_task_that_makes_it_has_succeeded(bring: Callable[..., Ahead]) -> None:
    phases = [{"cluster": [], "image": []}, {"redis": ["cluster", "image"]}]
    run = bring(plan_of(phases, redis=[LOAD, APPLY], tasks={"image": {"steps": [PULL]}}))
    run.run()
    assert run.ahead() == [("redis", 0, 9.0)]


def test_a_failed_cluster_takes_what_was_loaded_with_it(bring: Callable[..., Ahead]) -> None:
    retry = {"attempts": 2, "signatures": [{"pattern": "broke"}]}
    plan = plan_of(tasks={"cluster": {"steps": [CREATE], "retry": retry}})
    run = bring(plan, fails=[("cluster", "kind.create")])
    state = run.run()
    assert state.outcome == "succeeded"
    assert run.ahead() == [("redis", 0, 0.0), ("redis", 1, 9.0), ("redis", 0, 20.0), ("redis", 1, 29.0)]


def test_what_is_skipped_stops_what_runs_ahead_for_it(bring: Callable[..., Ahead]) -> None:
    run = bring(plan_of(redis=[LOAD] * 3), fails=[("cluster", "kind.create")])
    state = run.run()
    assert run.ends() == {"cluster": "failed", "redis": "skipped"}
    assert run.outcomes() == ["succeeded", "cancelled"]
    assert (state.at, state.tasks["redis"].prefetches[-1].outcome) == (20.0, "cancelled")


def test_a_retry_runs_ahead_again(bring: Callable[..., Ahead]) -> None:
    run = bring(fails=[("cluster", "kind.create")], stay=True)
    state = run.run((50.0, Retry("cluster")), (90.0, Close()))
    assert run.ends() == {"cluster": "succeeded", "redis": "succeeded"}
    assert [at for *_, at in run.ahead()] == [0.0, 9.0, 50.0, 59.0]
    assert state.tasks["redis"].attempts[0].started == 70.0


@pytest.mark.parametrize("command", [Cancel("redis"), CancelRun(), Kill()])
def test_cancelling_a_waiting_task_stops_what_runs_ahead(bring: Callable[..., Ahead], command: Any) -> None:
    run = bring()
    run.run((12.0, command))
    assert run.outcomes() == ["succeeded", "cancelled"]
    assert run.ends()["redis"] == "cancelled"
    assert ("redis", "kind.load") not in {(task, kind) for task, kind, _ in run.done}


def test_a_pause_lets_nothing_more_run_ahead(bring: Callable[..., Ahead]) -> None:
    run = bring()
    run.run((2.0, Pause()), (10.0, Resume()))
    assert run.ahead() == [("redis", 0, 0.0), ("redis", 1, 14.0)]


def test_a_limit_leaves_slots_to_tasks(bring: Callable[..., Ahead]) -> None:
    run = bring(plan_of(limit=1))
    run.run()
    assert run.ahead() == []
    two = bring(plan_of([{"cluster": []}, {"redis": ["cluster"], "other": ["cluster"]}], limit=2,
                        tasks={"other": {"steps": [PULL]}}))  # fmt: skip
    two.run()
    assert two.ahead()[:2] == [("redis", 0, 0.0), ("redis", 1, 9.0)]


def test_switching_to_eager_lets_steps_run_ahead(bring: Callable[..., Ahead]) -> None:
    run = bring(mode="parallel")
    run.run((6.0, SetMode("eager")))
    assert run.ahead() == [("redis", 0, 6.0), ("redis", 1, 15.0)]


def test_an_image_that_is_made_again_is_loaded_again(bring: Callable[..., Ahead]) -> None:
    phases = [{"cluster": [], "image": []}, {"redis": ["cluster", "image"]}]
    run = bring(plan_of(phases, redis=[LOAD, APPLY], tasks={"image": {"steps": [PULL]}}))
    run.run((18.0, Restart("image")))
    assert run.ahead() == [("redis", 0, 9.0)]
    assert [at for task, kind, at in run.done if kind == "kind.load"] == [17.0, 31.0]


def test_what_may_run_ahead_of_whom() -> None:
    found = outlook(plan_of(), barriers=False)
    assert {
        id_: [(set(step.after), step.on_nodes, step.creation) for step in steps]
        for id_, steps in found.items()
    } == {"redis": [(set(), False, None), (set(), True, ("cluster", 0))]}


def test_what_is_not_wanted_does_not_run_ahead_and_holds_nothing_back() -> None:
    unwanted = {"when": False}
    assert "redis" not in outlook(plan_of(redis=({**PULL, **unwanted}, LOAD)), barriers=False)
    makes = {"kind": "command", "shell": "make image"}
    after = [
        outlook(plan_of(cluster=({**makes, **more}, CREATE)), barriers=False)["redis"][0].after
        for more in ({}, unwanted)
    ]
    assert after == [frozenset({"cluster"}), frozenset()]


def test_images_wait_for_the_nodes_of_their_own_cluster(bring: Callable[..., Ahead]) -> None:
    phases: list[dict[str, list[str]]] = [
        {"cluster": [], "other": ["cluster"]}, {"redis": ["cluster"], "far": ["other"]}
    ]  # fmt: skip
    there = {"cluster": "other"}
    tasks = {"other": {"steps": [CREATE | there]}, "far": {"steps": [LOAD | there, APPLY | there]}}
    clusters = {name: {"name": name, "kubeconfig": f"/tmp/{name}"} for name in ("cluster", "other")}
    here = {"cluster": "cluster"}
    steps = {"cluster": {"steps": [CREATE | here]}, "redis": {"steps": [LOAD | here, APPLY | here]}}
    plan = make_plan(phases, tasks=steps | tasks, clusters=clusters)
    run = bring(plan, fails=[("other", "kind.create")], stay=True)
    run.run((100.0, Retry("other")), (200.0, Close()))
    # What was loaded into a cluster that has come up stays when another fails.
    assert run.ahead() == [("redis", 0, 4.0), ("far", 0, 24.0), ("far", 0, 104.0)]
