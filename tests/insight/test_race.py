"""Who is ahead in a race, by how much, and how it ends in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans import make_plan, started
from tui.insight.race import lead, racers, result
from tui.run import events as e
from tui.run.moments import Moments

if TYPE_CHECKING:
    from tui.insight.race import Racer

Timing = dict[str, tuple[float, float]]


def run(mode: str, timing: Timing, outcome: e.Outcome | None = "succeeded") -> Moments:
    """A run whose tasks began and ended at some times, the last of them with some outcome."""
    found: list[e.Event] = []
    last = max(timing, key=lambda task: timing[task][1])
    for task, (start, end) in timing.items():
        found.append(e.AttemptStarted(start, task, 1))
        how = outcome if task == last else "succeeded"
        if how is not None:
            found += [e.AttemptFinished(end, task, 1, how), e.TaskFinished(end, task, how)]
    first = started(make_plan([{task: [] for task in timing}]), mode)
    return Moments([first, *sorted(found, key=lambda event: event.at)])


def race(*runs: Moments) -> list[Racer]:
    return racers([(f"run{i}", each.last, each.end) for i, each in enumerate(runs)])


ONE_BY_ONE = run("sequential", {"a": (0, 10), "b": (10, 40)})
AT_ONCE = run("parallel", {"a": (0, 10), "b": (0, 30)})
FAILED = run("eager", {"a": (0, 10), "b": (0, 15)}, "failed")
CUT_OFF = run("eager", {"a": (0, 10), "b": (12, 15)}, None)


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        (
            (ONE_BY_ONE, AT_ONCE),
            "Parallel was up in 30.0s: 10.0s (25 %) sooner than sequential, which took 40.0s",
        ),
        ((AT_ONCE, AT_ONCE), "A (parallel) was up in 30.0s: as soon as B (parallel)"),
        ((ONE_BY_ONE, FAILED), "Sequential was up in 40.0s; eager failed after 15.0s"),
        ((FAILED, FAILED), "A (eager) failed after 15.0s and B (eager) failed after 15.0s: none came up"),
        ((CUT_OFF, AT_ONCE), "Parallel was up in 30.0s; eager was cut off after 12.0s"),
        (
            (ONE_BY_ONE, AT_ONCE, FAILED),
            "Parallel was up in 30.0s: 10.0s (25 %) sooner than sequential, which took 40.0s; "
            "eager failed after 15.0s",
        ),
    ],
)
def test_the_result_is_a_sentence(runs: tuple[Moments, ...], told: str) -> None:
    assert result(race(*runs)) == told


def test_what_is_saved_counts_up_until_the_last_is_up() -> None:
    slow, quick, failed = racing = race(ONE_BY_ONE, AT_ONCE, FAILED)
    assert [lead(racing, quick, at) for at in (29.9, 30.0, 36.0, 40.0, 99.0)] == [None, 0.0, 6.0, 10.0, 10.0]
    assert lead(racing, slow, 99.0) is None
    assert lead(racing, failed, 99.0) is None
    assert (slow.done(10.0), slow.done(9.9), slow.done(40.0)) == (1, 0, 2)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.floats(0, 50), st.floats(0, 50)).map(sorted))
    .filter(bool)
    .map(lambda drawn: {task: (start, end) for task, (start, end) in drawn.items()})
)
def test_nothing_overlaps_on_a_track_and_no_track_is_needless(timing: Timing) -> None:
    (racer,) = race(run("parallel", timing))
    tracks: dict[int, float] = {}
    for each in racer.stretches:
        assert tracks.get(each.track, 0.0) <= each.start
        assert all(until > each.start for track, until in tracks.items() if track < each.track)
        tracks[each.track] = each.end
    assert len(racer.stretches) == len(timing)
