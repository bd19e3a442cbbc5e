"""Where one task's time went."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given

from tests.insight.running import begun, disturbed, ran, standing, tell
from tui.insight.expectation import EMPTY, Expectation
from tui.insight.hold_times import Held, hold_times
from tui.insight.time_breakdown import time_breakdown
from tui.run import events as e
from tui.run.holds import hold

if TYPE_CHECKING:
    from tests.engine.test_laws import Case


@given(disturbed())
def test_the_holds_of_a_task_fill_its_time_until_it_started(run: tuple[Case, list[e.Event]]) -> None:
    reset = {event.task for event in run[1] if isinstance(event, e.TaskReset)}
    for state, now in standing(run[1]):
        for task in state.tasks.values():
            if task.id in reset:  # while other tasks are stopped for it, no rule holds it back
                continue
            held = hold_times(state, task.id, now)
            until = task.attempts[0].started if task.attempts else now if task.ended is None else task.ended
            edges = [0.0, *(moment for each in held for moment in (each.start, each.end)), until]
            assert all(a == b for a, b in list(pairwise(edges))[::2]), "no gap, and no overlap"
            assert all(each.seconds > 0 for each in held)


@given(disturbed())
def test_the_last_hold_of_a_waiting_task_is_the_one_that_the_engine_goes_by(
    run: tuple[Case, list[e.Event]],
) -> None:
    for state, until in standing(run[1]):
        now = (state.at + until) / 2
        for task in state.tasks.values():
            rule = hold(state, task.id)
            if task.status == "waiting" and not task.attempts and rule is not None and now > state.at:
                last = hold_times(state, task.id, now)[-1]
                assert (last.end, last.reason, last.phase) == (now, rule.reason, rule.phase)
                if rule.reason == "needs":
                    assert last.tasks == rule.tasks
                if rule.reason == "sequential":
                    assert set(rule.tasks) <= set(last.tasks)


def test_a_task_waits_for_its_needs_and_then_for_its_phase() -> None:
    state = tell(
        begun(),
        *ran("cluster", 0.0, 10.0), *ran("image", 10.0, 30.0),
        *ran("database", 10.0, 40.0), *ran("tekton", 10.0, 70.0),
        e.AttemptStarted(70.0, "deploy", 1),
    )  # fmt: skip
    assert hold_times(state, "deploy", 75.0) == (
        Held(0.0, 40.0, "needs", ("database",)),
        Held(40.0, 70.0, "phase", ("tekton",), 1),
    )
    assert hold_times(state, "access", 75.0) == (
        Held(0.0, 10.0, "needs", ("cluster",)),
        Held(10.0, 70.0, "phase", ("tekton",), 1),
        Held(70.0, 75.0, "phase", ("deploy",), 2),
    )
    assert time_breakdown(state, "access", 75.0, EMPTY).held == 75.0


def test_a_pause_and_a_mode_hold_for_as_long_as_they_last() -> None:
    state = tell(
        begun("sequential"),
        *ran("cluster", 0.0, 10.0),
        e.AttemptStarted(10.0, "tekton", 1),
        e.RunPaused(20.0),
        e.ModeChanged(30.0, "eager"),
        e.RunResumed(50.0),
        e.AttemptStarted(50.0, "database", 1),
    )
    assert hold_times(state, "database", 60.0) == (
        Held(0.0, 10.0, "needs", ("cluster",)),
        Held(10.0, 20.0, "sequential", ("tekton",)),
        Held(20.0, 50.0, "paused"),
    )


def test_tasks_run_in_turn_are_told_as_one_hold() -> None:
    state = tell(begun("sequential"), *ran("cluster", 0.0, 10.0), *ran("tekton", 10.0, 70.0))
    tell(state, e.AttemptStarted(70.0, "database", 1))
    assert hold_times(state, "image", 75.0) == (
        Held(0.0, 75.0, "sequential", ("cluster", "tekton", "database")),
    )


def test_a_limit_holds_while_as_many_as_may_run() -> None:
    state = tell(
        begun("eager", limit=1), *ran("cluster", 0.0, 10.0), e.AttemptStarted(10.0, "tekton", 1),
    )  # fmt: skip
    assert hold_times(state, "image", 12.0) == (Held(0.0, 12.0, "limit", ("cluster", "tekton")),)


def test_a_task_that_was_skipped_waited_for_what_did_not_come() -> None:
    state = tell(
        begun(),
        *ran("cluster", 0.0, 10.0),
        e.AttemptStarted(10.0, "database", 1),
        e.AttemptFinished(25.0, "database", 1, "failed"),
        e.TaskFinished(25.0, "database", "failed"),
        e.TaskFinished(25.0, "deploy", "skipped", because="database"),
        *ran("image", 10.0, 15.0),
    )
    assert hold_times(state, "deploy", 90.0) == (Held(0.0, 25.0, "needs", ("database",)),)


def test_tries_have_steps_with_their_spans_the_longest_first() -> None:
    state = tell(
        begun(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.StepStarted(0.0, "cluster", 1, 0, "create"),
        e.SpanStarted(0.0, "cluster", 1, 0, 1, "pull", "node"),
        e.SpanFinished(1.0, "cluster", 1, 1),
        e.SpanStarted(1.0, "cluster", 1, 0, 2, "start", "node"),
        e.StepFinished(6.0, "cluster", 1, 0, note="made it"),
        e.StepStarted(6.0, "cluster", 1, 1, "namespace"),
        e.SpanStarted(6.0, "cluster", 1, 1, 3, "ready", "ns"),
    )
    before = Expectation({"cluster": 9.0}, {"cluster": (("create", 5.0), ("namespace", 3.0))}, "a recording")
    told = time_breakdown(state, "cluster", 8.0, before)
    (attempt,) = told.attempts
    create, namespace = attempt.steps
    assert (create.title, create.seconds, create.expected, create.share) == ("create", 6.0, 5.0, 0.75)
    assert create.note == "made it"
    assert [(s.name, s.subject, s.seconds) for s in create.spans] == [
        ("start", "node", 7.0), ("pull", "node", 1.0),
    ]  # fmt: skip
    assert (namespace.seconds, namespace.expected, namespace.share) == (2.0, 3.0, 0.25)
    assert [s.name for s in namespace.spans] == ["ready"]
    assert (told.expected, told.worked, told.paused, told.held) == (9.0, 8.0, 0.0, 0.0)


def test_the_pause_before_a_later_try_is_told_apart_from_its_work() -> None:
    state = tell(
        begun(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.StepStarted(0.0, "cluster", 1, 0, "create"),
        e.AttemptFinished(4.0, "cluster", 1, "failed"),
        e.RetryScheduled(4.0, "cluster", 1, 5.0, "rate-limit"),
        *ran("cluster", 9.0, 15.0, attempt=2),
    )
    told = time_breakdown(state, "cluster", 90.0, EMPTY)
    assert [(a.attempt, a.seconds, a.pause, a.outcome) for a in told.attempts] == [
        (1, 4.0, 0.0, "failed"), (2, 6.0, 5.0, "succeeded"),
    ]  # fmt: skip
    assert told.attempts[0].steps[0].seconds == 4.0
    assert (told.worked, told.paused) == (10.0, 5.0)


def test_a_step_is_compared_with_the_one_of_its_title() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 10.0))
    moved = Expectation({}, {"cluster": (("prepare", 1.0), ("work", 8.0))}, "a recording")
    unknown = Expectation({}, {"cluster": (("prepare", 1.0),)}, "a recording")
    assert time_breakdown(state, "cluster", 10.0, moved).attempts[0].steps[0].expected == 8.0
    assert time_breakdown(state, "cluster", 10.0, unknown).attempts[0].steps[0].expected is None
