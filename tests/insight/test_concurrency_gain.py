"""What doing things at once has saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.insight.running import begun, disturbed, ran, standing, tell
from tests.plans import SECONDS
from tui.insight.concurrency_gain import concurrency_gain
from tui.run import events as e

if TYPE_CHECKING:
    from tests.engine.test_laws import Case


def test_two_tasks_at_once_save_the_shorter_one() -> None:
    state = tell(
        begun(), *ran("cluster", 0.0, 10.0), *ran("tekton", 10.0, 40.0), *ran("database", 10.0, 30.0)
    )
    found = concurrency_gain(state, 40.0)
    assert found is not None
    assert (found.worked, found.elapsed, found.saved) == (60.0, 40.0, 20.0)
    assert found.share == pytest.approx(1 / 3)


def test_what_runs_counts_up_to_now() -> None:
    state = tell(begun("eager"), e.AttemptStarted(0.0, "cluster", 1), e.AttemptStarted(2.0, "image", 1))
    found = concurrency_gain(state, 6.0)
    assert found is not None
    assert (found.worked, found.elapsed) == (10.0, 6.0)


def test_what_ran_ahead_of_an_attempt_counts_until_that_began() -> None:
    state = tell(
        begun("eager"),
        e.AttemptStarted(0.0, "cluster", 1),
        e.PrefetchStarted(1.0, "database", 1, 0, "load"),
        e.PrefetchFinished(4.0, "database", 1, 0),
        e.PrefetchStarted(4.0, "database", 1, 1, "load"),
        *ran("cluster", 0.0, 10.0)[1:],
        e.AttemptStarted(10.0, "database", 1),
        e.PrefetchFinished(12.0, "database", 1, 1),
    )
    found = concurrency_gain(state, 15.0)
    assert found is not None
    assert (found.worked, found.elapsed) == (10.0 + 3.0 + 6.0 + 5.0, 15.0)


def test_time_in_which_nothing_ran_does_not_count() -> None:
    state = tell(
        begun(),
        e.AttemptStarted(0.0, "cluster", 1),
        e.AttemptFinished(4.0, "cluster", 1, "failed"),
        e.TaskFinished(4.0, "cluster", "failed"),
        e.TaskReset(500.0, "cluster"),
        *ran("cluster", 500.0, 510.0, attempt=2),
    )
    found = concurrency_gain(state, 510.0)
    assert found is not None
    assert (found.worked, found.elapsed, found.share) == (14.0, 14.0, 0.0)


def test_nothing_is_said_before_something_ran() -> None:
    assert concurrency_gain(begun(), 3.0) is None


def test_tasks_that_take_no_time_save_nothing() -> None:
    found = concurrency_gain(tell(begun(), *ran("cluster", 0.0, 0.0)), 0.0)
    assert found is not None
    assert found.share == 0.0


@given(disturbed())
def test_elapsed_is_the_seconds_in_which_something_was_tried(run: tuple[Case, list[e.Event]]) -> None:
    for state, now in standing(run[1]):
        found = concurrency_gain(state, now)
        tries = [(a.started, a.end(now)) for task in state.tasks.values() for a in task.attempts]
        if found is None:
            assert tries == []
        else:  # all times are whole seconds
            busy = [s for s in range(int(now)) if any(start <= s < end for start, end in tries)]
            assert found.elapsed == len(busy)
            assert found.worked == sum(end - start for start, end in tries) >= found.elapsed


def test_one_at_a_time_saves_nothing() -> None:
    at, events = 0.0, list[e.Event]()
    for task, seconds in SECONDS.items():
        events += ran(task, at, at + seconds)
        at += seconds
    found = concurrency_gain(tell(begun("sequential"), *events), at)
    assert found is not None
    assert found.saved == 0.0
