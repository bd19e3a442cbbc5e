"""Starting again from a task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.plans import FOUR_PHASES, SECONDS, Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.engine.schedule import Schedule
from tui.reporter import Done
from tui.run import events as e
from tui.run.commands import Cancel, CancelRun, Restart
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.bringing import Bringing
    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run.state import RunState


def test_a_restart_runs_a_task_and_all_that_needs_it_again(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    state = run.run((86.0, Restart("database")))  # deploy is done, access runs
    assert state.outcome == "succeeded"
    attempts = {id_: len(task.attempts) for id_, task in state.tasks.items()}
    assert attempts == {"cluster": 1, "tekton": 1, "database": 2, "image": 1, "deploy": 2, "access": 1}
    assert [ev.task for ev in run.events if isinstance(ev, e.TaskReset)] == ["database", "deploy"]
    begun = [(ev.task, ev.at) for ev in run.events if isinstance(ev, e.AttemptStarted) and ev.attempt == 2]
    assert begun == [("database", 86.0), ("deploy", 116.0)]


def test_a_restart_stops_what_runs_and_starts_nothing_before_that_has_ended(tmp_path: Path) -> None:
    begun: list[tuple[str, float]] = []

    async def perform(_: Step, context: Context) -> Done:
        begun.append((context.task, asyncio.get_running_loop().time()))
        try:
            await asyncio.sleep(SECONDS[context.task])
        except asyncio.CancelledError:
            await asyncio.sleep(2)
            raise
        return Done()

    plan = make_plan(FOUR_PHASES)
    events: list[e.Event] = []
    engine = Engine(plan, Scripted(perform), started(plan), cache=tmp_path, listener=events.append)

    async def main() -> RunState:
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(75)  # deploy runs, all before it is done
        assert not engine.do(Restart("cluster"))
        assert {id_: task.status for id_, task in engine.state.tasks.items()} == {
            "cluster": "waiting", "tekton": "waiting", "database": "waiting", "image": "succeeded",
            "deploy": "running", "access": "waiting",
        }  # fmt: skip
        return await running

    state = run_virtual(main())
    assert state.outcome == "succeeded"
    assert begun[5:] == [
        ("cluster", 77.0), ("tekton", 87.0), ("database", 87.0), ("deploy", 147.0), ("access", 162.0)
    ]  # fmt: skip
    outcomes = [(ev.task, ev.outcome) for ev in events if isinstance(ev, e.TaskFinished) and ev.at == 77.0]
    assert outcomes == [("deploy", "cancelled")]


def test_a_restart_of_a_running_task_begins_it_anew(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    state = run.run((30.0, Restart("tekton")))
    assert [(a.started, a.outcome) for a in state.tasks["tekton"].attempts] == [
        (10.0, "cancelled"),
        (30.0, "succeeded"),
    ]
    assert run.ends()["deploy"] == "succeeded"


def test_a_restart_of_a_skipped_task_runs_what_it_lacks(bringing: Callable[..., Bringing]) -> None:
    run = bringing(fails={"database": [1]})
    state = run.run((50.0, Restart("deploy")))
    assert state.outcome == "succeeded"
    assert [a.started for a in state.tasks["database"].attempts] == [10.0, 50.0]


def test_what_a_restart_waits_for_may_be_cancelled_meanwhile(tmp_path: Path) -> None:
    async def perform(_: Step, context: Context) -> Done:
        try:
            await asyncio.sleep(SECONDS[context.task])
        finally:
            await asyncio.sleep(2)
        return Done()

    plan = make_plan(FOUR_PHASES)
    engine = Engine(plan, Scripted(perform), started(plan, "eager"), cache=tmp_path)

    async def main() -> RunState:
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(20)
        engine.do(Restart("cluster"))
        engine.do(Cancel("cluster"))
        return await running

    state = run_virtual(main())
    assert {id_: task.status for id_, task in state.tasks.items()} == {
        "cluster": "cancelled", "tekton": "cancelled", "database": "cancelled", "image": "succeeded",
        "deploy": "skipped", "access": "skipped",
    }  # fmt: skip


@pytest.mark.parametrize("task", ["cluster", "tekton"])
def test_cancelling_the_run_ends_a_restart(bringing: Callable[..., Bringing], task: str) -> None:
    run = bringing()
    state = run.run((20.0, Restart(task), CancelRun()))
    assert state.outcome == "cancelled"
    assert state.at == 20.0
    assert run.ends()[task] == "cancelled"


def test_what_is_withheld_does_not_start_before_it_is_released() -> None:
    schedule = Schedule(fold([started(make_plan([{"a": [], "b": []}]))]))
    schedule.withhold(["a"])
    assert schedule.decide() == "b"
    schedule.offer(["a"])
    assert schedule.decide() is None
    schedule.release()
    assert schedule.decide() == "a"
