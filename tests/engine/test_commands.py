"""What a run makes of its user's commands, on a virtual clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.engine.bringing import Bringing
from tests.plans import FOUR_PHASES, Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError, NotReadyError
from tui.reporter import Done
from tui.run.commands import (
    Cancel,
    CancelRun,
    Close,
    Kill,
    Pause,
    Restart,
    Resume,
    Retry,
    RetryFailed,
    SetMode,
    Stay,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run.commands import Command
    from tui.run.state import RunState


def test_retry_runs_the_failed_task_and_then_what_it_held_up_and_nothing_else(
    bringing: Callable[..., Bringing],
) -> None:
    run = bringing(fails={"database": [1]})
    state = run.run((50.0, Retry("database")))
    assert state.outcome == "succeeded"
    attempts = {id_: len(task.attempts) for id_, task in state.tasks.items()}
    assert attempts == {"cluster": 1, "tekton": 1, "database": 2, "image": 1, "deploy": 1, "access": 1}
    assert run.started_at()["deploy"] == 80.0  # when the second try of the database is done


def test_retry_failed_runs_all_that_failed(bringing: Callable[..., Bringing]) -> None:
    run = bringing(fails={"database": [1], "image": [1]}, stay=True)
    state = run.run((100.0, RetryFailed()), (200.0, Close()))
    assert state.outcome == "succeeded"
    assert run.started_at()["deploy"] == 130.0


def test_what_two_failures_held_up_stays_skipped_until_both_are_mended(
    bringing: Callable[..., Bringing],
) -> None:
    run = bringing(fails={"database": [1], "image": [1]}, stay=True)
    state = run.run((100.0, Retry("image")), (200.0, Close()))
    assert state.tasks["image"].status == "succeeded"
    assert state.tasks["deploy"].status == "skipped"


def test_retry_failed_runs_what_was_cancelled_behind_a_failure_too(bringing: Callable[..., Bringing]) -> None:
    run = bringing(fails={"image": [1]})
    state = run.run((20.0, Cancel("deploy")), (50.0, RetryFailed()))
    assert state.outcome == "succeeded"
    assert run.started_at()["deploy"] == 70.0


def test_a_run_that_was_to_stay_ends_all_the_same_when_it_is_cancelled(
    bringing: Callable[..., Bringing],
) -> None:
    run = bringing(stay=True)
    assert run.run((20.0, CancelRun(), Stay())).outcome == "cancelled"


def test_cancelling_a_task_stops_it_and_nothing_else(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    state = run.run((12.0, Cancel("database")))
    assert run.ends()["database"] == "cancelled"
    assert run.ends()["deploy"] == "skipped"
    assert run.ends()["tekton"] == run.ends()["access"] == "succeeded"
    attempt = state.tasks["database"].attempt
    assert attempt is not None
    assert attempt.finished == 12.0


def test_cancelling_a_pause_before_a_retry_ends_the_task(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 3, "backoff": "1h", "signatures": ["server-error"]}
    run = bringing(
        make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1, 2, 3]}
    )
    state = run.run((50.0, Cancel("database")))
    assert state.tasks["database"].status == "cancelled"
    assert state.at < 100


def test_a_step_that_ignores_cancelling_is_left_behind_after_three_seconds(tmp_path: Path) -> None:
    async def stubborn(_: Step, __: Context) -> Done:
        for _try in range(100):
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                continue
        return Done()

    plan = make_plan([{"stubborn": []}])
    engine = Engine(plan, Scripted(stubborn), started(plan), cache=tmp_path)

    async def main() -> RunState:
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(5)
        engine.do(Cancel("stubborn"))
        state = await running
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return state

    # Let it go for good, or the loop would never end: it wakes a hundred times.
    state = run_virtual(main())
    assert state.tasks["stubborn"].status == "cancelled"
    attempt = state.tasks["stubborn"].attempt
    assert attempt is not None
    assert attempt.finished == 8.0
    assert "may still run" in state.warnings[0].text


def test_cancelling_the_run_ends_everything(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    state = run.run((15.0, CancelRun()))
    assert state.outcome == "cancelled"
    assert state.at == 15.0
    assert set(run.ends().values()) == {"succeeded", "cancelled"}


def test_switching_to_sequential_lets_what_runs_finish(bringing: Callable[..., Bringing]) -> None:
    run = bringing(mode="eager")
    run.run((12.0, SetMode("sequential")))
    assert run.started_at()["access"] == 10.0
    assert run.started_at()["deploy"] == 70.0  # not at 40.0: Tekton still runs


def test_switching_back_from_sequential_starts_what_may_start(bringing: Callable[..., Bringing]) -> None:
    run = bringing(mode="sequential")
    run.run((12.0, SetMode("parallel")))
    assert run.started_at()["database"] == run.started_at()["image"] == 12.0


def test_a_paused_run_starts_nothing_until_resumed(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    run.run((5.0, Pause()), (300.0, Resume()))
    assert run.started_at()["tekton"] == 300.0


def test_a_paused_run_retries_nothing_by_itself_until_resumed(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 2, "backoff": "5s", "signatures": ["server-error"]}
    run = bringing(make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1]})
    state = run.run((42.0, Pause()), (90.0, Resume()))
    assert [attempt.started for attempt in state.tasks["database"].attempts] == [10.0, 90.0]
    assert state.outcome == "succeeded"


def test_what_waits_for_a_retry_in_a_paused_run_can_be_cancelled(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 2, "backoff": "5s", "signatures": ["server-error"]}
    run = bringing(make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1]})
    state = run.run((42.0, Pause()), (80.0, Cancel("database")), (90.0, Resume()))
    assert state.tasks["database"].status == "cancelled"
    assert len(state.tasks["database"].attempts) == 1


def test_a_cancelled_task_that_fails_as_it_stops_is_not_retried(tmp_path: Path) -> None:
    async def perform(_: Step, __: Context) -> Done:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            raise ActionError("HTTP 503") from None
        return Done()

    plan = make_plan([{"a": []}], tasks={"a": {"retry": {"attempts": 3, "signatures": ["server-error"]}}})
    engine = Engine(plan, Scripted(perform), started(plan), cache=tmp_path)

    async def main() -> RunState:
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(5)
        engine.do(Cancel("a"))
        return await running

    state = run_virtual(main())
    assert len(state.tasks["a"].attempts) == 1


def test_commands_for_a_run_whose_tasks_have_finished_change_nothing(
    bringing: Callable[..., Bringing],
) -> None:
    run = bringing(stay=True)
    state = run.run((200.0, CancelRun(), Pause()), (300.0, Close()))
    assert state.outcome == "succeeded"
    assert not state.pauses


class FakeLock:
    """A cluster's lock, which another run may hold."""

    def __init__(self) -> None:
        self.taken, self.elsewhere = True, False

    def take(self) -> None:
        if self.elsewhere and not self.taken:
            raise NotReadyError("another bringup is at the cluster")
        self.taken = True

    def release(self) -> None:
        self.taken = False


@pytest.mark.parametrize(("elsewhere", "attempts"), [(False, 2), (True, 1)])
def test_a_run_whose_tasks_have_finished_leaves_its_cluster_to_others(
    tmp_path: Path, elsewhere: bool, attempts: int
) -> None:
    lock = FakeLock()
    run = Bringing(make_plan([{"a": []}]), {"a": 10.0}, cache=tmp_path, stay=True, lock=lock)

    async def main() -> RunState:
        running = asyncio.create_task(run.engine.run())
        await asyncio.sleep(5)
        seen = [lock.taken]
        await asyncio.sleep(10)
        seen.append(lock.taken)
        assert seen == [True, False]
        lock.elsewhere = elsewhere
        assert run.engine.do(Restart("a")) == ("another bringup is at the cluster" if elsewhere else "")
        assert lock.taken is not elsewhere
        run.engine.do(Close())
        return await running

    state = run_virtual(main())
    assert len(state.tasks["a"].attempts) == attempts
    assert [warned.text for warned in state.warnings] == ["another bringup is at the cluster"] * elsewhere


def test_killing_a_run_whose_tasks_have_finished_only_ends_it(bringing: Callable[..., Bringing]) -> None:
    assert bringing(stay=True).run((200.0, Kill())).outcome == "succeeded"


@pytest.mark.parametrize(
    "command",
    [
        Retry("cluster"),
        Retry("nobody"),
        RetryFailed(),
        Cancel("nobody"),
        Resume(),
        SetMode("parallel"),
    ],
)
def test_a_command_with_nothing_to_do_changes_nothing(
    bringing: Callable[..., Bringing], command: Command
) -> None:
    run, undisturbed = bringing(), bringing()
    run.run((20.0, command))
    undisturbed.run()
    assert run.events == undisturbed.events
