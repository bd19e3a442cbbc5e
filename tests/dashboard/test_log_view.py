"""Lines of a log on the screen: whatever they hold, however many there are."""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App

from tests.dashboard.test_ansi import PIECES, hostile
from tui.dashboard.ansi import clean
from tui.dashboard.log_line import LinePainter, Mark, short_name
from tui.dashboard.widgets.log_view import LogView
from tui.run.log import LogLine
from tui.run.logfile import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.pilot import Pilot
    from textual.strip import Strip

HOSTILE = [
    *PIECES,
    "".join(PIECES),
    "",
    "x" * 1_000_000,
    "完" * 300,
    "a\tb" * 90,
    "e\u0301" * 200,
    "[/x] [bold]",
]


def said(*texts: str, source: str = "", attempt: int = 1) -> list[LogLine]:
    return [LogLine(text, source, attempt, 0, 65.0) for text in texts]


def numbered(count: int, start: int = 0) -> list[LogLine]:
    return said(*(f"line {i}" for i in range(start, start + count)))


class Ring:
    """Lines of which the oldest vanish; it remembers how much was read of it."""

    def __init__(self, keep: int, lines: Iterable[LogLine] = ()) -> None:
        self.lines: deque[LogLine] = deque(maxlen=keep)
        self.end = 0
        self.most_read = self.reads = 0
        self.put(lines)

    @property
    def first(self) -> int:
        return self.end - len(self.lines)

    def put(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            self.lines.append(line)
            self.end += 1

    def read(self, start: int, stop: int) -> list[LogLine]:
        self.reads += 1
        self.most_read = max(self.most_read, stop - start)
        return list(islice(self.lines, max(0, start - self.first), max(0, stop - self.first)))


class Viewer(App[None]):
    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view


def strips(view: LogView) -> list[Strip]:
    return [view.render_line(y) for y in range(view.size.height)]


def rows(view: LogView) -> list[str]:
    return [strip.text.rstrip() for strip in strips(view)]


def follows(view: LogView) -> bool:
    return view.follow


def styles(strip: Strip) -> list[tuple[str, Style]]:
    return [(segment.text, segment.style or Style()) for segment in strip]


# A line, without a screen.


def painter(width: int, **facts: object) -> LinePainter:
    made = LinePainter(lambda name: Style(bold=True) if name else Style(), width=width)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


@given(hostile, hostile, st.integers(1, 60), st.booleans(), st.booleans(), st.integers(0, 40))
def test_every_row_is_as_wide_as_the_widget(
    text: str, source: str, width: int, wrap: bool, times: bool, column: int
) -> None:
    line = LogLine(text, source, 2, 0, 3_661.0)
    made = painter(width, wrap=wrap, times=times, column=0 if wrap else column, pattern=re.compile("a|完"))
    made.make_room([line])
    for mark in (Mark(), Mark(current=True, divided=True), Mark(selected=(2, -1)), Mark(selected=(-3, 9))):
        for row in made.draw(7, line, mark):
            assert sum(segment.cell_length for segment in row) == width
            assert row.cell_length == width


@given(hostile, st.integers(8, 60))
def test_broken_rows_make_up_the_line(text: str, width: int) -> None:
    drawn = painter(width, wrap=True).draw(0, LogLine(text, "", 1, 0, 0.0), Mark())
    assert "".join(row.text[1:] for row in drawn).replace(" ", "") == clean(text).replace(" ", "")


@pytest.mark.parametrize(
    ("source", "most", "name"),
    [
        ("pod/tekton-pipelines-controller-586c455c88-2hs7z", 28, "tekton-pipelines-controller"),
        ("pod/tekton-pipelines-controller-586c455c88-2hs7z", 20, "pipelines-controller"),
        ("pod/tekton-pipelines-controller-586c455c88-2hs7z", 12, "controller"),
        ("pod/redis-ccc5bb6cd-gvljx", 20, "redis"),
        ("pod/node-exporter-x7k2p", 20, "node-exporter"),
        ("pod/postgresql-0", 20, "postgresql-0"),
        ("pod/web-https", 20, "web-https"),
        ("deployment/postgresql", 20, "postgresql"),
        ("postgresql", 20, "postgresql"),
        ("averyveryverylongname", 10, "averyvery…"),
        ("pod/\x1b[31m完完完完完完", 5, "完完…"),
        ("", 10, ""),
        ("-", 10, "-"),
    ],
)
def test_names_are_short(source: str, most: int, name: str) -> None:
    assert short_name(source, most) == name


def test_a_line_that_looks_like_an_error_is_told_by_a_mark_too() -> None:
    made = painter(40)
    assert made.draw(0, said("E: Unable to fetch")[0], Mark())[0].text.rstrip() == "▌E: Unable to fetch"
    assert made.draw(0, said("fetched")[0], Mark())[0].text.rstrip() == " fetched"
    assert made.draw(0, said("fetched")[0], Mark(current=True))[0].text.rstrip() == "▶fetched"


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
    view = LogView(Excerpt(0, [*numbered(50), *said("x" * 150)]), wrap=wrap)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        for size in ((30, 5), (80, 24), (200, 60), (12, 3), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert follows(view)
            assert rows(view)[min(view.size.height, len(view.in_sight)) - 1].strip("x ") == ""


# Keys and the mouse.


async def test_keys_scroll() -> None:
    view = LogView(Excerpt(0, numbered(100)))
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
    view = LogView(Excerpt(0, numbered(100)))
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
    view = LogView(Excerpt(0, said(text, "short", "完" * 40)))
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
    view = LogView(Excerpt(0, lines), wrap=True)
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
    view = LogView(Excerpt(0, [line for i in range(50) for line in said(f"line {i} {'x' * 100}")]))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("home", *["down"] * 7)
        view.wrap = True
        assert rows(view)[0].startswith(" line 7")
        view.wrap = False
        assert rows(view)[0].startswith(" line 7")


# Columns.


async def test_sources_stand_before_their_lines_where_there_are_any() -> None:
    lines = [
        *said("applied"),
        *said("Started", source="pod/tekton-pipelines-controller-586c455c88-2hs7z"),
        *said("x" * 50, source="pod/redis-ccc5bb6cd-gvljx"),
    ]
    view = LogView(Excerpt(0, lines), wrap=True)
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
    view = LogView(Excerpt(0, [*said("a", "b"), *said("c", attempt=2), *said("d", attempt=3)]))
    async with Viewer(view).run_test(size=(30, 8)):
        shown = rows(view)
        assert [row[:16].rstrip(" ─") for row in shown] == [
            *(" a", " b", " ── attempt 2", " c", " ── attempt 3", " d", "", "")
        ]


# What stands out.


async def test_matches_stand_out_with_and_without_colour() -> None:
    view = LogView(Excerpt(0, said("one match two match", "no", "\x1b[31mMat\x1b[0mch")))
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
    view = LogView(Excerpt(0, [*numbered(30), *long, *numbered(30)]))
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
    view = LogView(Excerpt(0, numbered(100, 50)))
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.focus()
        await pilot.press("home", "down", "down")
        view.show(Excerpt(0, numbered(150)), 50)
        assert rows(view)[0] == " line 52"
        view.show(Excerpt())
        assert rows(view) == [""] * 10
        view.follow = True
        view.show(Excerpt(0, numbered(30)))
        assert rows(view)[-1] == " line 29"


async def test_it_may_be_prepared_before_it_is_on_the_screen() -> None:
    view = LogView()
    view.show(Excerpt(0, numbered(3)))
    view.wrap = view.times = True
    view.pattern = re.compile("line")
    view.pull()
    async with Viewer(view).run_test(size=(40, 5)):
        assert rows(view)[0] == "  1:05  line 0"


async def test_where_there_is_nothing_that_is_said() -> None:
    view = LogView(placeholder="nothing yet")
    async with Viewer(view).run_test(size=(40, 5)):
        assert rows(view) == [" nothing yet", "", "", "", ""]


# Hostile lines and sizes.


@pytest.mark.parametrize("wrap", [False, True])
async def test_no_line_breaks_the_screen(wrap: bool) -> None:
    lines = [LogLine(text, text[:20], 1 + i // 9, 0, 0.0) for i, text in enumerate(HOSTILE)]
    view = LogView(Excerpt(0, lines), wrap=wrap)
    async with Viewer(view).run_test(size=(50, 20)) as pilot:
        view.focus()
        view.pattern = re.compile(".")
        for size in ((50, 20), (1, 1), (2, 30), (9, 2), (120, 40)):
            await pilot.resize_terminal(*size)
            for key in ("home", "pagedown", "pagedown", "right", "end", "up"):
                await pilot.press(key)
                assert len(strips(view)) == view.size.height
                for strip in strips(view):
                    assert sum(segment.cell_length for segment in strip) == view.size.width


async def test_a_widget_without_room_is_no_fault() -> None:
    ring = Ring(100, numbered(50))
    view = LogView(ring)
    async with Viewer(view).run_test(size=(40, 10)) as pilot:
        view.styles.height = 0
        await pilot.pause()
        ring.put(numbered(5))
        view.pull()
        view.reveal(3)
        view.action_scroll_up()
        view.styles.height = "1fr"
        view.follow = True
        await pilot.pause()
        assert rows(view)[-1] == " line 4"


async def test_lines_that_cannot_be_read_yet_are_left_empty_until_they_can() -> None:
    class Slow(Ring):
        ready = False

        def read(self, start: int, stop: int) -> list[LogLine]:
            return super().read(start, stop) if self.ready else []

    slow = Slow(1_000, numbered(100))
    view = LogView(slow)
    async with Viewer(view).run_test(size=(40, 5)):
        assert rows(view) == [""] * 5
        slow.ready = True
        view.pull()
        assert rows(view) == [f" line {i}" for i in range(95, 100)]


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
    view = LogView(Excerpt(0, lines))
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
    view = LogView(Excerpt(0, said(text)), wrap=True)
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
    view = LogView(Excerpt(0, numbered(30)))
    async with Viewer(view).run_test(size=(40, 10)):
        view.text_select_all()
        assert view.copy_text() == "\n".join(f"line {i}" for i in range(30))


async def test_without_a_selection_the_lines_in_sight_are_copied() -> None:
    lines = [*numbered(50), *said("\x1b[1mbold\x1b[0m\tand " + "x" * 20_000, source="pod/x")]
    view = LogView(Excerpt(0, lines), times=True)
    async with Viewer(view).run_test(size=(40, 3)) as pilot:
        await pilot.pause()
        assert view.copy_text() == "line 48\nline 49\nbold    and " + "x" * 20_000


@pytest.mark.parametrize("theme", ["textual-light", "nord", "ansi-dark", "dracula"])
async def test_it_follows_the_theme(theme: str) -> None:
    view = LogView(Excerpt(0, said("\x1b[2mdim\x1b[0m \x1b[30;47mblack\x1b[0m", "E: failed", "x")))
    app = Viewer(view)
    async with app.run_test(size=(40, 5)) as pilot:
        before = styles(strips(view)[2])[-1][1]
        app.theme = theme
        await pilot.pause()
        assert styles(strips(view)[2])[-1][1] != before
        app.export_screenshot()


async def test_without_colour_a_line_has_none_of_its_own() -> None:
    view = LogView(Excerpt(0, said("\x1b[30;41mdark\x1b[0m and light")))
    app = Viewer(view)
    app.no_color = True
    async with app.run_test(size=(40, 5)):
        assert {(style.color, style.bgcolor) for _, style in styles(strips(view)[0])} == {
            (view.rich_style.color, view.rich_style.bgcolor)
        }
