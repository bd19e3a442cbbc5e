"""The time axis: its marks, its breaks where nothing ran, and what of it is in sight."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.dashboard.test_gantt import frame_of, widths
from tests.insight.running import begun, disturbed, ran, standing, tell
from tui.dashboard.fit import fit, fit_all
from tui.dashboard.gantt import axis, task_bars
from tui.dashboard.widgets.head import _how
from tui.dashboard.window import Window
from tui.insight.time_axis import Break, Scale, breaks
from tui.run import events as e
from tui.run.work_time import Interval, time_at_work
from tui.text import tick_step

if TYPE_CHECKING:
    from tests.engine.test_laws import Case

LABEL = re.compile(r"(\d+:)?\d+:\d\d|\d+\.\ds")
LUNCH = 3600.0


@st.composite
def gaps(draw: st.DrawFn) -> list[Interval]:
    edges = sorted(draw(st.lists(st.floats(0, 1e5), max_size=8, unique=True)))
    return [Interval(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]


# Scales.


@given(st.floats(0, 1e6), widths)
def test_a_fitting_scale_shows_all_and_not_much_more(end: float, columns: int) -> None:
    scale = Scale.fitting(end, columns)
    assert scale.start == scale.at(0.0) == 0.0
    assert scale.at(scale.end) == pytest.approx(columns)
    wanted = max(end * 1.04, 1.0)
    assert wanted * (1 - 1e-9) <= scale.end <= wanted * (1 + 1e-9) + tick_step(wanted, columns) / 2


@given(
    st.floats(0, 1e5), st.floats(0.001, 1e3), widths, gaps(),
    st.lists(st.floats(0, 1e6), min_size=2, max_size=20),
)  # fmt: skip
def test_later_is_never_further_to_the_left(
    start: float, per_column: float, columns: int, gaps: list[Interval], at: list[float]
) -> None:
    scale = Scale(start, per_column, columns, breaks(gaps, max(at)))
    places = [scale.at(time) for time in sorted(at)]
    assert all(before <= after for before, after in pairwise(places))
    assert all(scale.time(scale.shown(time)) == pytest.approx(time, abs=1e-3) for time in at)


# Breaks.


def test_an_axis_is_broken_where_nothing_ran_for_long() -> None:
    """A failure before lunch, a retry after it: the bars keep their length, and the break tells its own."""
    state = tell(begun(), *ran("cluster", 0.0, 20.0), *ran("image", 20.0 + LUNCH, 60.0 + LUNCH))
    frame = frame_of(state, 60.0 + LUNCH)
    assert frame.outlook is not None
    scale = Scale.fitting(frame.now, 100, breaks(frame.outlook.idle, frame.now))
    text = "".join(axis(scale, state, frame.now).text)
    assert "⫽1:00:00" in text
    assert "1:00:50" in text  # after the break it goes on in the time since the run's begin
    bars = {id_: task_bars(state.tasks[id_], frame, scale) for id_ in ("cluster", "image")}
    cells = {id_: len([kind for kind in row.kinds if kind.startswith("bar")]) for id_, row in bars.items()}
    assert cells["image"] == pytest.approx(2 * cells["cluster"], abs=2)
    assert cells["cluster"] > 20
    assert "⫽" in bars["cluster"].text
    assert time_at_work(10.0, 30.0 + LUNCH, frame.outlook.idle) == 20.0  # as of slack
    assert ("1:00", "") in _how(frame)[1]


def test_an_axis_is_not_broken_for_a_moment() -> None:
    assert breaks([Interval(10.0, 15.0)], 60.0) == ()
    assert breaks([Interval(10.0, 40.0)], 1000.0) == ()
    assert breaks([Interval(10.0, 40.0)], 100.0) == (Break(10.0, 40.0, 2.5),)


@given(gaps(), st.integers(10, 200), st.floats(0, 1e5))
def test_what_ran_has_most_of_a_broken_axis(gaps: list[Interval], columns: int, end: float) -> None:
    end = max([end, 1.0, *(gap.end for gap in gaps)])
    broken = breaks(gaps, end)
    scale = Scale.fitting(end, columns, broken)
    assert sum(each.shown for each in broken) <= 0.5 * scale.end


# What is in sight.


@given(
    gaps(), widths, st.floats(0, 1e5),
    st.lists(st.sampled_from([("zoom", 2.0), ("zoom", 0.5), ("pan", 0.25), ("pan", -0.25)]), max_size=12),
)  # fmt: skip
def test_a_window_stays_on_the_axis(
    gaps: list[Interval], columns: int, now: float, moves: list[tuple[str, float]]
) -> None:
    whole, window = Scale.fitting(now, columns, breaks(gaps, now)), Window()
    for what, by in moves:
        window = (window.zoomed if what == "zoom" else window.panned)(by, whole, now)
        scale = window.scale(whole, now)
        assert scale.start >= 0.0
        assert scale.end <= whole.end * (1 + 1e-9)
    assert window.zoomed(2.0**-20, whole, now).scale(whole, now) == whole


# The axis.


@given(disturbed(), st.floats(0, 50_000), st.floats(0.001, 400), widths)
def test_labels_are_whole_and_never_overlap(
    run: tuple[Case, list[e.Event]], start: float, per_column: float, columns: int
) -> None:
    (*_, (state, _)) = standing(run[1])
    for scale in (Scale(start, per_column, columns), Scale.fitting(state.at, columns)):
        cells = axis(scale, state, state.at)
        assert len(cells.text) == columns
        labels = [
            label for text, kind in cells.runs() if kind == "axis" for label in text.split("─") if label
        ]
        assert all(LABEL.fullmatch(label) for label in labels), labels
        assert len(set(labels)) == len(labels)


def test_an_axis_shows_where_the_mode_was_changed_and_where_the_run_is() -> None:
    state = tell(begun(), e.ModeChanged(30.0, "eager"))
    cells = axis(Scale(0.0, 1.0, 80), state, 60.0)
    text = "".join(cells.text)
    assert text[30:36] == "┬eager"
    assert "▼" in "".join(axis(Scale(0.0, 1.0, 80), state, 65.0).text)[65]


def test_marks_of_modes_do_not_collide() -> None:
    state = tell(begun(), *(e.ModeChanged(at, mode) for at, mode in ((30.0, "eager"), (32.0, "sequential"))))
    tell(state, e.ModeChanged(32.4, "parallel"), e.ModeChanged(78.0, "eager"))
    text = "".join(axis(Scale(0.0, 1.0, 80), state, 60.0).text)
    assert text[30:42] == "┬─┬parallel─"
    assert text[78] == "┬"


# Texts that do not fit.


def test_what_is_cut_says_so_and_stays_apart() -> None:
    assert fit("PostgreSQL and Redis", 10) == "PostgreSQ…"
    assert fit("完全に", 4) == "完…"
    titles = ["data-storage-service image", "data-storage-service deployment", "other"]
    assert list(fit_all(titles, 15).values()) == ["data-st…e image", "data-st…loyment", "other"]


@given(st.lists(st.text("ab 完é", max_size=20)), st.integers(0, 30))
def test_nothing_is_wider_than_there_is_room(texts: list[str], cells: int) -> None:
    for text, cut in fit_all(texts, cells).items():
        assert cell_len(cut) <= cells
        assert cut == text or "…" in cut or cells == 0
