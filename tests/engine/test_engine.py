"""The engine, through its commands and what it says, on a virtual clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.plans import FOUR_PHASES, SECONDS, Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.reporter import Done
from tui.run import events as e
from tui.run.holds import Hold, hold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.bringing import Bringing
    from tui.actions.context import Context
    from tui.plan.steps import Step


def test_parallel_mode_makes_each_phase_wait_for_the_one_before(bringing: Callable[..., Bringing]) -> None:
    run = bringing()
    state = run.run()
    assert state.outcome == "succeeded"
    assert run.started_at() == {
        "cluster": 0.0, "tekton": 10.0, "database": 10.0, "image": 10.0, "deploy": 70.0, "access": 85.0,
    }  # fmt: skip


def test_eager_mode_makes_a_task_wait_for_its_needs_alone(bringing: Callable[..., Bringing]) -> None:
    run = bringing(mode="eager")
    run.run()
    assert run.started_at() == {
        "cluster": 0.0, "image": 0.0, "tekton": 10.0, "database": 10.0, "access": 10.0, "deploy": 40.0,
    }  # fmt: skip


def test_sequential_mode_runs_one_task_at_a_time_in_plan_order(bringing: Callable[..., Bringing]) -> None:
    run = bringing(mode="sequential")
    run.run()
    assert list(run.started_at()) == ["cluster", "tekton", "database", "image", "deploy", "access"]
    assert run.started_at()["access"] == sum(SECONDS.values()) - SECONDS["access"]


def test_a_limit_lets_so_many_tasks_run_and_no_more(bringing: Callable[..., Bringing]) -> None:
    run = bringing(make_plan(FOUR_PHASES, limit=2))
    run.run()
    assert run.started_at()["image"] == 40.0  # when the database is done


def test_a_failure_leaves_siblings_running_and_skips_what_needs_it(bringing: Callable[..., Bringing]) -> None:
    run = bringing(fails={"database": [1]})
    state = run.run()
    assert run.ends() == {
        "cluster": "succeeded", "tekton": "succeeded", "database": "failed", "image": "succeeded",
        "deploy": "skipped", "access": "succeeded",
    }  # fmt: skip
    assert state.outcome == "failed"
    assert state.tasks["deploy"].because == "database"
    assert hold(state, "deploy") == Hold("upstream", ("database",))


def test_every_failure_is_kept_with_its_cause_hint_and_step(bringing: Callable[..., Bringing]) -> None:
    state = bringing(fails={"database": [1], "image": [1]}).run()
    for task in ("database", "image"):
        attempt = state.tasks[task].attempt
        assert attempt is not None
        assert attempt.failure == e.Failure(
            "the server said 503 Service Unavailable", "look at the server", 0, "command true"
        )


def test_output_of_one_moment_is_one_event_unless_it_is_very_much(tmp_path: Path) -> None:
    def talk(_: Step, context: Context) -> None:
        context.log("one\ntwo\n")
        context.log(["", "three", ""], source="pod/a b")
        context.log("")
        context.log([])
        context.log("\n".join(map(str, range(2 * e.MOST_LINES + 1))))
        raise ActionError("it broke")

    plan = make_plan([{"a": []}])
    events: list[e.Event] = []
    state = run_virtual(
        Engine(plan, Scripted(talk), started(plan), cache=tmp_path, listener=events.append).run()
    )
    said = [(ev.source, ev.lines) for ev in events if isinstance(ev, e.Output)]
    assert said[:3] == [("", ["one", "two"]), ("pod/a_b", ["", "three", ""]), ("", [""])]
    assert [len(lines) for _, lines in said[3:]] == [e.MOST_LINES, e.MOST_LINES, 1]
    attempt = state.tasks["a"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    assert attempt.failure.tail == tuple(str(i) for i in range(2 * e.MOST_LINES - 14, 2 * e.MOST_LINES + 1))


def test_a_known_failure_is_tried_again_after_its_pause(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 3, "backoff": ["5s", "10s"], "signatures": ["server-error"]}
    run = bringing(make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1, 2]})
    state = run.run()
    assert state.outcome == "succeeded"
    begun = [ev.at for ev in run.events if isinstance(ev, e.AttemptStarted) and ev.task == "database"]
    assert begun == [10.0, 45.0, 85.0]


def test_an_unknown_failure_is_not_tried_again(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 3, "signatures": ["rate-limit"]}
    run = bringing(make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1]})
    assert len(run.run().tasks["database"].attempts) == 1


def test_attempts_run_out(bringing: Callable[..., Bringing]) -> None:
    retry = {"attempts": 2, "backoff": "1s", "signatures": [{"pattern": "503"}]}
    run = bringing(
        make_plan(FOUR_PHASES, tasks={"database": {"retry": retry}}), fails={"database": [1, 2, 3]}
    )
    state = run.run()
    assert [a.outcome for a in state.tasks["database"].attempts] == ["failed", "failed"]
    assert state.tasks["database"].status == "failed"


def test_a_task_that_an_earlier_run_did_is_not_run_again(bringing: Callable[..., Bringing]) -> None:
    run = bringing(keep={"cluster": "run-1", "tekton": "run-1"})
    state = run.run()
    assert "cluster" not in run.started_at()
    assert state.tasks["tekton"].kept == "run-1"
    assert state.outcome == "succeeded"


def test_a_task_that_takes_too_long_fails_and_says_so(bringing: Callable[..., Bringing]) -> None:
    state = bringing(make_plan(FOUR_PHASES, tasks={"database": {"timeout": "10s"}})).run()
    attempt = state.tasks["database"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    assert attempt.failure.cause == "the task took longer than 10 s"
    assert state.tasks["tekton"].status == "succeeded"


def test_a_fault_of_an_action_becomes_its_tasks_failure(tmp_path: Path) -> None:
    def broken(_: Step, context: Context) -> Done:
        if context.task == "b":
            raise ZeroDivisionError("oh")
        return Done()

    plan = make_plan([{"a": [], "b": [], "c": []}])
    events: list[e.Event] = []
    engine = Engine(plan, Scripted(broken), started(plan), cache=tmp_path, listener=events.append)
    state = run_virtual(engine.run())
    attempt = state.tasks["b"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    assert attempt.failure.cause == "ZeroDivisionError: oh"
    assert state.tasks["c"].status == "succeeded"
    assert any(isinstance(ev, e.Output) and "Traceback" in ev.text for ev in events)


def test_spans_progress_notes_and_warnings_are_folded(tmp_path: Path) -> None:
    async def talk(_: Step, context: Context) -> Done:
        with context.span("pull", "postgres:16"):
            await asyncio.sleep(3)
        context.span("ready", "pod/x")  # left open: the attempt's end closes it
        context.progress(1, 2, "images")
        context.warn("no login file")
        await asyncio.sleep(1)
        return Done("all there", changed=False)

    plan = make_plan([{"a": []}])
    state = run_virtual(Engine(plan, Scripted(talk), started(plan), cache=tmp_path).run())
    attempt = state.tasks["a"].attempt
    assert attempt is not None
    assert [(s.name, s.subject, s.started, s.finished) for s in attempt.spans] == [
        ("pull", "postgres:16", 0.0, 3.0),
        ("ready", "pod/x", 3.0, 4.0),
    ]
    assert [(s.note, s.changed) for s in attempt.steps] == [("all there", False)]
    assert [w.text for w in state.warnings] == ["no login file"]
