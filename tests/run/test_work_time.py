"""Work time: lunch is none, wherever it is counted."""

from __future__ import annotations

from tests.insight.running import begun, ran, tell
from tui.run import events as e
from tui.run.work_time import busy, idle, work_time

LUNCH = 3600.0


def test_the_time_in_which_somebody_thought_is_no_work_time() -> None:
    state = tell(begun(), *ran("cluster", 1.0, 11.0), *ran("image", 3.0, 21.0))
    tell(state, e.TaskReset(21.0 + LUNCH, "image"), *ran("image", 21.0 + LUNCH, 51.0 + LUNCH, attempt=2))
    now = 51.0 + LUNCH
    intervals = busy(state, now)
    assert intervals == [(1.0, 21.0), (21.0 + LUNCH, 51.0 + LUNCH)]
    assert idle(intervals, now) == [(0.0, 1.0), (21.0, 21.0 + LUNCH)]
    assert idle(intervals, now + 5.0)[-1] == (now, now + 5.0)
    assert work_time(intervals) == 50.0
    assert state.tasks["image"].seconds(now) == 48.0


def test_what_runs_is_at_work_up_to_now_and_what_has_not_begun_is_not() -> None:
    state = begun()
    assert (busy(state, 5.0), idle([], 5.0)) == ([], [])
    tell(state, e.AttemptStarted(2.0, "cluster", 1))
    assert busy(state, 5.0) == [(2.0, 5.0)]


def test_a_snapshot_stays_as_it_is() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 10.0))
    kept = state.snapshot()
    before = (kept.version, dict(kept.tasks), list(kept.modes), kept.unfinished, kept.ended_at)
    tell(
        state,
        e.ModeChanged(11.0, "eager"),
        e.RunPaused(12.0),
        *ran("image", 13.0, 14.0),
        e.Warned(15.0, "image", 1, "x"),
    )
    assert before == (kept.version, kept.tasks, kept.modes, kept.unfinished, kept.ended_at)
    assert (kept.pauses, kept.warnings, kept.running) == ([], [], set())
