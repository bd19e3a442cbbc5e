"""Lines of a log on the screen: their columns, what stands out, what is selected, however many there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.dashboard.viewing import Ring, Viewer, follows, numbered, rows, said, strips, styles
from tui.dashboard.logview.lines import LogView
from tui.run.log.file import LogSlice

if TYPE_CHECKING:
    from textual.pilot import Pilot


# Columns.


async def test_sources_stand_before_their_lines_where_there_are_any() -> None:
    lines = [
        *said("applied"),
        *said("Started", source="pod/tekton-pipelines-controller-586c455c88-2hs7z"),
        *said("x" * 50, source="pod/redis-ccc5bb6cd-gvljx"),
    ]
    view = LogView(LogSlice(0, lines), wrap=True)
    async with Viewer(view).run_test(size=(60, 20)) as pilot:
        assert rows(view)[:4] == [
            " applied",
            " controller │ Started",
            f" redis      │ {'x' * 45}",
            f"            │ {'x' * 5}",
        ]
        view.times = True
        assert rows(view)[:3] == [
            "  1:05  applied",
            "  1:05  controller │ Started",
            f"  1:05  redis      │ {'x' * 38}",
        ]
        await pilot.resize_terminal(20, 20)
        for _ in range(200):
            if view.size.width == 20:
                break
            await pilot.pause(0.02)
        assert rows(view)[1] == "  1:05  Started"


async def test_attempts_are_told_apart() -> None:
    view = LogView(LogSlice(0, [*said("a", "b"), *said("c", attempt=2), *said("d", attempt=3)]))
    async with Viewer(view).run_test(size=(30, 8)):
        shown = rows(view)
        assert [row[:16].rstrip(" ─") for row in shown] == [
            *(" a", " b", " ── attempt 2", " c", " ── attempt 3", " d", "", "")
        ]


# What stands out.


async def test_matches_stand_out_with_and_without_colour() -> None:
    view = LogView(LogSlice(0, said("one match two match", "no", "\x1b[31mMat\x1b[0mch")))
    async with Viewer(view).run_test(size=(40, 5)) as pilot:
        view.pattern = re.compile("match", re.IGNORECASE)
        marked = [
            [text for text, style in styles(strip) if style.underline and style.bold]
            for strip in strips(view)
        ]
        assert marked[:3] == [["match", "match"], [], ["Mat", "ch"]]
        view.reveal(0)
        await pilot.pause()
        first = styles(strips(view)[0])
        assert [text for text, style in first if style.reverse] == ["match", "match"]
        assert first[0][0] == "▶"
        view.pattern = None
        assert not any(style.underline for strip in strips(view) for _, style in styles(strip))


async def test_a_line_that_is_gone_to_is_in_sight_and_stays() -> None:
    ring = Ring(1_000, numbered(500))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 12)) as pilot:
        for number in (250, 3, 499, 0, 120):
            view.reveal(number)
            await pilot.pause()
            assert f"▶line {number}" in rows(view)
            assert not follows(view)
            ring.put(numbered(1, ring.end))
            view.pull()
            assert f"▶line {number}" in rows(view)
        view.reveal(122)
        assert rows(view).index("▶line 122") == 6, "no need to scroll"


async def test_what_matches_in_a_line_that_is_gone_to_is_in_sight() -> None:
    long = said("start " + "x" * 900 + " needle " + "y" * 900)
    view = LogView(LogSlice(0, [*numbered(30), *long, *numbered(30)]))
    async with Viewer(view).run_test(size=(40, 12)) as pilot:
        view.pattern = re.compile("needle|line 7")
        for wrap in (False, True):
            view.wrap = wrap
            view.reveal(30)
            await pilot.pause()
            assert any("needle" in row for row in rows(view)), wrap
            view.reveal(7)
            await pilot.pause()
            assert "▶line 7" in rows(view), wrap


async def test_another_source_may_be_shown_from_the_same_line_on() -> None:
    view = LogView(LogSlice(0, numbered(100, 50)))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("home", "down", "down")
        view.show(LogSlice(0, numbered(150)), 50)
        assert rows(view)[0] == " line 52"
        view.show(LogSlice())
        assert rows(view) == [""] * 10
        view.follow = True
        view.show(LogSlice(0, numbered(30)))
        assert rows(view)[-1] == " line 29"


async def test_it_may_be_prepared_before_it_is_on_the_screen() -> None:
    view = LogView()
    view.show(LogSlice(0, numbered(3)))
    view.wrap = view.times = True
    view.pattern = re.compile("line")
    view.pull()
    async with Viewer(view).run_test(size=(40, 5)):
        assert rows(view)[0] == "  1:05  line 0"


async def test_where_there_is_nothing_that_is_said() -> None:
    view = LogView(placeholder="nothing yet")
    async with Viewer(view).run_test(size=(40, 5)):
        assert rows(view) == [" nothing yet", "", "", "", ""]


# What it costs.


@pytest.mark.parametrize("wrap", [False, True])
async def test_no_more_is_read_than_is_in_sight(wrap: bool) -> None:
    ring = Ring(100_000, numbered(50_000))
    view = LogView(ring, wrap=wrap)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        for _ in range(5):
            ring.put(numbered(500))
            ring.reads = 0
            view.pull()
            await pilot.pause()
            assert ring.reads <= 2
        await pilot.press("home", "pagedown", "end", "pageup")
        view.reveal(20_000)
        await pilot.pause()
        assert ring.most_read <= 11
        ring.reads = 0
        view.pull()
        view.refresh()
        await pilot.pause()
        assert ring.reads == 0


# Selecting and copying.


async def drag(pilot: Pilot[None], start: tuple[int, int], stop: tuple[int, int]) -> None:
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=stop)
    await pilot.mouse_up(offset=stop)


async def test_text_is_selected_without_what_stands_before_it() -> None:
    lines = [*said("first", "\x1b[31msecond\x1b[0m line"), *said("third", source="pod/redis-ccc5bb6cd-gvljx")]
    view = LogView(LogSlice(0, lines))
    async with Viewer(view).run_test(size=(40, 8)) as pilot:
        await drag(pilot, (3, 0), (12, 2))
        assert view.screen.get_selected_text() == "rst\nsecond line\nthir"
        assert view.copy_text() == "rst\nsecond line\nthir"
        marked = view.screen.get_component_rich_style("screen--selection").bgcolor
        assert [
            "".join(text for text, style in styles(strip) if style.bgcolor == marked)
            for strip in strips(view)[:3]
        ] == ["rst", "second line", "thir"]
        await drag(pilot, (0, 1), (30, 5))
        assert view.copy_text() == "second line\nthird", "from the margin to the room below"


async def test_a_selection_of_broken_lines_is_one_line() -> None:
    text = "".join(f"{i:<5}" for i in range(20))
    view = LogView(LogSlice(0, said(text)), wrap=True)
    async with Viewer(view).run_test(size=(40, 8)) as pilot:
        await drag(pilot, (6, 0), (20, 2))
        assert view.copy_text() == text[5:].rstrip()[: len(view.copy_text())]
        assert "\n" not in view.copy_text()


async def test_a_selection_stays_with_its_lines() -> None:
    ring = Ring(100, numbered(100))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await drag(pilot, (1, 2), (8, 3))
        assert view.copy_text() == "line 92\nline 93"
        ring.put(numbered(20, 100))
        view.pull()
        assert view.copy_text() == "line 92\nline 93"


async def test_everything_can_be_selected() -> None:
    view = LogView(LogSlice(0, numbered(30)))
    async with Viewer(view).run_test(size=(40, 10)):
        view.text_select_all()
        assert view.copy_text() == "\n".join(f"line {i}" for i in range(30))


async def test_without_a_selection_the_lines_in_sight_are_copied() -> None:
    lines = [*numbered(50), *said("\x1b[1mbold\x1b[0m\tand " + "x" * 20_000, source="pod/x")]
    view = LogView(LogSlice(0, lines), times=True)
    async with Viewer(view).run_test(size=(40, 3)) as pilot:
        await pilot.pause()
        assert view.copy_text() == "line 48\nline 49\nbold    and " + "x" * 20_000


@pytest.mark.parametrize("theme", ["textual-light", "nord", "ansi-dark", "dracula"])
async def test_it_follows_the_theme(theme: str) -> None:
    view = LogView(LogSlice(0, said("\x1b[2mdim\x1b[0m \x1b[30;47mblack\x1b[0m", "E: failed", "x")))
    app = Viewer(view)
    async with app.run_test(size=(40, 5)) as pilot:
        before = styles(strips(view)[2])[-1][1]
        app.theme = theme
        await pilot.pause()
        assert styles(strips(view)[2])[-1][1] != before
        app.export_screenshot()


async def test_without_colour_a_line_has_none_of_its_own() -> None:
    view = LogView(LogSlice(0, said("\x1b[30;41mdark\x1b[0m and light")))
    app = Viewer(view)
    app.no_color = True
    async with app.run_test(size=(40, 5)):
        assert {(style.color, style.bgcolor) for _, style in styles(strips(view)[0])} == {
            (view.rich_style.color, view.rich_style.bgcolor)
        }
