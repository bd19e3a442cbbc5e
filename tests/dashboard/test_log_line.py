"""How lines of a log are drawn: whatever they hold, and whatever room there is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tests.dashboard.driving import brief_waits
from tests.dashboard.test_ansi import PIECES, hostile
from tests.dashboard.viewing import Ring, Viewer, numbered, rows, said, strips
from tui.dashboard.ansi import clean
from tui.dashboard.logview.line import LinePainter, Mark, short_name
from tui.dashboard.logview.lines import LogView
from tui.run.log.file import LogSlice
from tui.run.log.line import LogLine

HOSTILE = [
    *PIECES,
    "".join(PIECES),
    "",
    "x" * 5_000,
    "完" * 300,
    "a\tb" * 90,
    "e\u0301" * 200,
    "[/x] [bold]",
]


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


# Hostile lines and sizes.


@pytest.mark.parametrize("wrap", [False, True])
async def test_no_line_breaks_the_screen(wrap: bool) -> None:
    lines = [LogLine(text, text[:20], 1 + i // 9, 0, 0.0) for i, text in enumerate(HOSTILE)]
    view = LogView(LogSlice(0, lines), wrap=wrap)
    with brief_waits():
        async with Viewer(view).run_test(size=(50, 20)) as pilot:
            view.focus()
            view.pattern = re.compile(".")
            for size in ((50, 20), (1, 1), (2, 30), (9, 2), (120, 40)):
                await pilot.resize_terminal(*size)
                for key in ("home", "pagedown", "right", "end", "up"):
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
