"""Which commands a run takes, the words for why not, and what they would undo."""

from __future__ import annotations

import pytest

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.commands import (
    Cancel,
    CancelRun,
    Close,
    Command,
    Kill,
    Pause,
    Restart,
    Resume,
    Retry,
    RetryFailed,
    SetMode,
    rerun,
    restarted,
    stopped,
)
from tui.run.state import RunState, fold

PHASES: list[dict[str, list[str]]] = [
    {"cluster": [], "image": []},
    {"database": ["cluster"], "tekton": ["cluster"]},
    {"deploy": ["database", "image"]},
    {"access": ["deploy"]},
]
TITLES = {"tekton": {"title": "Tekton Pipelines"}, "database": {"title": "PostgreSQL"}}


def state(*more: e.Event, **outcomes: str) -> RunState:
    """A run in which tasks have ended as told, run, or wait."""
    said: list[e.Event] = [started(make_plan(PHASES, tasks=TITLES))]
    for task, outcome in outcomes.items():
        if outcome != "skipped":
            said.append(e.AttemptStarted(0.0, task, 1))
        if outcome == "skipped":
            said.append(e.TaskFinished(1.0, task, "skipped", because="database"))
        elif outcome != "running":
            said.append(e.TaskFinished(1.0, task, outcome))  # type: ignore[arg-type]
    return fold([*said, *more])


FAILED = state(
    cluster="succeeded",
    image="cancelled",
    database="failed",
    tekton="running",
    deploy="skipped",
    access="skipped",
)
UP = state(
    cluster="succeeded",
    image="succeeded",
    database="succeeded",
    tekton="running",
    deploy="succeeded",
    access="running",
)

OVER = state(**dict.fromkeys([id_ for phase in PHASES for id_ in phase], "succeeded"))


@pytest.mark.parametrize(
    ("run", "command", "words"),
    [
        (FAILED, Retry("database"), ""),
        (
            FAILED,
            Retry("tekton"),
            "Tekton Pipelines runs; only what failed or was cancelled can be retried",
        ),
        (
            FAILED,
            Retry("cluster"),
            "cluster has succeeded; only what failed or was cancelled can be retried",
        ),
        (
            FAILED,
            Retry("deploy"),
            "deploy was skipped, as it needs PostgreSQL; only what failed or was cancelled can be retried",
        ),
        (
            state(cluster="failed", database="cancelled"),
            Retry("database"),
            "PostgreSQL needs cluster, which has failed",
        ),
        (FAILED, Retry("nobody"), "there is no task 'nobody'"),
        (FAILED, RetryFailed(), ""),
        (UP, RetryFailed(), "nothing has failed"),
        (FAILED, Restart("access"), ""),
        (FAILED, Restart("tekton"), ""),
        (state(cluster="running"), Restart("tekton"), "Tekton Pipelines waits; it has not begun"),
        (FAILED, Cancel("tekton"), ""),
        (FAILED, Cancel("database"), "PostgreSQL has finished already"),
        (state(cluster="running"), Cancel("tekton"), ""),
        (
            state(e.CancelRequested(1.0, "tekton"), tekton="running"),
            Cancel("tekton"),
            "Tekton Pipelines is being stopped already",
        ),
        (UP, CancelRun(), ""),
        (UP, Pause(), ""),
        (state(e.RunPaused(1.0)), Pause(), "the run is paused already"),
        (state(e.RunPaused(1.0)), Resume(), ""),
        (UP, Resume(), "the run is not paused"),
        (UP, SetMode("eager"), ""),
        (UP, SetMode("parallel"), "the mode is parallel already"),
        (RunState(), Pause(), "the run has not begun"),
        (state(e.CancelRequested(1.0)), CancelRun(), "everything is being stopped"),
        (
            state(e.CancelRequested(1.0), database="failed"),
            Retry("database"),
            "everything is being stopped",
        ),
        (OVER, CancelRun(), "all tasks have finished: there is nothing to cancel"),
        (OVER, Pause(), "all tasks have finished: there is nothing to pause"),
        (OVER, Close(), ""),
        (state(e.RunFinished(1.0, "succeeded")), Kill(), ""),
        (state(e.RunFinished(1.0, "succeeded")), Restart("cluster"), "the run has finished"),
    ],
)
def test_what_speaks_against_a_command_is_said(run: RunState, command: Command, words: str) -> None:
    assert command.refusal(run) == words


def ids(run: RunState, task: str) -> list[str]:
    return [each.id for each in restarted(run, task)]


def test_a_restart_takes_in_all_that_needs_the_task_and_has_begun() -> None:
    assert ids(UP, "cluster") == ["cluster", "database", "tekton", "deploy", "access"]
    assert ids(UP, "deploy") == ["deploy", "access"]
    assert ids(UP, "tekton") == ["tekton"]
    begun = state(cluster="succeeded", tekton="running")
    assert [(task.title, task.status) for task in restarted(begun, "cluster")] == [
        ("cluster", "succeeded"),
        ("Tekton Pipelines", "running"),
    ]


def test_a_restart_takes_in_what_the_task_needs_and_lacks() -> None:
    assert ids(FAILED, "deploy") == ["image", "database", "deploy", "access"]
    assert ids(FAILED, "database") == ["database"], "what else needs the image, which was cancelled, stays"


def test_what_is_run_again_brings_with_it_what_was_skipped_for_its_sake() -> None:
    assert rerun(FAILED, ["database", "image"]) == ["image", "database", "deploy", "access"]
    assert rerun(FAILED, ["database"]) == ["database"]
    assert rerun(FAILED, []) == []


def test_cancelling_the_run_ends_what_runs_and_what_waits() -> None:
    assert [task.id for task in stopped(UP)] == ["tekton", "access"]
    assert [task.id for task in stopped(state(cluster="running"))] == [
        "cluster", "image", "database", "tekton", "deploy", "access",
    ]  # fmt: skip
