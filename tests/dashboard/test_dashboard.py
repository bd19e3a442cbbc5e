"""Looking at a live run by keys, mouse and palette; `test_commands` and `test_questions` control it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets._footer import FooterKey

from tests.dashboard.driving import END, Live, driving, page, rows
from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.palette import PlaceProvider
from tui.dashboard.screens.keys import Keys
from tui.dashboard.screens.modes import ModeChoice
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.screens.why import WhyScreen
from tui.dashboard.widgets.deck import Deck, Tabs
from tui.insight.expectation import Expectation
from tui.run.directories import config_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboard.driving import Hands
    from tui.dashboard.widgets.panel import Panel

ALL = ["cluster", "image", "database", "tekton", "deploy"]
TWELVE: list[dict[str, list[str]]] = [{f"task-{i:02}": [] for i in range(12)}]


def panels(hands: Hands) -> dict[str, Panel]:
    return hands.app.get_default_screen().query_one(Deck).panels


# Looking.


async def test_enter_opens_the_log_and_slash_searches_it(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.move_to("image")
        await hands.press("enter")
        assert isinstance(hands.app.screen, LogScreen)
        await hands.until("image begins")
        await hands.press("escape")
        assert isinstance(hands.app.screen, RunScreen)
        await hands.press("slash")
        assert isinstance(hands.app.screen, LogScreen)
        for _ in range(100):
            if hands.app.screen._bar.asking:
                break
            await hands.pilot.pause(0.02)
        assert hands.app.screen._bar.asking == "search"
        await hands.pilot.press(*"beg")
        await hands.until("/beg")


async def test_d_tells_why_and_goes_from_step_to_step(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(25.0)
        await hands.move_to("cluster")
        await hands.press("d")
        assert isinstance(hands.app.screen, WhyScreen)
        shown = rows(hands.app)
        assert "PARALLEL" in shown[0]
        assert "25.0s so far" in shown[1]
        assert "image and database decide it; the most is in command true of image: 20.0s" in shown[1]
        assert "▌┃ command true" in shown[3]
        assert "Critical path" in page(hands.app)
        await hands.press("down", "j")
        told = hands.timeline.cursor
        assert told != "image"
        assert f" {told}  " in page(hands.app)
        assert "needed cluster" in page(hands.app)
        await hands.press("k", "k", "k")
        assert "nothing held it back" in page(hands.app)
        await hands.press("d")
        assert isinstance(hands.app.screen, RunScreen)
        assert hands.timeline.cursor == "image"  # the cursor is on the task that was told of


async def test_the_question_mark_shows_every_key(tmp_path: Path) -> None:
    async with driving(Live(tmp_path), size=(120, 140)) as hands:
        await hands.press("question_mark")
        assert isinstance(hands.app.screen, Keys)
        shown = page(hands.app)
        for text in ("Retry all that failed", "Zoom the time axis in", "Next match", "2 clicks", "⫽"):
            assert text in shown
        await hands.press("question_mark")
        assert isinstance(hands.app.screen, RunScreen)
        await hands.press("question_mark", "q")
        assert isinstance(hands.app.screen, RunScreen)


async def test_keys_move_the_cursor(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        cursors = []
        for key in ("home", "down", "j", "up", "k", "k", "end", "j", "g", "G", "pageup", "pagedown"):
            await hands.press(key)
            cursors.append(hands.timeline.cursor)
        assert cursors == [
            "cluster", "image", "database", "image", "cluster", "cluster", "deploy", "deploy", "cluster",
            "deploy", "cluster", "deploy",
        ]  # fmt: skip
        assert "▌┃ ○ deploy" in hands.row("deploy")


async def test_keys_zoom_and_move_the_axis(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(END)
        timeline = hands.timeline
        whole, fitting = timeline.scale, timeline.render_line(0).text
        await hands.press("left")
        assert timeline.scale == whole  # there is nothing beyond
        await hands.press("plus", "equals_sign")
        zoomed = timeline.scale
        assert zoomed.per_column == pytest.approx(whole.per_column / 4)
        assert timeline.render_line(0).text != fitting
        await hands.press("left", "left")
        assert timeline.scale.start < zoomed.start
        assert timeline.scale.per_column == zoomed.per_column
        earlier = timeline.scale.start
        await hands.press("right")
        assert timeline.scale.start > earlier
        await hands.press("minus")
        assert timeline.scale.per_column == pytest.approx(whole.per_column / 2)
        await hands.press("0")
        assert timeline.scale == whole
        assert timeline.render_line(0).text == fitting


async def test_the_cursor_goes_where_something_happens_until_it_is_moved(tmp_path: Path) -> None:
    expectation = Expectation(dict.fromkeys(ALL, 10.0) | {"image": 20.0}, {}, "an earlier run")
    live = Live(tmp_path, fails={"database": [1, 2]}, expectation=expectation)
    async with driving(live) as hands:
        assert hands.timeline.cursor == "image"  # it is critical
        await hands.advance(25.0)
        assert hands.timeline.cursor in {"database", "tekton"}
        await hands.advance(30.0)
        assert hands.timeline.cursor == "database"  # it has failed
        await hands.press("r")
        await hands.move_to("cluster")
        await hands.advance(END)
        assert hands.statuses()["database"] == "failed"
        assert hands.timeline.cursor == "cluster"


async def test_ctrl_c_copies_what_is_selected_instead(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        copied: list[str] = []
        hands.app.copy_to_clipboard = lambda text: copied.append(text)  # type: ignore[method-assign]
        hands.app.screen.get_selected_text = lambda: "said"  # type: ignore[method-assign]
        await hands.press("ctrl+c")
        assert copied == ["said"]
        assert isinstance(hands.app.screen, RunScreen)


# The command palette.


def command(hands: Hands, title: str) -> Any:
    found = {each.title: each.callback for each in hands.app.get_system_commands(hands.app.screen)}
    return found[title]


async def test_the_palette_offers_every_command_of_the_run(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        commands = list(hands.app.get_system_commands(hands.app.screen))
        titles = [each.title for each in commands]
        texts = [text for each in commands for text in (each.title, each.help)]
        assert len(set(texts)) == len(texts)  # nothing is said twice
        assert {"Theme", "Keys", "Screenshot", "Leave", "Retry", "Cancel the run", "Mode"} <= set(titles)
        assert [each for each in titles if each.startswith("Notify")] == ["Notify: bell", "Notify: desktop"]
        command(hands, "Pause")()
        await hands.pilot.pause()
        await hands.advance()
        assert hands.state.paused
        await hands.press("ctrl+p")
        await hands.pilot.pause()
        assert type(hands.app.screen).__name__ == "CommandPalette"
        titles = [each.title for each in hands.app.get_system_commands(hands.app.screen)]
        assert "Leave" in titles
        await hands.press("escape")
        command(hands, "Keys")()
        await hands.pilot.pause()
        assert isinstance(hands.app.screen, Keys)


async def offered(hands: Hands, query: str) -> dict[str, Any]:
    """What the palette finds, with what choosing it does."""
    found = [hit async for hit in PlaceProvider(hands.app.screen).search(query)]
    return {str(hit.text): hit.command for hit in found}


async def test_the_palette_finds_tasks_steps_and_what_failed(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, fails={"image": [1]})) as hands:
        await hands.advance(25)
        tasks = [hit.text async for hit in PlaceProvider(hands.app.screen).discover()]
        assert tasks == ALL
        (await offered(hands, "deploy"))["deploy"]()
        assert hands.timeline.cursor == "deploy"
        step = next(name for name in await offered(hands, "database") if name.startswith("database › "))
        (await offered(hands, "database"))[step]()
        await hands.until("database begins")
        assert isinstance(hands.app.screen, LogScreen)
        failed = next(name for name in await offered(hands, "503") if name.startswith("image: "))
        (await offered(hands, "503"))[failed]()
        await hands.until("image begins")
        assert hands.app.task_id == "image"
        assert not await offered(hands, "no such thing")


async def test_z_gives_a_panel_the_screen_and_esc_takes_it_back(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(25)
        assert len(panels(hands)) > 1
        await hands.press("z")
        assert list(panels(hands)) == [hands.timeline.cursor]
        assert panels(hands)[hands.timeline.cursor].size.height > 30
        await hands.move_to("cluster")  # arrows lead on
        assert list(panels(hands)) == ["cluster"]
        await hands.press("z")
        assert len(panels(hands)) > 1
        await hands.press("z", "escape")
        assert len(panels(hands)) > 1


async def test_there_is_a_why_column_where_there_is_room(tmp_path: Path) -> None:
    async with driving(Live(tmp_path), size=(170, 50)) as hands:
        await hands.advance(25)
        await hands.until("decide")
        assert "Critical path" in page(hands.app)
        await hands.move_to("deploy")
        assert "○ deploy  waiting" in page(hands.app)


async def test_theme_and_notifications_are_remembered(tmp_path: Path) -> None:
    path = config_directory() / "dashboard.json"
    async with driving(Live(tmp_path / "one")) as hands:
        hands.app.theme = "nord"
        await hands.pilot.pause()
        await hands.app.workers.wait_for_complete()
        command(hands, "Notify: bell")()
        await hands.app.workers.wait_for_complete()
        assert "Notify: bell" not in [each.title for each in hands.app.get_system_commands(hands.app.screen)]
    assert json.loads(await asyncio.to_thread(path.read_text)) == {"theme": "nord", "notify": "bell"}
    async with driving(Live(tmp_path / "two")) as hands:
        assert hands.app.theme == "nord"
        rung: list[None] = []
        hands.app.bell = lambda: rung.append(None)  # type: ignore[method-assign]
        await hands.advance(END)
        assert hands.statuses()["deploy"] == "succeeded"
        assert len(rung) == 1
        await hands.settle()
        assert len(rung) == 1


async def test_settings_that_cannot_be_kept_are_said(tmp_path: Path) -> None:
    def occupy() -> None:
        config_directory().parent.mkdir(parents=True, exist_ok=True)
        config_directory().write_text("a file, where a folder should be")

    await asyncio.to_thread(occupy)
    async with driving(Live(tmp_path)) as hands:
        hands.app.theme = "nord"
        await hands.pilot.pause()
        await hands.app.workers.wait_for_complete()
        await hands.pilot.pause()
        assert len(hands.said) == 1
        assert hands.said[0].startswith("the settings cannot be kept in ")


# The mouse.


async def test_a_click_selects_a_row_and_two_open_its_log(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        timeline = hands.timeline
        await hands.click(timeline, (9, 1))  # a phase
        assert timeline.cursor == "cluster"
        await hands.click(timeline, (9, 5))
        assert timeline.cursor == "database"
        await hands.advance(15.0)
        assert timeline.cursor == "database"  # it stays there
        await hands.click(timeline, (30, 3), times=2)
        assert timeline.cursor == "image"
        assert isinstance(hands.app.screen, LogScreen)


async def test_the_wheel_zooms_with_ctrl_and_moves_the_axis_with_shift(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(END)
        timeline = hands.timeline
        whole = timeline.scale
        await hands.wheel(timeline, False, (60, 3), control=True)
        await hands.wheel(timeline, False, (60, 3), control=True)
        assert timeline.scale.per_column == pytest.approx(whole.per_column / 4)
        start = timeline.scale.start
        await hands.wheel(timeline, False, (60, 3), shift=True)
        assert timeline.scale.start < start
        start = timeline.scale.start
        await hands.wheel(timeline, True, (60, 3), shift=True)
        assert timeline.scale.start > start
        await hands.wheel(timeline, True, (60, 3), control=True)
        await hands.wheel(timeline, True, (60, 3), control=True)
        assert timeline.scale == whole


async def test_panels_take_clicks(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.click(panels(hands)["image"], (3, 2))
        assert hands.timeline.cursor == "image"
        await hands.click(panels(hands)["cluster"], (3, 0))
        assert hands.timeline.cursor == "cluster"
        await hands.click(panels(hands)["image"], (3, 1), times=2)
        assert isinstance(hands.app.screen, LogScreen)
        assert "image" in rows(hands.app)[0]


async def test_where_panels_find_no_room_tabs_name_all_at_work(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, TWELVE, dict.fromkeys(TWELVE[0], 5.0)), size=(80, 24)) as hands:
        tabs = hands.app.screen.query_one(Tabs)
        assert tabs.display
        assert list(panels(hands)) == [hands.timeline.cursor]
        await hands.press("home")
        line = tabs.render_line(0).text
        await hands.click(tabs, (line.index("task-03"), 0))
        assert hands.timeline.cursor == "task-03"
        assert list(panels(hands)) == ["task-03"]
        await hands.press("end")
        assert "task-11" in tabs.render_line(0).text
        assert "task-11" in page(hands.app)
        await hands.advance(6.0)
        assert not tabs.display


async def test_the_footer_takes_clicks(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        for key, screen in (("m", ModeChoice), ("d", WhyScreen), ("question_mark", Keys)):
            (found,) = [each for each in hands.app.screen.query(FooterKey) if each.key == key]
            await hands.click(found)
            assert isinstance(hands.app.screen, screen)
            await hands.press("escape")
        (found,) = [each for each in hands.app.screen.query(FooterKey) if each.key == "p"]
        await hands.click(found)
        assert hands.state.paused


# It stands still.


async def test_a_run_that_has_ended_stands_still(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, fails={"database": [1]})) as hands:
        await hands.advance(END)
        before = rows(hands.app)
        assert "✗ 1 task failed" in before[0]
        await hands.advance(1000.0)
        assert rows(hands.app) == before
        await hands.advance(100_000.0)
        assert rows(hands.app) == before


async def test_the_bar_of_what_has_ended_does_not_change_while_others_run(tmp_path: Path) -> None:
    expectation = Expectation(
        {"cluster": 10.0, "image": 20.0, "database": 30.0, "tekton": 60.0, "deploy": 15.0}, {}, "a recording"
    )
    async with driving(Live(tmp_path, expectation=expectation)) as hands:
        timeline = hands.timeline

        def bar(task: str) -> str:
            row = hands.row(task)[timeline.columns.bars :]
            return "".join(character if character == "▆" else " " for character in row).rstrip()

        bars: dict[str, set[str]] = {task: set() for task in ALL}
        scales = set()
        for _ in range(14):
            await hands.advance(7.0)
            scales.add(timeline.scale)
            for task, status in hands.statuses().items():
                if status == "succeeded":
                    bars[task].add(bar(task))
        assert len(scales) == 1
        assert {task: len(seen) for task, seen in bars.items()} == dict.fromkeys(ALL, 1)
        assert all(seen != {""} for seen in bars.values())
