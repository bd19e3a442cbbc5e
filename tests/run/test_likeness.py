"""What like runs have in common, as their events tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.likeness import is_whole, likeness
from tui.run.state import RunState, fold

BEGIN = replace(started(make_plan([{"a": [], "b": []}])), environment="kind")


def did(note: str, *, changed: bool = True, task: str = "a") -> list[e.Event]:
    return [
        e.AttemptStarted(0.0, task, 1),
        e.StepStarted(0.0, task, 1, 0, "anything"),
        e.StepFinished(1.0, task, 1, 0, changed, note),
        e.AttemptFinished(1.0, task, 1, "succeeded"),
        e.TaskFinished(1.0, task, "succeeded"),
    ]


def state(*events: e.Event) -> RunState:
    return fold([BEGIN, *events])


@pytest.mark.parametrize(
    ("events", "work", "caches"),
    [
        ([], (), "warm"),
        (did("the engine has them all", changed=False), (), "warm"),
        (did("pulled redis:7"), ("pulled",), "cold"),
        (did("built 0123") + did("loaded one", task="b"), ("built", "loaded"), "cold"),
        (did("created cluster one") + did("loaded one", task="b"), ("created", "loaded"), "warm"),
        (did("started cluster one again"), ("started",), "warm"),
        (did("restored cluster one from snapshot 5e1f00d1"), ("restored",), "warm"),
    ],
)
def test_caches_are_known_from_what_steps_did(
    events: list[e.Event], work: tuple[str, ...], caches: str
) -> None:
    like = likeness(state(*events))
    assert (like.work, like.caches) == (work, caches)


def test_a_pull_is_known_from_its_span_though_the_step_never_finished() -> None:
    begun = [e.AttemptStarted(0.0, "a", 1), e.StepStarted(0.0, "a", 1, 0, "wait")]
    assert likeness(state(*begun, e.SpanStarted(0.0, "a", 1, 0, 1, "pull", "redis:7"))).work == ("pulled",)
    for seconds, work in ((0.1, ()), (30.0, ("pulled",))):
        ensure = e.SpanStarted(0.0, "a", 1, 0, 1, "Ensuring node image (kindest/node:v1)")
        assert likeness(state(*begun, ensure, e.SpanFinished(seconds, "a", 1, 1))).work == work


def test_a_run_whose_mode_changed_is_like_none_that_kept_it() -> None:
    changed = likeness(state(e.ModeChanged(0.5, "eager"), *did("x"), *did("y", task="b")))
    assert changed.mode == "parallel → eager"
    after = likeness(state(*did("x"), *did("y", task="b"), e.ModeChanged(9.0, "eager")))
    assert after.mode == "parallel"
    assert [*after.differences(changed)] == [("mode", "parallel", "parallel → eager")]


def test_whether_steps_ran_ahead_tells_runs_apart_where_the_user_said_so() -> None:
    modes = [likeness(fold([replace(BEGIN, prefetch=ahead)])).mode for ahead in (None, True, False)]
    assert modes == ["parallel", "parallel with prefetch", "parallel without prefetch"]


def test_rehearsals_differ_by_speed_and_recording() -> None:
    speeds = {
        likeness(
            fold([replace(BEGIN, environment="rehearsal", speed=speed, recording=recording)])
        ).environment
        for speed in (1.0, 60.0)
        for recording in ("", "/runs/one")
    }
    assert len(speeds) == 4


def test_a_run_is_whole_that_did_all_by_itself() -> None:
    assert is_whole(state(*did("x"), *did("y", task="b")))
    assert not is_whole(state(*did("x")))
    for kept in ("", "20260101T000000Z-0000"):
        assert not is_whole(state(*did("x"), e.TaskKept(0.0, "b", kept)))
    assert not is_whole(state(*did("x"), e.AttemptStarted(0.0, "b", 1), e.TaskFinished(1.0, "b", "failed")))
