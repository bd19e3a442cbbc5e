"""The timeline's cells, the head's line, and what the dashboard remembers: without a screen."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size

from tests.dashboard.driving import Live
from tests.insight.running import begun, disturbed, ran, standing, tell
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Frame, Model
from tui.dashboard.gantt import WORK, Cells, task_bars
from tui.dashboard.settings import Settings, read_settings, write_settings
from tui.dashboard.widgets.head import Head, _how, _what
from tui.insight.expectation import Expectation
from tui.insight.forecast import forecast
from tui.insight.time_axis import Scale
from tui.run import events as e
from tui.run.directories import config_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.test_laws import Case
    from tui.run.state import RunState

expected = st.dictionaries(st.integers(0, 15).map("t{}".format), st.floats(0, 20))
widths = st.integers(1, 200)
PAINTED = {"bar-running", "bar-done", "bar-failed", "bar-ended"}
LABEL = re.compile(r"(\d+:)?\d+:\d\d|\d+\.\ds")


def frame_of(state: RunState, now: float, seconds: dict[str, float] | None = None) -> Frame:
    return Frame.of(state, now, Expectation(seconds or {}, {}, "an earlier run"))


def fitting(frame: Frame, columns: int) -> Scale:
    assert frame.forecast is not None
    return Scale.fitting(max(frame.forecast.end, frame.now), columns)


# Rows.


@given(disturbed(), expected, widths, st.floats(0.05, 3.0), st.floats(0, 60))
def test_rows_fill_their_columns_and_run_ahead_of_time_in_ghosts_alone(
    run: tuple[Case, list[e.Event]], seconds: dict[str, float], columns: int, per_column: float, start: float
) -> None:
    for state, until in standing(run[1]):
        now = state.at if math.isinf(until) else (state.at + until) / 2
        frame = frame_of(state, now, seconds)
        for scale in (fitting(frame, columns), Scale(start, per_column, columns)):
            for task in state.tasks.values():
                cells = task_bars(task, frame, scale)
                assert len(cells.text) == len(cells.kinds) == columns
                assert all(cell_len(character) == 1 for character in cells.text)
                assert "".join(text for text, _ in cells.runs()) == "".join(cells.text)
                here = math.floor(scale.at(now)) + 1
                if state.ended_at is None:
                    assert set(cells.kinds[max(here, 0) :]) <= {"", "ghost", "slack", "quiet"}


@given(disturbed(), st.integers(20, 200))
def test_what_failed_ends_in_a_cross_and_what_was_cancelled_in_its_sign(
    run: tuple[Case, list[e.Event]], columns: int
) -> None:
    for state, _ in standing(run[1]):
        frame = frame_of(state, state.at)
        for task in state.tasks.values():
            outcome = task.attempt.outcome if task.attempt else None
            if outcome not in {"failed", "cancelled"}:
                continue
            cells = task_bars(task, frame, fitting(frame, columns))
            kind, sign = ("bar-failed", "✗") if outcome == "failed" else ("bar-ended", "⊘")
            last = max(i for i, each in enumerate(cells.kinds) if each == kind)
            assert cells.text[last] == sign
            assert not PAINTED & set(cells.kinds[last + 1 :])


@given(disturbed(), expected, st.integers(20, 200))
def test_what_has_ended_is_drawn_alike_at_any_later_time(
    run: tuple[Case, list[e.Event]], seconds: dict[str, float], columns: int
) -> None:
    for state, _ in standing(run[1]):
        early, late = frame_of(state, state.at, seconds), frame_of(state, state.at + 5.0, seconds)
        scale = fitting(late, columns)
        for task in state.tasks.values():
            if task.attempt is not None and task.attempt.finished is not None:
                one, two = (task_bars(task, frame, scale) for frame in (early, late))
                assert [(text, kind in PAINTED) for text, kind in bars(one)] == [
                    (text, kind in PAINTED) for text, kind in bars(two)
                ]


def bars(cells: Cells) -> list[tuple[str, str]]:
    return [
        (text, kind) if kind in PAINTED else (" ", "")
        for text, kind in zip(cells.text, cells.kinds, strict=True)
    ]


def test_a_short_try_is_seen() -> None:
    state = tell(begun(), *ran("cluster", 0.0, 0.001), e.AttemptStarted(1000.0, "tekton", 1))
    frame = frame_of(state, 1000.0)
    scale = fitting(frame, 50)
    assert task_bars(state.tasks["cluster"], frame, scale).text[0] == WORK
    here = math.floor(scale.at(1000.0))
    assert task_bars(state.tasks["tekton"], frame, scale).text[here] == WORK


def test_a_need_that_runs_again_under_a_limit_does_not_send_the_forecast_in_circles() -> None:
    state = begun(phases=[{"a": [], "b": []}, {"c": ["a", "b"]}], limit=1)
    tell(state, *ran("a", 0.0, 5.0), *ran("b", 5.0, 10.0))
    tell(state, e.AttemptStarted(10.0, "c", 1), e.TaskReset(12.0, "b"))
    assert "c" in forecast(state, {}, 12.0).ends


# The head.


class Bare(Head):
    """The head's line without an app."""

    def __init__(self, frame: Frame, width: int) -> None:
        super().__init__()
        self._parts = (_what(frame), _how(frame))
        self._width = width

    @property
    def size(self) -> Size:
        return Size(self._width, 1)

    @property
    def rich_style(self) -> Style:
        return Style()

    def get_component_rich_style(self, *_: str, **__: object) -> Style:
        return Style()


@given(
    disturbed(), expected, st.integers(20, 200), st.text(max_size=80) | st.just("完" * 40),
    st.sampled_from(["rehearsal", "kind"]), st.sampled_from([1.0, 60.0, 0.125]),
)  # fmt: skip
def test_the_head_is_as_wide_as_its_widget_whatever_it_has_to_say(
    run: tuple[Case, list[e.Event]],
    seconds: dict[str, float],
    width: int,
    name: str,
    where: str,
    speed: float,
) -> None:
    for state, _ in list(standing(run[1]))[::7]:
        assert state.started is not None
        first = replace(state.started, environment=where, speed=speed)
        frame = replace(frame_of(state, state.at, seconds), name=name)
        state.started = first
        assert Bare(frame, width).render_line(0).cell_length == width


def test_the_head_leaves_facts_out_rather_than_cut_them() -> None:
    state = tell(begun(), e.RunPaused(5.0), *ran("cluster", 0.0, 10.0))
    frame = frame_of(state, 100.0, {"tekton": 60.0, "image": 3.0})
    fact = re.compile(r"0:10|(about|at least) \S+ left")
    for width in range(24, 201):
        text = Bare(frame, width).render_line(0).text
        assert len(text) == width
        before, _, after = text.partition("PARALLEL  PAUSED ")
        assert set(re.split(r"  +", before.strip())) <= {"bringup", "test", "test · this machine"}
        assert all(fact.fullmatch(each) for each in after.strip(" ·").split(" · ") if each), text
        if width >= 100:
            assert before.split() == ["bringup", "test", "test", "·", "this", "machine"]
            assert after.strip(" ·") == "0:10 · at least 1:00 left"


# What is remembered.


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '"theme"', "\x00", "{}", '{"theme": 7, "notify": []}']
)
def test_settings_that_make_no_sense_are_the_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dashboard.json"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path) == Settings()


def test_settings_that_are_no_text_or_not_there_are_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    assert read_settings(path) == Settings()
    path.write_bytes(b"\xff\xfe\x80")
    assert read_settings(path) == Settings()
    assert read_settings(tmp_path) == Settings()


def test_settings_are_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "dashboard.json"
    for settings in (Settings("nord", "desktop"), Settings("", "bell")):
        write_settings(path, settings)
        assert read_settings(path) == settings
    assert [each.name for each in path.parent.iterdir()] == ["dashboard.json"]
    with pytest.raises(OSError, match="dashboard"):
        write_settings(path / "dashboard.json", Settings())


@pytest.mark.parametrize(("theme", "shown"), [("nord", "nord"), ("no-such-theme", "textual-dark")])
def test_a_theme_that_is_not_there_is_not_taken(tmp_path: Path, theme: str, shown: str) -> None:
    config_directory().mkdir(parents=True)
    (config_directory() / "dashboard.json").write_text(json.dumps({"theme": theme}))
    live = Live(tmp_path)
    live.loop.close()
    assert Dashboard(live, Model(live)).theme == shown
