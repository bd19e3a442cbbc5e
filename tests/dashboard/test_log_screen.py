"""A task's whole log on the screen, over files that grow, are long, or hostile: all of it but searching."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.dashboard.reading import (
    RUNNING,
    TWICE,
    Host,
    bar,
    notices,
    path,
    press,
    put,
    quick,
    settle,
    text,
)
from tests.dashboard.test_ansi import PIECES
from tests.dashboard.viewing import rows, strips
from tui.dashboard.logview.screen import MOST_COPIED, LogScreen
from tui.dashboard.logview.source_list import SourceList
from tui.dashboard.screens.work import start_work
from tui.dashboard.widgets.ask_bar import AskBar

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["path", "quick"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one is in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# Reading.


async def test_a_log_is_shown_and_grows(path: Path) -> None:
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        log = app.log_screen.log_view
        assert rows(log)[0] == " no output yet"
        assert text(app, "title") == "Tekton [/x] · ◐ running · 0 lines"
        await put(path, ["one", "two"])
        await app.log_screen.pull()
        assert rows(log)[:2] == [" one", " two"]
        await put(path, [f"line {i}" for i in range(2_000)])
        await app.log_screen.pull()
        assert rows(log)[-1] == " line 1999"
        assert text(app, "title") == "Tekton [/x] · ◐ running · 2,002 lines"
        assert text(app, "place") == "following"
        app.state = replace(RUNNING, status="succeeded")
        await app.log_screen.pull()
        assert "✓ succeeded" in text(app, "title")


async def test_it_looks_at_the_file_by_itself(path: Path) -> None:
    await put(path, ["one"])
    app = Host(path)
    app.log_screen = LogScreen("Tekton", path, lambda: None, every=0.01)
    async with app.run_test(size=(80, 24)) as pilot:
        while " one" not in rows(app.log_screen.log_view):
            await pilot.pause()
        await put(path, ["two"])
        while " two" not in rows(app.log_screen.log_view):
            await pilot.pause()
        await pilot.press("q")


async def test_the_end_of_a_long_file_is_there_at_once_and_so_is_the_rest(path: Path) -> None:
    await put(path, (f"{i} {'x' * 90}" for i in range(60_000)))
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        log = app.log_screen.log_view
        while not "".join(rows(log)):
            await pilot.pause()
        assert rows(log)[-2].startswith(" 59999 ")
        await pilot.press("up")
        seen = rows(log)
        await settle(pilot)
        assert rows(log) == seen, "the place is kept"
        assert "60,000 lines" in text(app, "title")
        await press(pilot, "g")
        assert rows(log)[0].startswith(" 0 ")
        await press(pilot, "pagedown", "G")
        assert rows(log)[-2].startswith(" 59999 ")
        log.scroll_y = 30_000.0
        await settle(pilot)
        assert rows(log)[0].startswith(" 30000 ")


async def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "folder.log").mkdir)
    app = Host(tmp_path / "folder.log")
    async with app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        assert "cannot be read: Is a directory" in text(app, "title")
        await press(pilot, "slash", "x", "enter", "e", "Y", "f")


async def test_no_line_breaks_it(path: Path) -> None:
    await put(path, [*PIECES[:-5], "x" * 2_000, "完" * 500, "[/x]", ""], "pod/\u202e[x]")
    await asyncio.to_thread(
        path.write_bytes, await asyncio.to_thread(path.read_bytes) + b"   1.0 #1.0 \xff\xfe | \xff\n"
    )
    app = Host(path, TWICE)
    async with app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        for size in ((60, 20), (20, 6)):
            await pilot.resize_terminal(*size)
            for keys in (
                ["g"],
                ["slash", "x", "enter"],
                ["n"],
                ["f", "o"],
                ["f"],
                ["t"],
                ["w"],
                ["y"],
                ["Y"],
                ["escape"],
            ):
                await press(pilot, *keys)
                log = app.log_screen.log_view
                assert all(strip.cell_length == log.size.width for strip in strips(log))
        app.export_screenshot()


# Attempts.


async def test_attempts_are_chosen_by_key_and_mouse(path: Path) -> None:
    await put(path, ["first"])
    await put(path, ["second"], attempt=2)
    app = Host(path, TWICE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = app.log_screen
        assert text(app, "attempts") == "attempts  all  1 ✗  2 ◐ "
        assert not screen.query_one("#failure").display
        await press(pilot, "right_square_bracket")
        assert rows(screen.log_view)[:2] == [" first", ""]
        assert "attempt 1 of 2 · 1 of 2 lines" in text(app, "title")
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert rows(screen.log_view)[:2] == [" second", ""]
        await press(pilot, "left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert len([row for row in rows(screen.log_view) if row]) == 3
        await pilot.click("#attempts", offset=(text(app, "attempts").index("2") + 1, 0))
        await settle(pilot)
        assert rows(screen.log_view)[:2] == [" second", ""]


async def test_one_attempt_may_be_wanted_from_the_beginning(path: Path) -> None:
    await put(path, ["x" * 200] * 1_000)
    await put(path, ["second"], attempt=2)
    app = Host(path, TWICE, attempt=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert rows(app.log_screen.log_view)[:2] == [" second", ""]


async def test_why_an_attempt_failed_stands_above_its_log(path: Path) -> None:
    await put(path, ["first"])
    app = Host(path, replace(TWICE, status="failed", attempts=TWICE.attempts[:1]))
    async with app.run_test(size=(80, 40)) as pilot:
        await settle(pilot)
        assert text(app, "failure").splitlines() == [
            "✗ Build: the mirror [/x] did not answer",
            *("  E: Unable", "  b", "  c", "  d"),
            "  hint: r retries",
        ]
        assert not app.log_screen.query_one("#attempts").display
        app.state = TWICE
        await app.log_screen.pull()
        assert not app.log_screen.query_one("#failure").display
        await press(pilot, "right_square_bracket")
        assert app.log_screen.query_one("#failure").display


# Sources.


async def test_sources_are_chosen(path: Path) -> None:
    await put(path, ["own"])
    await put(path, ["x1", "x2"], "pod/x")
    await put(path, ["y1"], "pod/[/y]")
    app = Host(path)
    async with app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        log = app.log_screen.log_view

        def shown() -> list[str]:
            return [row.rpartition(" ")[2] for row in rows(log) if row]

        await press(pilot, "f")
        sources = app.log_screen.query_one(SourceList)
        assert sources.display
        assert sources.has_focus
        assert [str(sources.get_option_at_index(i).prompt) for i in range(3)] == [
            *("✓ 2  pod/x", "✓ 1  the steps themselves", "✓ 1  pod/[/y]")
        ]
        await press(pilot, "space")
        assert shown() == ["own", "y1"]
        assert str(sources.get_option_at_index(0).prompt) == "· 2  pod/x"
        assert "2 of 4 lines · 2 of 3 sources" in text(app, "title")
        await press(pilot, "down", "down", "o")
        assert shown() == ["y1"]
        await press(pilot, "a")
        assert shown() == ["own", "x1", "x2", "y1"]
        await put(path, ["z1"], "pod/z")
        await app.log_screen.pull()
        assert shown()[-1] == "z1", "all are those to come, too"
        await press(pilot, "a")
        assert rows(log)[:2] == [" none of these said anything", ""]
        await pilot.click(sources, offset=(5, 1))
        await settle(pilot)
        assert shown() == ["own"]
        await press(pilot, "escape")
        assert app.focused is log
        await press(pilot, "f", "f")
        assert shown() == ["own"]


# Looking.


async def test_follow_wrap_and_times_are_switched(path: Path) -> None:
    await put(path, ["x" * 200] * 50)
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        log = app.log_screen.log_view
        for key, name, after in (
            *(("F", "follow", False), ("space", "follow", True), ("w", "wrap", False)),
            *(("w", "wrap", True), ("t", "times", True), ("t", "times", False)),
        ):
            await press(pilot, key)
            assert getattr(log, name) is after, key


# Taking along.


async def test_what_is_in_sight_is_copied_or_what_is_selected(path: Path) -> None:
    await put(path, [f"\x1b[1mline {i}" for i in range(100)], "pod/x")
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "y")
        assert app.copied[-1] == "\n".join(f"line {i}" for i in range(78, 100))
        assert notices(app) == ["copied 22 lines, those in sight"]
        app.log_screen.log_view.text_select_all()
        await press(pilot, "y")
        assert app.copied[-1] == "\n".join(f"line {i}" for i in range(100))
        assert notices(app)[-1] == "copied 100 lines"
        await press(pilot, "escape")
        assert not app.log_screen.selections


async def test_all_is_copied_as_far_as_a_terminal_takes_it(path: Path) -> None:
    await put(path, [f"\x1b[31mline {i}\x1b[0m" for i in range(500)])
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "Y")
        assert app.copied[-1] == "\n".join(f"line {i}" for i in range(500))
        assert notices(app)[-1] == "copied 500 lines"
        await put(path, ["y" * 999] * 200)
        await app.log_screen.pull()
        await press(pilot, "Y")
        assert app.copied[-1].splitlines() == ["y" * 999] * 100
        assert len(app.copied[-1]) <= MOST_COPIED
        assert notices(app)[-1] == "copied 100 lines, the last of 700: a terminal takes no more"


async def test_the_log_is_saved_and_nothing_is_overwritten_unasked(path: Path, here: Path) -> None:
    await put(path, ["\x1b[31mone\x1b[0m", "two"])
    saved = here / "tekton.log"
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        assert bar(app) == "save to ./tekton.log|"
        await press(pilot, "enter")
        assert await asyncio.to_thread(saved.read_text) == "one\ntwo\n"
        assert notices(app) == ["saved 2 lines in ./tekton.log"]
        assert bar(app) == ""
        await asyncio.to_thread(saved.write_text, "mine")
        await press(pilot, "s", "enter")
        assert bar(app) == "save to ./tekton.log|it exists · enter: overwrite"
        assert await asyncio.to_thread(saved.read_text) == "mine"
        await press(pilot, "x", "backspace", "enter")
        assert await asyncio.to_thread(saved.read_text) == "mine", "another name was asked about meanwhile"
        await press(pilot, "enter")
        assert await asyncio.to_thread(saved.read_text) == "one\ntwo\n"
        await press(pilot, "s", *"/no/way", "enter")
        assert bar(app) == "save to ./tekton.log/no/way|Not a directory · hint: name another file"
        await press(pilot, "escape")
        assert bar(app) == ""


# Leaving.


@pytest.mark.parametrize("key", ["q", "escape", "enter"])
async def test_one_goes_back(path: Path, key: str) -> None:
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, key)
        assert app.screen is not app.log_screen


async def test_one_goes_back_in_the_middle_of_a_reading(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(path, ["one"])
    read, gone = threading.Event(), threading.Event()

    async def stay_behind(_: AskBar) -> None:
        gone.set()  # the log's view has left the screen, the screen itself has not gone yet
        await asyncio.sleep(0.2)

    app = Host(path)
    advance = app.log_screen._reader.advance

    def advance_late() -> bool:
        read.set()
        gone.wait(5)
        return advance()

    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await put(path, ["two"])
        monkeypatch.setattr(AskBar, "on_unmount", stay_behind, raising=False)
        monkeypatch.setattr(app.log_screen._reader, "advance", advance_late)
        start_work(app.log_screen, app.log_screen._read, "read")
        await asyncio.to_thread(read.wait, 5)
        await pilot.press("q")
        await pilot.pause(0.5)
        assert app.screen is not app.log_screen
    assert gone.is_set()
