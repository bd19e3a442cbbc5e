"""The fold: what it keeps of a run's modes, pauses and ends."""

from __future__ import annotations

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.state import RunState, fold

BEGUN = started(make_plan([{"a": []}, {"b": ["a"]}]), "eager")


def finished(task: str, at: float, outcome: e.Outcome = "succeeded", attempt: int = 1) -> list[e.Event]:
    """What is said of a task that took a second."""
    return [
        e.AttemptStarted(at - 1, task, attempt),
        e.AttemptFinished(at, task, attempt, outcome),
        e.TaskFinished(at, task, outcome),
    ]


def test_each_mode_is_kept_with_the_time_from_which_it_held() -> None:
    state = fold([BEGUN, e.ModeChanged(3.0, "sequential"), e.ModeChanged(9.0, "parallel")])
    assert state.modes == [(0.0, "eager"), (3.0, "sequential"), (9.0, "parallel")]


def test_pauses_are_kept_and_the_last_may_last() -> None:
    state = fold([BEGUN, e.RunPaused(3.0), e.RunResumed(5.0), e.RunPaused(8.0)])
    assert state.pauses == [(3.0, 5.0), (8.0, None)]


def test_a_task_keeps_when_it_reached_its_final_state_until_it_waits_again() -> None:
    events: list[e.Event] = [BEGUN, *finished("a", 4.0, "failed")]
    assert fold(events).tasks["a"].ended == 4.0
    events.append(e.TaskReset(6.0, "a"))
    assert fold(events).tasks["a"].ended is None
    assert fold([BEGUN, e.TaskKept(0.5, "a", "run-1")]).tasks["a"].ended == 0.5


def test_a_task_that_waits_again_starts_anew() -> None:
    failed = [BEGUN, *finished("a", 4.0, "failed")]
    assert fold(failed).tasks["a"].start == 3.0
    reset = [*failed, e.TaskReset(6.0, "a")]
    assert fold(reset).tasks["a"].start is None
    again = [*reset, *finished("a", 8.0, "failed", attempt=2)]
    assert fold(again).tasks["a"].start == 7.0
    assert fold([*again, e.AttemptStarted(9.0, "a", 3)]).tasks["a"].start == 7.0


def test_the_last_tasks_end_is_where_time_stops() -> None:
    assert fold([BEGUN, *finished("a", 4.0)]).ended_at is None
    ended = [BEGUN, *finished("a", 4.0), *finished("b", 7.0)]
    assert fold(ended).ended_at == 7.0
    later = [e.ModeChanged(50.0, "parallel"), e.RunFinished(60.0, "succeeded")]
    assert fold([*ended, *later]).ended_at == 7.0


def test_time_goes_on_when_a_task_waits_again() -> None:
    failed = [BEGUN, *finished("a", 4.0, "failed"), e.TaskFinished(4.0, "b", "skipped", because="a")]
    assert fold(failed).ended_at == 4.0
    reset = [*failed, e.TaskReset(30.0, "a")]
    assert fold(reset).ended_at is None
    assert fold([*reset, *finished("a", 40.0, attempt=2)]).ended_at == 40.0


def test_a_run_that_has_not_begun_has_not_ended() -> None:
    assert RunState().ended_at is None


def test_the_tail_of_a_log_is_shown_where_the_details_do_not_quote_it() -> None:
    tail = (" ---> 0123", "error: no such file ", "", " ---> 4567")
    assert e.Failure("it broke", details=("Step 1/2",), tail=tail).further == (tail[0], tail[1], tail[3])
    assert e.Failure("it broke", details=("error: no such file",), tail=tail).further == ()
