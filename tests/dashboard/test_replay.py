"""A run happens again on the screen, on a clock that is moved by keys and clicks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.dashboard.driving import END, Live, driving, until
from tests.run.test_store import keep
from tui.dashboard.app import Dashboard
from tui.dashboard.playhead import SPEEDS, Playhead
from tui.dashboard.replay import Replay
from tui.dashboard.widgets.timeline import Timeline
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.log.past import PastLines
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest
    from textual.pilot import Pilot

    from tui.actions.context import Context
    from tui.plan.steps import Step

NAME = "20260101T000000Z-0000"


class Clock:
    """A viewer's clock, moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_clock_runs_stands_and_is_set() -> None:
    clock = Clock()
    head = Playhead(60.0, 4.0, clock)
    clock.now += 5.0
    assert (head.at, head.is_playing) == (20.0, True)
    head.toggle()
    clock.now += 5.0
    assert (head.at, head.is_playing) == (20.0, False)
    head.set(at=head.at - 30.0, playing=True)
    assert head.at == 0.0
    head.change_speed(-1)
    clock.now += 5.0
    assert (head.at, head.speed) == (10.0, 2.0)
    clock.now += 99.0
    assert (head.at, head.is_playing) == (60.0, False)
    head.toggle()
    assert (head.at, head.is_playing) == (0.0, True)
    seen = []
    for by in (-1,) * 9 + (1,) * 9:
        head.change_speed(by)
        seen.append(head.speed)
    assert (min(seen), max(seen)) == (SPEEDS[0], SPEEDS[-1])


@asynccontextmanager
async def replaying(folder: Path, *, fails: dict[str, list[int]] | None = None) -> AsyncIterator[Played]:
    """A run of 95 s that is played again; its clock stands until it is moved."""

    async def talk(step: Step, context: Context) -> Any:
        context.log(f"{context.task} goes on")
        return await live._take_time(step, context)

    live = Live(folder, fails=fails)
    live._script = talk
    async with driving(live) as hands:
        await hands.advance(END)
    clock = Clock()
    replay = await asyncio.to_thread(lambda: Replay(live.directory, clock=clock))
    app = await asyncio.to_thread(lambda: Dashboard(replay, replay.model()))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "▶ ×1  0:00", "of run run")
        while app.screen.query_one(Timeline).known is None:  # it is being read
            await pilot.pause(0.02)
        yield Played(replay, app, pilot, clock)


class Played:
    """What a test does with a replay."""

    def __init__(self, replay: Replay, app: Dashboard, pilot: Pilot[Any], clock: Clock) -> None:
        self.replay, self.app, self.pilot, self.clock = replay, app, pilot, clock

    async def sees(self, *texts: str) -> None:
        await until(self.pilot, *texts)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)


async def test_a_run_is_played_stopped_and_taken_back(tmp_path: Path) -> None:
    async with replaying(tmp_path) as played:
        played.clock.now += 15.0
        await played.sees("0:15 ", "◐ image", "✓ cluster", "image begins")
        await played.press("space", "right", "right")
        played.clock.now += 50.0
        await played.sees("‖ ×1  0:25 ", "✓ image", "◐ database", "database begins")
        await played.press("left", "left", "left", "left")
        await played.sees("0:05 ", "◐ image", "◐ cluster", "○ database")
        await played.press("right_square_bracket", "right_square_bracket")
        await played.sees("0:20 ", "✓ image")
        await played.press("left_square_bracket", "greater_than_sign", "space")
        await played.sees("▶ ×2  0:10 ", "✓ cluster", "◐ image")
        played.clock.now += 99.0
        await played.sees("■ ×2", "✓ up in")
        await played.press("space")
        await played.sees("▶ ×2  0:00 ", "○ database")
        await played.press("r", "q")
    said = [note.message for note in played.app._notifications]
    assert said == ["this is a replay of run run: nothing of it can be changed"]
    assert played.app.return_value == "over"


async def test_a_click_on_the_axis_goes_there(tmp_path: Path) -> None:
    async with replaying(tmp_path) as played:
        await played.press("space")
        timeline = played.app.screen.query_one(Timeline)
        for moment in (90.0, 30.0, 500.0):
            column = timeline.columns.bars + round(timeline.scale.at(min(moment, 96.0)))
            await played.pilot.click(Timeline, offset=(column, 0))
            await played.pilot.pause()
            wanted = min(moment, played.replay.playhead.end)
            assert abs(played.replay.playhead.at - wanted) <= timeline.scale.per_column
        await played.sees("✓ up in")


async def test_a_log_ends_where_the_replay_is(tmp_path: Path) -> None:
    async with replaying(tmp_path, fails={"image": [1]}) as played:
        await played.press("space", "right", "down", "enter")
        await played.sees("image", "2 lines", "image begins")
        await played.press("q", "end", "enter")
        await played.sees("no output yet")
        await played.press("q")


async def test_a_run_is_played_from_the_list_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    await asyncio.to_thread(keep, Store(tmp_path / "state" / "bringup" / "runs"), NAME, "succeeded")
    async with driving(Live(tmp_path), size=(120, 30)) as hands:
        await hands.pilot.press("h")
        await until(hands.pilot, "1 run of test")
        await hands.pilot.press("P")
        await until(hands.pilot, f"replay of run {NAME}")
        await hands.pilot.press("right", "right")
        await until(hands.pilot, "✓ up in")
        await hands.pilot.press("q")
        await until(hands.pilot, "1 run of test")


def test_last_lines_follow_a_moment_to_and_fro(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    for number in range(5000):
        journal.append(e.Output(number / 10, "a", 1, 0, f"line {number} " + "x" * 50))
    journal.close()
    at = 0.0
    lines = PastLines(tmp_path / "run", "a", lambda: at)
    silent = PastLines(tmp_path / "run", "b", lambda: at)
    ends = [lines.end]
    for at in (0.0, 3.0, 3.05, 3.1, 450.0, 450.1, 20.0, 19.0, 0.0, 499.9):
        lines.advance()
        silent.advance()
        said = lines.read(lines.first, lines.end)
        assert said[-1].at == int(at * 10 + 1e-6) / 10
        assert len(said) > min(at * 10, 500)
        assert [line.at for line in said] == sorted(line.at for line in said)
        assert silent.end == silent.first
        ends.append(lines.end)
    assert ends == sorted(ends), "numbers only grow"
