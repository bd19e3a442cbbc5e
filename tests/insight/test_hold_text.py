"""Why a task does not run, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.insight.running import begun, ran, tell
from tests.plans import FOUR_PHASES, make_plan, started
from tui.insight.hold_text import hold_text, named
from tui.run import events as e
from tui.run.state import fold

if TYPE_CHECKING:
    from tui.run.state import RunState


def titled(mode: str = "parallel", limit: int | None = None) -> RunState:
    titles = {"database": "PostgreSQL + Redis", "image": "Data Storage image", "tekton": "Tekton Pipelines"}
    tasks = {id_: {"title": title} for id_, title in titles.items()}
    return fold([started(make_plan(FOUR_PHASES, tasks=tasks, limit=limit), mode)])


def failing(task: str, at: float) -> list[e.Event]:
    return [
        e.AttemptStarted(at, task, 1),
        e.AttemptFinished(at + 1, task, 1, "failed"),
        e.TaskFinished(at + 1, task, "failed"),
    ]


def test_needs_are_told_by_their_titles() -> None:
    state = titled("eager")
    assert hold_text(state, "deploy") == "waits for PostgreSQL + Redis and Data Storage image"
    tell(state, *ran("cluster", 0.0, 1.0), *ran("image", 0.0, 1.0))
    assert hold_text(state, "deploy") == "waits for PostgreSQL + Redis"


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, ""), (1, "a"), (2, "a and b"), (3, "a, b and c"), (4, "a, b and 2 more"), (6, "a, b and 4 more")],
)
def test_many_tasks_are_told_by_the_first_two(count: int, words: str) -> None:
    ids = "abcdef"[:count]
    state = begun(phases=[{id_: [] for id_ in "abcdef"}])
    assert named(state, reversed(ids)) == words


def test_a_phase_says_whether_another_mode_would_start_the_task() -> None:
    state = tell(titled(limit=2), *ran("cluster", 0.0, 1.0))
    assert hold_text(state, "access") == "held by phase 2 (eager mode would start it now)"
    tell(state, e.AttemptStarted(1.0, "tekton", 1), e.AttemptStarted(1.0, "database", 1))
    assert hold_text(state, "access") == "held by phase 2"
    tell(state, *ran("tekton", 1.0, 2.0)[3:], e.RunPaused(3.0))
    assert hold_text(state, "access") == "held by phase 2"


def test_one_at_a_time_says_who_runs() -> None:
    state = tell(titled("sequential"), *ran("cluster", 0.0, 1.0), e.AttemptStarted(1.0, "tekton", 1))
    assert hold_text(state, "image") == "one at a time: Tekton Pipelines runs"
    tell(state, e.AttemptStarted(1.0, "database", 1))
    assert hold_text(state, "image") == "one at a time: Tekton Pipelines and PostgreSQL + Redis run"


def test_a_limit_says_how_many() -> None:
    state = tell(titled("eager", limit=1), e.AttemptStarted(0.0, "cluster", 1))
    assert hold_text(state, "image") == "at most 1 at once"


def test_a_paused_or_cancelled_run_says_so() -> None:
    state = tell(titled("eager"), e.RunPaused(0.0))
    assert hold_text(state, "image") == "paused"
    assert hold_text(tell(state, e.CancelRequested(1.0)), "image") == "cancelled"


@pytest.mark.parametrize(
    ("outcome", "words"), [("failed", "failed"), ("cancelled", "was cancelled"), ("skipped", "was skipped")]
)
def test_a_skipped_task_says_what_became_of_the_one_it_needed(outcome: e.Outcome, words: str) -> None:
    state = tell(
        titled(),
        e.TaskFinished(2.0, "image", outcome),
        e.TaskFinished(2.0, "deploy", "skipped", because="image"),
    )
    assert hold_text(state, "deploy") == f"needs Data Storage image, which {words}"


def test_a_skipped_task_does_not_blame_one_that_has_succeeded_since() -> None:
    state = tell(
        titled(),
        *failing("image", 0.0),
        e.TaskFinished(1.0, "deploy", "skipped", because="image"),
        *failing("database", 2.0),
        e.TaskReset(5.0, "image"),
        *ran("image", 5.0, 6.0, attempt=2),
    )
    assert hold_text(state, "deploy") == "needs PostgreSQL + Redis, which failed"


def test_a_pause_before_a_retry_counts_down() -> None:
    state = tell(
        titled(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptFinished(4.0, "cluster", 1, "failed"),
        e.RetryScheduled(4.0, "cluster", 1, 65.0, "rate-limit"),
    )
    assert hold_text(state, "cluster") == "tried again in 1:05"
    assert hold_text(state, "cluster", now=64.5) == "tried again in 5s"
    assert hold_text(state, "cluster", now=80.0) == "tried again in 0s"


def test_nothing_is_said_of_what_nothing_holds() -> None:
    state = titled("eager")
    assert hold_text(state, "cluster") == ""
    assert hold_text(tell(state, e.AttemptStarted(0.0, "cluster", 1)), "cluster") == ""
    assert hold_text(tell(state, *ran("image", 0.0, 1.0)), "image") == ""
