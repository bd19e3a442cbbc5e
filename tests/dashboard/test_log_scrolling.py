"""Scrolling through lines of a log, by keys and mouse: while lines come and vanish, broken ones or not."""

from __future__ import annotations

import pytest

from tests.dashboard.viewing import Ring, Viewer, follows, numbered, rows, said, strips
from tui.dashboard.logview.lines import LogView
from tui.run.log.file import LogSlice

# Following.


async def test_the_end_is_followed() -> None:
    ring = Ring(1_000, numbered(5))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        assert rows(view)[:6] == [f" line {i}" for i in range(5)] + [""]
        for _ in range(3):
            ring.put(numbered(30, ring.end))
            view.pull()
            await pilot.pause()
            assert rows(view) == [f" line {i}" for i in range(ring.end - 10, ring.end)]
            assert view.in_sight == range(ring.end - 10, ring.end)
        assert follows(view)


async def test_who_scrolls_up_stays_where_he_is_while_lines_come_and_vanish() -> None:
    ring = Ring(100, numbered(100))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("pageup", "up")
        assert not follows(view)
        seen = rows(view)
        assert seen == [f" line {i}" for i in range(80, 90)]
        for _ in range(7):
            ring.put(numbered(11, ring.end))
            view.pull()
            assert rows(view) == seen
        ring.put(numbered(11, ring.end))  # now the first of them is gone
        view.pull()
        assert rows(view)[0] == f" line {ring.first}"
        assert not follows(view)
        await pilot.press("end")
        assert follows(view)
        assert rows(view)[-1] == f" line {ring.end - 1}"


async def test_who_reaches_the_end_follows_it() -> None:
    ring = Ring(100, numbered(30))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("up", "up")
        assert not follows(view)
        await pilot.press("down")
        assert not follows(view)
        await pilot.press("down")
        assert follows(view)


async def test_following_is_switched() -> None:
    ring = Ring(100, numbered(30))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)):
        view.follow = False
        ring.put(numbered(5, 30))
        view.pull()
        assert rows(view)[-1] == " line 29"
        view.follow = True
        assert rows(view)[-1] == " line 34"


@pytest.mark.parametrize("wrap", [False, True])
async def test_the_end_stays_in_sight_whatever_the_size(wrap: bool) -> None:
    view = LogView(LogSlice(0, [*numbered(50), *said("x" * 150)]), wrap=wrap)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        for size in ((30, 5), (80, 24), (200, 60), (12, 3), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert follows(view)
            assert rows(view)[min(view.size.height, len(view.in_sight)) - 1].strip("x ") == ""


# Keys and the mouse.


async def test_keys_scroll() -> None:
    view = LogView(LogSlice(0, numbered(100)))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        for keys, top in (
            (["home"], 0),
            (["down", "j"], 2),
            (["up"], 1),
            (["k", "k"], 0),
            (["pagedown"], 9),
            (["pageup"], 0),
            (["G"], 90),
            (["g"], 0),
            (["end"], 90),
        ):
            await pilot.press(*keys)
            assert view.top == top, keys
            assert rows(view)[0] == f" line {top}", keys


async def test_the_wheel_scrolls_and_lets_others_have_it_at_the_end() -> None:
    view = LogView(LogSlice(0, numbered(100)))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        await pilot._post_mouse_events([_wheel("up")], view)
        assert view.top == 88
        await pilot._post_mouse_events([_wheel("down")] * 2, view)
        assert view.top == 90
        assert follows(view)


def _wheel(direction: str) -> type:
    from textual import events

    return events.MouseScrollUp if direction == "up" else events.MouseScrollDown


async def test_unbroken_lines_scroll_sideways_as_far_as_they_go() -> None:
    text = "".join(f"{i:<10}" for i in range(12))
    view = LogView(LogSlice(0, said(text, "short", "完" * 40)))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("right")
        assert rows(view)[0].startswith(f" {text[8:20]}")
        assert all(strip.cell_length == 40 for strip in strips(view))
        for _ in range(50):
            view.action_scroll_right()
        assert "11" in rows(view)[0]
        for _ in range(50):
            view.action_scroll_left()
        assert rows(view)[0].startswith(" 0         1")
        view.column = 8
        view.wrap = True
        assert view.column == 0
        await pilot.press("right")
        assert view.column == 0


# Breaking lines.


async def test_every_row_of_broken_lines_is_reached_by_scrolling() -> None:
    lines = said("short", "a" * 500, "b" * 33, "", "c" * 120)
    view = LogView(LogSlice(0, lines), wrap=True)
    async with Viewer(view).run_test(size=(31, 5)):
        view.action_scroll_home()
        seen = rows(view)
        for _ in range(100):
            if follows(view):
                break
            view.action_scroll_down()
            seen.append(rows(view)[-1])
        assert "".join(row[1:] for row in seen) == "".join(line.text for line in lines)
        up = [rows(view)[-1]]
        while view.top > 0 or rows(view)[0] != " short":
            view.action_scroll_up()
            up.append(rows(view)[-1])
        assert up[::-1] == seen[4:]


async def test_breaking_keeps_the_line_at_the_top() -> None:
    view = LogView(LogSlice(0, [line for i in range(50) for line in said(f"line {i} {'x' * 100}")]))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("home", *["down"] * 7)
        view.wrap = True
        assert rows(view)[0].startswith(" line 7")
        view.wrap = False
        assert rows(view)[0].startswith(" line 7")
