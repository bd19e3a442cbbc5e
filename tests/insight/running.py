"""Runs of the real engine on a virtual clock, seen at each of their moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.engine.test_laws import MODES, Case, PodTracker, cases, moments
from tests.plans import FOUR_PHASES, make_plan, started
from tui.run import events as e
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

limits = st.none() | st.integers(1, 3)
modes = st.sampled_from(MODES)


@st.composite
def disturbed(draw: st.DrawFn) -> tuple[Case, list[e.Event]]:
    """A case with the events of a run of it in which tasks fail and commands are given."""
    case = draw(cases())
    run = PodTracker(case, draw(modes), draw(limits))
    run.run(draw(moments))
    return case, run.events


@st.composite
def undisturbed(
    draw: st.DrawFn, limits: st.SearchStrategy[int | None] = limits
) -> tuple[Case, list[e.Event]]:
    """The same without commands; tasks may fail, and be tried again by themselves."""
    case = draw(cases())
    run = PodTracker(case, draw(modes), draw(limits))
    run.run()
    return case, run.events


def standing(events: Sequence[e.Event], after: int = 0) -> Iterator[tuple[RunState, float]]:
    """A run's state at each moment at which all that then happened has, with the time until which it holds.

    It is one state that changes. Moments before the event of a number are left out.
    """
    state = RunState()
    for i, event in enumerate(events):
        state.apply(event)
        until = events[i + 1].at if i + 1 < len(events) else event.at
        if i >= after and (until > event.at or i + 1 == len(events)):
            yield state, until


def begun(
    mode: str = "parallel",
    phases: Sequence[Mapping[str, Sequence[str]]] = FOUR_PHASES,
    limit: int | None = None,
) -> RunState:
    """A run in which nothing has started."""
    state = RunState()
    state.apply(started(make_plan(phases, limit=limit), mode))
    return state


def tell(state: RunState, *events: e.Event) -> RunState:
    """Has things happen in a run."""
    for event in events:
        state.apply(event)
    return state


def ran(task: str, start: float, end: float, attempt: int = 1) -> list[e.Event]:
    """What is said when a task succeeds at once."""
    return [
        e.AttemptStarted(start, task, attempt),
        e.StepStarted(start, task, attempt, 0, "work"),
        e.StepFinished(end, task, attempt, 0),
        e.AttemptFinished(end, task, attempt, "succeeded"),
        e.TaskFinished(end, task, "succeeded"),
    ]
