"""Every key answers on every screen, or says why not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.dashboard.driving import END, Live, driving, have_toasts_last, page, rows, until
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.dashboard.kept_run import KeptRun
from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.run_keys import RUN_KEYS
from tui.dashboard.screens.keys import place_of
from tui.dashboard.screens.modes import ModeChoice
from tui.dashboard.screens.question import Question
from tui.dashboard.screens.run import PANEL_KEYS, RunScreen
from tui.dashboard.screens.runs import RunsScreen
from tui.dashboard.screens.why import WhyScreen
from tui.dashboard.widgets.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from textual.screen import Screen

    from tests.dashboard.driving import Hands


def screen(hands: Hands) -> Screen[object]:
    return hands.app.screen


RUN = {key for binding in RUN_KEYS for key in binding.key.split(",")}
KEYS = sorted(
    {
        key
        for bindings in (
            RUN_KEYS,
            PANEL_KEYS,
            Timeline.BINDINGS,
            LogScreen.BINDINGS,
            RunsScreen.BINDINGS,
            WhyScreen.BINDINGS,
        )
        for binding in bindings
        for key in getattr(binding, "key", "").split(",")
    }
    - {"escape", "q", "l", "tab"}  # they leave
)


async def test_every_key_is_bound_on_every_screen_or_says_where_it_works(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        for opens in ([], ["enter"], ["d"], ["c"], ["m"]):
            await hands.press(*opens)
            silent = [key for key in KEYS if key not in hands.app.screen.active_bindings]
            assert all(place_of(key) or key in RUN for key in silent)
            if not hands.app.screen.is_modal:
                assert not RUN & set(silent)
            while not isinstance(screen(hands), RunScreen):
                await hands.press("escape")


async def test_the_run_is_controlled_from_its_log_and_from_why(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, fails={"image": [1, 2]})) as hands:
        await hands.advance(25)
        await hands.press("enter")
        await hands.press("r")
        assert hands.attempts()["image"] == 2
        assert isinstance(screen(hands), LogScreen)
        await hands.press("p")
        assert hands.state.paused
        await hands.press("p", "c")
        assert isinstance(screen(hands), Question)
        assert "Cancel image?" in page(hands.app)
        await hands.press("escape", "m")
        assert isinstance(screen(hands), ModeChoice)
        await hands.press("escape", "d")
        assert isinstance(screen(hands), WhyScreen)
        await hands.advance(20)
        await hands.press("r")
        assert hands.attempts()["image"] == 3
        await hands.press("enter")
        assert isinstance(screen(hands), LogScreen)
        await hands.press("escape")
        assert isinstance(screen(hands), RunScreen)


async def test_a_key_of_another_screen_says_where_it_works(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.press("n")
        assert hands.said == ["n (next) works in a task's log: ⏎ opens it"]
        hands.app.clear_notifications()
        await hands.press("d", "plus")
        assert hands.said == ["+ (zoom the time axis in) works on the timeline: esc leads back to it"]
        hands.app.clear_notifications()
        await hands.press("c", "plus")
        assert hands.said == ["answer this first, or press esc"]


async def test_what_has_finished_is_neither_paused_nor_cancelled(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(END)
        await hands.press("p", "X")
        assert hands.said == [
            f"all tasks have finished: there is nothing to {what}" for what in ("pause", "cancel")
        ]
        assert "PAUSED" not in rows(hands.app)[0]
        await hands.press("ctrl+c")
        await hands.ended()
        assert (hands.state.outcome, hands.live.interrupts) == ("succeeded", False)


async def test_help_and_leaving_are_always_offered(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        for columns, gap in ((120, "  "), (30, " ")):
            await hands.pilot.resize_terminal(columns, 20)
            await hands.until(f"? Keys{gap}q Leave")
            assert rows(hands.app)[-1].endswith(f"? Keys{gap}q Leave")
            await hands.press("enter")
            await hands.until("q Back")
            assert "? Keys" in rows(hands.app)[-1]
            await hands.press("d")
            await hands.until("? Keys")
            assert "q Back" in rows(hands.app)[-1]
            while not isinstance(screen(hands), RunScreen):
                await hands.press("escape")


async def test_why_scrolls_part_by_part_where_there_is_little_room(tmp_path: Path) -> None:
    async with driving(Live(tmp_path), (80, 24)) as hands:
        await hands.advance(25)
        await hands.press("d")
        table, step = (hands.app.screen.query_one(id_) for id_ in ("StepTable", "#step"))
        assert table.has_focus
        await hands.press("tab")
        assert step.has_focus
        await hands.press("end")
        await hands.until("CPU seconds were not measured")
        await hands.press("down")  # it goes to another step, whatever has the focus
        assert "▌" in rows(hands.app)[5]
        await hands.press("tab")
        assert table.has_focus


async def test_a_screenshot_is_kept_with_the_run(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        for number in (1, 2):
            hands.app.action_screenshot()
            await hands.app.workers.wait_for_complete()
            target = hands.live.directory / f"screenshot-{number}.svg"
            assert hands.said[-1] == f"saved as {target}"
            assert await asyncio.to_thread(target.is_file)


async def test_a_browser_saves_no_files_on_the_machine_that_serves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(Live(tmp_path)) as hands:
        before = await asyncio.to_thread(lambda: sorted(tmp_path.rglob("*")))
        monkeypatch.setattr(type(hands.app), "is_web", True)
        hands.app.action_screenshot()
        await hands.until("saves no files")
        hands.app.clear_notifications()
        hands.app.theme = "textual-light"
        await hands.press("enter", "s")
        await hands.until("saves no files")
        assert "save to" not in page(hands.app)
        assert await asyncio.to_thread(lambda: sorted(tmp_path.rglob("*"))) == before


async def test_a_kept_run_can_be_looked_at_and_is_not_changed(tmp_path: Path) -> None:
    live = Live(tmp_path, fails={"image": [1]})
    async with driving(live) as hands:
        await hands.advance(END)
    kept = KeptRun(live.directory)
    app = await asyncio.to_thread(lambda: Dashboard(kept, Model(kept)))
    have_toasts_last(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "✗ 1 task failed", "Why  ? Keys  q Leave", kept.read_only, "d why it took so long")
        for offer in (
            "R retry all",
            "r retry it",
            "r retry",
            "r Retry",
            "p Pause",
            "l Lines",
        ):  # keys that do nothing here
            assert offer not in page(app)
        await pilot.press("r", "X", "l", "p")
        await pilot.pause()
        assert [note.message for note in app._notifications] == [kept.read_only] * 4
        await pilot.press("d")
        await until(pilot, "Critical path")
        await pilot.press("q", "q")
    assert app.return_value == "over"
    early = KeptRun(live.directory, 5.0)
    await asyncio.to_thread(early.read)
    assert Model(early).pull().now == 5.0
