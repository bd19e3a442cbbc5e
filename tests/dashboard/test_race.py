"""Runs race on the screen, on one clock that keys and clicks move."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.dashboard.driving import rows, until
from tests.dashboard.test_replay import Clock
from tests.insight.test_race import AT_ONCE, FAILED, ONE_BY_ONE
from tests.plans import make_plan, started
from tui.dashboard.lanes import race_rows
from tui.dashboard.playhead import Playhead
from tui.dashboard.race import Lanes, Race
from tui.insight.race import racers
from tui.run import events as e
from tui.run.moments import Moments

RUNS = [("20260101T000000Z-0001", ONE_BY_ONE), ("20260101T000000Z-0002", AT_ONCE)]


async def test_two_runs_race_to_a_result() -> None:
    clock = Clock()
    head = Playhead(speed=4.0, clock=clock)
    app = await asyncio.to_thread(lambda: Race(RUNS, head))
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, "▶ ×4  test · replay of runs 20260101T000000Z-0001 and 20260101T000000Z-0002")
        clock.now += 3.0
        await until(pilot, "SEQUENTIAL   run", "1 of 2 tasks   0:12", "◐ b", "PARALLEL")
        await pilot.press("right_square_bracket")
        await until(pilot, "‖ ×4", "✓ up in 30.0s")
        await pilot.press("right")
        await until(pilot, "✓ up in 30.0s   5.0s saved")
        await pilot.press("less_than_sign", "space")
        clock.now += 9.0
        told = "Parallel was up in 30.0s: 10.0s (25 %) sooner than sequential, which took 40.0s"
        await until(pilot, "■ ×2", "10.0s saved", told)
        await pilot.press("left_square_bracket")
        await until(pilot, "✓ up in 30.0s", "‖ ×2")
        assert told not in "\n".join(rows(app))
        lanes = app.query_one(Lanes)
        column = next(i for i in range(120) if lanes.moment(i) >= 15.0)
        await pilot.click(Lanes, offset=(column, 5))
        await until(pilot, "‖ ×2", "0:15")
        await pilot.resize_terminal(60, 20)
        await until(pilot, "SEQUENTIAL", "PARALLEL")
        await pilot.press("q")
    assert app.fault is None


@pytest.mark.parametrize("size", [(120, 30), (60, 20), (20, 5), (300, 80)])
@pytest.mark.parametrize("at", [0.0, 12.0, 40.0])
def test_lanes_fit_whatever_the_screen(size: tuple[int, int], at: float) -> None:
    racing = racers(
        [(f"run{i}", each.last, each.end) for i, each in enumerate((ONE_BY_ONE, AT_ONCE, FAILED))]
    )
    width, height = size
    drawn = race_rows(racing, at, width, height)
    assert len(drawn) <= height
    texts = ["".join(text for text, _ in row) for row in drawn]
    assert all(len(text) <= width for text in texts)
    assert texts[0].count("▼") == 1
    assert "▼:" not in texts[0]  # no label is cut


def test_a_run_without_an_end_races_too() -> None:
    empty = Moments([])
    assert racers([("run", empty.last, empty.end)])[0].finish in {"cut off", "up"}


def test_hostile_texts_and_a_lack_of_room_break_no_lane() -> None:
    plan = make_plan([{"first": [], "second": [], "third": []}])
    first = replace(started(plan, "\x1b[31mmode"), environment="\x1b]0;x\x07kind")
    at_once = [e.AttemptStarted(0.0, task, 1) for task in ("first", "second", "third")]
    moments = Moments([first, *at_once, e.AttemptFinished(9.0, "first", 1, "failed")])
    racing = racers([("\x1b[2Jrun", moments.last, moments.end)] * 2)
    drawn = race_rows(racing, 5.0, 60, 12)
    texts = ["".join(text for text, _ in row) for row in drawn]
    assert not any("\x1b" in text for text in texts)
    assert all(any(f"▏{title}" in text for text in texts) for title in ("first", "second"))
    assert any("A (MODE)" in text for text in texts)
