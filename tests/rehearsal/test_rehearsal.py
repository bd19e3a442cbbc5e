"""A rehearsal: the same engine over a recorded run, with its times, its words and its spans."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError, NotReadyError
from tui.rehearsal.recording import BUNDLED, Recording, read_recording
from tui.rehearsal.rehearse import RehearsalEnvironment
from tui.reporter import Done
from tui.run import events as e
from tui.run.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.actions.environment import Environment
    from tui.plan.model import Plan
    from tui.plan.steps import Step
    from tui.run.state import RunState

STEP = {"kind": "command", "shell": "true"}
PHASES: list[dict[str, list[str]]] = [{"cluster": []}, {"tekton": ["cluster"], "image": []}]


def plan() -> Plan:
    return make_plan(
        PHASES, tasks={"tekton": {"steps": [STEP, STEP], "retry": {"signatures": ["connection"]}}}
    )


async def real_life(_: Step, context: Context) -> Done:
    context.log(f"{context.task} step {context.step}", source="pod/x")
    with context.span("pull", "an image"):
        await asyncio.sleep(3)
    context.progress(1.0, 2.0, "images")
    await asyncio.sleep({"cluster": 20, "tekton": 40, "image": 10}[context.task])
    if context.task == "tekton" and context.attempt == 1 and context.step == 1:
        raise ActionError("connection refused")
    context.warn(f"{context.task} was slow")
    return Done(f"did {context.task}", changed=context.task != "image")


def bring(folder: Path, environment: Environment, name: str) -> tuple[RunState, list[e.Event]]:
    said: list[e.Event] = []
    journal = Journal(folder / name)
    engine = Engine(plan(), environment, started(plan()), cache=folder, journal=journal, listener=said.append)
    state = run_virtual(engine.run())
    journal.close()
    return state, said


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    bring(tmp_path, Scripted(real_life), "real")
    return read_recording(tmp_path / "real")


def output(said: list[e.Event], task: str, attempt: int) -> list[tuple[str, str]]:
    return [
        (ev.source, ev.text)
        for ev in said
        if isinstance(ev, e.Output) and (ev.task, ev.attempt) == (task, attempt)
    ]


def test_a_rehearsal_takes_as_long_and_says_the_same(tmp_path: Path, recording: Recording) -> None:
    state, said = bring(tmp_path, RehearsalEnvironment(recording), "rehearsed")
    assert state.outcome == "succeeded"
    times = {id_: round(task.seconds(state.at), 3) for id_, task in state.tasks.items()}
    assert times == {"cluster": 23.0, "tekton": 86.0, "image": 13.0}
    assert output(said, "tekton", 1) == [("pod/x", "tekton step 0"), ("pod/x", "tekton step 1")]
    attempt = state.tasks["cluster"].attempt
    assert attempt is not None
    assert [(s.name, s.subject, s.started, s.finished) for s in attempt.spans] == [
        ("pull", "an image", 0.0, 3.0)
    ]
    image = state.tasks["image"].attempt
    assert image is not None
    assert [(s.note, s.changed) for s in image.steps] == [("did image", False)]
    assert min(w.text for w in state.warnings) == "cluster was slow"


def test_what_was_said_at_once_is_said_at_once_again(tmp_path: Path) -> None:
    async def talk(_: Step, context: Context) -> Done:
        context.log(["one", "", "three"])
        await asyncio.sleep(2)
        context.log(["four", "five"], source="pod/x")
        return Done()

    bring(tmp_path, Scripted(talk), "talking")
    rehearsal = RehearsalEnvironment(read_recording(tmp_path / "talking"))
    _, said = bring(tmp_path, rehearsal, "repeating")
    assert output(said, "image", 1) == [("", "one\n\nthree"), ("pod/x", "four\nfive")]


def test_speed_shortens_it(tmp_path: Path, recording: Recording) -> None:
    state, _ = bring(tmp_path, RehearsalEnvironment(recording, speed=10), "fast")
    assert state.at == pytest.approx(10.9, abs=0.01)


def test_a_task_that_is_to_fail_fails_in_its_longest_step_before_its_time(
    tmp_path: Path, recording: Recording
) -> None:
    state, _ = bring(tmp_path, RehearsalEnvironment(recording, fail={"cluster": 1}), "failing")
    attempt = state.tasks["cluster"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    assert "rehearsal" in attempt.failure.cause
    assert attempt.finished == pytest.approx(23.0 * 0.6)
    assert state.tasks["tekton"].status == "skipped"


def test_it_says_what_it_is(recording: Recording) -> None:
    note = RehearsalEnvironment(recording, speed=5).note
    for part in (
        "REHEARSAL",
        "nothing is created",
        "2026-01-02",
        "parallel",
        "2 cores, 4 GiB",
        "5 times as fast",
    ):
        assert part in note


def test_a_step_that_was_not_recorded_is_an_error_with_a_way_out(
    tmp_path: Path, recording: Recording
) -> None:
    short = Recording(
        recording.about, {"cluster": recording.steps["cluster"], "tekton": recording.steps["tekton"][:1]}
    )
    state, _ = bring(tmp_path, RehearsalEnvironment(short), "short")
    attempt = state.tasks["tekton"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    assert "no step 2 of task 'tekton'" in attempt.failure.cause
    assert "--recording" in attempt.failure.hint


def test_a_run_that_failed_fails_as_it_did(tmp_path: Path) -> None:
    async def broken(step: Step, context: Context) -> Done:
        await asyncio.sleep(5)
        if context.task == "image":
            raise ActionError("no space left", "make room", ("detail",))
        return await real_life(step, context)

    bring(tmp_path, Scripted(broken), "broken")
    state, _ = bring(tmp_path, RehearsalEnvironment(read_recording(tmp_path / "broken")), "rehearsed")
    attempt = state.tasks["image"].attempt
    assert attempt is not None
    assert attempt.failure is not None
    failure = attempt.failure
    assert (failure.cause, failure.hint, failure.details) == ("no space left", "make room", ("detail",))
    assert (attempt.finished or 0) - attempt.started == pytest.approx(5.0)
    assert state.tasks["tekton"].status == "succeeded"


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="no recorded run"):
        read_recording(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "events.jsonl").write_text('{"type":"warned"}\n')
    with pytest.raises(NotReadyError, match="does not begin with a run"):
        read_recording(tmp_path / "empty")


def test_a_rehearsal_can_be_recorded_too(tmp_path: Path, recording: Recording) -> None:
    bring(tmp_path, RehearsalEnvironment(recording), "again")
    again = read_recording(tmp_path / "again")
    assert again.seconds == pytest.approx(recording.seconds, abs=1e-3)


def test_the_bundled_recording_is_of_a_real_run_of_the_bundled_plan() -> None:
    from tui.plan.bundled import find_plan
    from tui.plan.load import load_plan

    recorded = read_recording(BUNDLED / "workflowexecution")
    tasks = load_plan(find_plan("workflowexecution")).plan.tasks
    assert {task.id: len(task.steps) for task in tasks} == {
        task: len(steps) for task, steps in recorded.steps.items()
    }
    assert recorded.about.startswith("timings and logs recorded 20")
    assert sum(recorded.seconds.values()) > 60
    assert all(steps[0].said for task, steps in recorded.steps.items() if task == "kind-cluster")
