"""How long tasks take from now on, and how good that was foretold."""

from __future__ import annotations

import pytest

from tests.insight.running import begun, ran, tell
from tui.console.estimates import as_data, text
from tui.console.style import Style
from tui.insight.estimates import estimate
from tui.insight.expectation import EMPTY, Expectation
from tui.insight.pace import paced
from tui.rehearsal.recording import bundled_recording
from tui.run import events as e
from tui.run.journal import read_events
from tui.run.state import fold

STEPS = {"cluster": (("create", 20.0), ("join", 10.0)), "image": (("build", 20.0),)}
BEFORE = Expectation({"cluster": 30.0, "image": 20.0}, STEPS, "an earlier run")
PHASES: list[dict[str, list[str]]] = [{"cluster": []}, {"image": []}]


def test_a_late_step_moves_what_follows_and_a_slow_one_slows_the_rest() -> None:
    state = tell(begun(phases=PHASES), e.AttemptStarted(0.0, "cluster", 1))
    assert paced(state, BEFORE, 0.0) == BEFORE.seconds
    tell(state, e.StepStarted(0.0, "cluster", 1, 0, "create"))
    assert paced(state, BEFORE, 15.0) == pytest.approx(BEFORE.seconds)
    assert paced(state, BEFORE, 40.0) == pytest.approx({"cluster": 54.0, "image": 20.0})
    tell(state, e.StepFinished(40.0, "cluster", 1, 0))
    tell(state, e.StepStarted(40.0, "cluster", 1, 1, "join"))
    # It took twice as long, and a machine that slow is half believed in after so long a step.
    assert paced(state, BEFORE, 40.0) == pytest.approx({"cluster": 40.0 + 15.0, "image": 30.0})


def test_a_step_that_found_its_work_done_tells_nothing_of_the_pace() -> None:
    state = tell(
        begun(phases=PHASES),
        e.AttemptStarted(0.0, "cluster", 1),
        e.StepStarted(0.0, "cluster", 1, 0, "create"),
        e.StepFinished(0.1, "cluster", 1, 0, changed=False),
        e.StepStarted(0.1, "cluster", 1, 1, "join"),
    )
    assert paced(state, BEFORE, 0.1) == pytest.approx({"cluster": 10.1, "image": 20.0})


def test_a_run_like_the_one_before_it_is_foretold_to_a_hundredth() -> None:
    directory = bundled_recording("workflowexecution")
    assert directory is not None
    events = list(read_events(directory))
    told = estimate(events, Expectation.of([fold(events)]))
    assert told is not None
    assert all(abs(error) < 0.02 for error in told.errors)
    assert as_data([told])["median"] == pytest.approx([abs(error) for error in told.errors])
    assert list(text([told], Style(False)))[-1].startswith("median error")


def test_errors_are_shares_of_the_time_that_it_took() -> None:
    assert begun(phases=PHASES).started is not None
    state = begun(phases=PHASES)
    assert state.started is not None
    events = [state.started, *ran("cluster", 0.0, 60.0), *ran("image", 60.0, 80.0)]
    told = estimate(events, Expectation({"cluster": 30.0, "image": 20.0}, {}, "an earlier run"))
    assert told is not None
    assert told.errors == (50 / 80 - 1, 60 / 80 - 1, 0.0)
    assert estimate(events, EMPTY) is None
    assert estimate(events[:3], BEFORE) is None
    assert list(text([], Style(False))) == [
        "no run is kept that came up after another of its plan: nothing was foretold"
    ]
