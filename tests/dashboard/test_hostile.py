"""Text that wants to harm: whatever others say, no screen breaks, and nothing of it is obeyed."""

from __future__ import annotations

import asyncio
import io
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Region, Size
from textual.widget import Widget

from tests.dashboard.driving import PHASES, Live, driving, page, strips
from tests.dashboard.test_ansi import PIECES, VISIBLE_MARKS, hostile
from tests.plans import make_plan
from tui.console.lines import Lines
from tui.console.report import report
from tui.console.style import Style as ConsoleStyle
from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.logview.source_list import SourceList
from tui.dashboard.screens.keys import Keys
from tui.dashboard.screens.modes import ModeChoice
from tui.dashboard.screens.question import Question
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.screens.why import WhyScreen
from tui.dashboard.steps import StepLine, steps_text
from tui.dashboard.widgets.deck import Tabs
from tui.errors import ActionError
from tui.insight.expectation import Expectation
from tui.reporter import Done
from tui.run.events import Progressed
from tui.run.journal import read_all
from tui.run.outline import outline, preview
from tui.run.standing import Stands
from tui.run.state import RunState, TaskState

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App
    from textual.strip import Strip

    from tests.dashboard.driving import Hands
    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run.events import PhaseOutline

NASTY = "完[/x] [bold]e\u0301\t👩‍🚀\r\x1b[2J\x1b]0;owned\x07\x1b[?1049l\u202e\x9b31m\x00\n" + "".join(PIECES)
LONG = "x" * 100_000
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
STYLE = ConsoleStyle(colour=False)
SIZES = [(80, 24), (120, 40)]
TAKES = dict.fromkeys(["cluster", "image", "database", "tekton", "deploy"], 30.0)


def cells(strip: Strip) -> int:
    return sum(cell_len(text) for text, _, control in strip if not control)


def is_sound(strips: list[Strip], width: int, whose: object) -> None:
    """Every row is just as wide as it should be, and has nothing in it that a terminal would obey."""
    for strip in strips:
        assert cells(strip) == width, (whose, strip.text)
        assert not any(control for _, _, control in strip), whose
        bad = {c for c in set(strip.text) - VISIBLE_MARKS if unicodedata.category(c) in UNSEEN}
        assert not bad, (whose, bad, strip.text)


def check(app: App[Any]) -> None:
    """The screen is sound, and each of its widgets, also where others lie over it."""
    assert len(strips(app)) == app.size.height
    is_sound(strips(app), app.size.width, app.screen)
    for widget in app.screen.walk_children(Widget):
        if widget.size.area and widget.display:
            is_sound(widget.render_lines(Region(0, 0, *widget.size)), widget.size.width, widget)


async def spiteful(_: Step, context: Context) -> Done:
    """A step that says all that a step can say, and none of it well."""
    if context.task == "image":
        await asyncio.sleep(6)
        raise ActionError(NASTY, NASTY, (NASTY, LONG, *PIECES))
    for piece in (
        *PIECES,
        NASTY,
        LONG,
        "a\tb" * 90,
        "e\u0301" * 200,
        b"caf\xe9 \xff\xfe".decode(errors="replace"),
    ):
        context.log(piece)
        context.log([piece, piece], f"pod/{''.join(piece.split())}"[:200])
    context.warn(NASTY)
    context.progress(3, 7, NASTY, NASTY)
    with context.span("pull", NASTY), context.span(NASTY, NASTY):
        await asyncio.sleep(12)
    return Done(NASTY)


def spoilt(phases: tuple[PhaseOutline, ...]) -> tuple[PhaseOutline, ...]:
    """Phases and tasks by names that nobody should have."""
    return tuple(
        replace(
            phase,
            title=NASTY + phase.id,
            tasks=tuple(replace(task, title=NASTY + task.id, steps=(NASTY,)) for task in phase.tasks),
        )
        for phase in phases
    )


def spiteful_run(folder: Path) -> Live:
    step = {"kind": "command", "shell": "true", "title": NASTY.replace("\ud800", "").replace("\udfff", "")}
    tasks = {id_: {"steps": [step, step]} for phase in PHASES for id_ in phase}
    names = dict.fromkeys(("plan", "title", "path", "note"), NASTY)
    phases = spoilt(outline(make_plan(PHASES)))
    expectation = Expectation(TAKES, dict.fromkeys(TAKES, ((NASTY, 1.0),)), "an earlier run")
    return Live(
        folder, script=spiteful, first={**names, "phases": phases}, tasks=tasks, expectation=expectation
    )


async def test_on_the_run_screen(tmp_path: Path) -> None:
    async with driving(spiteful_run(tmp_path), (80, 24)) as hands:
        check(hands.app)
        assert "cluster" in page(hands.app)
        assert hands.toasts
        for _ in range(6):  # it fails, tabs come, all of it ends
            await hands.advance(7.0)
            check(hands.app)
        assert hands.statuses()["image"] == "failed"
        for key in ("end", "up", "plus", "plus", "left", "p", "r"):
            await hands.press(key)
            check(hands.app)


async def test_on_what_lies_over_it(tmp_path: Path) -> None:
    async with driving(spiteful_run(tmp_path)) as hands:
        await hands.advance(8)
        await hands.move_to("cluster")
        for key, screen in (
            ("c", Question),
            ("X", Question),
            ("f", Question),
            ("m", ModeChoice),
            ("question_mark", Keys),
            ("d", WhyScreen),
        ):
            await hands.press(key)
            assert isinstance(hands.app.screen, screen)
            check(hands.app)
            if key == "d":
                await hands.press("down", "pagedown")
                check(hands.app)
            await hands.press("escape")
            assert isinstance(hands.app.screen, RunScreen)
        await hands.press("ctrl+p")
        await hands.until("task, ")
        check(hands.app)
        await hands.press(*"[bold]")
        await hands.until("step: ")
        check(hands.app)


async def test_in_what_a_key_says_that_it_cannot_do(tmp_path: Path) -> None:
    async with driving(spiteful_run(tmp_path)) as hands:
        for task, key in (("cluster", "r"), ("database", "r"), ("database", "f")):
            await hands.move_to(task)
            await hands.press(key)
            check(hands.app)
        await hands.advance(8)
        for task, key in (("deploy", "r"), ("image", "c")):
            await hands.move_to(task)
            await hands.press(key)
            check(hands.app)
        assert len([said for said in hands.said if "deploy" in said]) == 1


@pytest.mark.parametrize(("task", "size"), zip(("cluster", "image"), SIZES, strict=True))
async def test_on_a_log_screen(tmp_path: Path, task: str, size: tuple[int, int]) -> None:
    async with driving(spiteful_run(tmp_path), size) as hands:
        await hands.advance(8)
        await hands.move_to(task)
        for key in ("enter", "w", "f", "o", "escape", "slash", "x", "enter", "e"):
            await hands.press(key)
            await read(hands)
            check(hands.app)
            if key == "f" and task == "cluster":
                assert hands.app.screen.query_one(SourceList).option_count > 5


async def read(hands: Hands) -> None:
    """Waits until the log screen knows all of its file."""
    assert isinstance(hands.app.screen, LogScreen)
    while await hands.app.screen.pull():
        pass
    await hands.pilot.pause()


async def test_as_plain_lines_and_in_the_report(tmp_path: Path) -> None:
    live = spiteful_run(tmp_path)
    async with driving(live, (80, 24)) as hands:
        await hands.advance(100)
    events = await asyncio.to_thread(lambda: list(read_all(live.journal.directory)))
    out = io.StringIO()
    state, lines = RunState(), Lines(out, STYLE)
    for event in events:
        state.apply(event)
        lines.show(event, state)
    printed = out.getvalue().removesuffix("\n").split("\n")
    whose = re.compile(rf" +\d:\d\d ({'|'.join(('bringup', *TAKES))}) +│ ")
    assert [line for line in printed if not whose.match(line)] == []
    for line in (*printed, *report(state, Stands(), STYLE)):
        assert {c for c in line if unicodedata.category(c) == "Cc"} <= {"\t"}


class Unread(Live):
    """A run whose plan's file says anything at all, and that does not begin."""

    file: Any

    def begin(self) -> None:
        pass

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        return preview(self.file)


UNREAD: dict[str, Any] = {
    "texts": {
        "name": NASTY,
        "phases": [{"id": NASTY, "title": NASTY, "tasks": [{"id": "a", "title": NASTY}, {"id": NASTY}]}],
    },
    "kinds": {
        "name": [1],
        "phases": [{"id": [1], "tasks": [{"id": [2]}, {"id": {}}, {"id": None}, {"id": 0}]}],
    },
    "twice": {"name": "x", "phases": [{"id": "p", "tasks": [{"id": "same"}, {"id": "same"}, {"id": ""}]}]},
    "nothing": {"name": "x", "phases": []},
}


@pytest.mark.parametrize("file", UNREAD.values(), ids=UNREAD)
async def test_in_a_plan_that_has_not_been_read_in_earnest(tmp_path: Path, file: Any) -> None:
    live = Unread(tmp_path)
    live.file = file
    async with driving(live, (80, 24)) as hands:
        check(hands.app)
        for key in ("end", "r", "d", "escape", "m"):
            await hands.press(key)
            check(hands.app)


@pytest.mark.parametrize("phases", [None, 1, NASTY, {"id": "p"}, [{"id": "p", "tasks": None}], [[]], [{}]])
def test_what_is_no_plan_is_not_shown_before_it_is_read(phases: object) -> None:
    assert preview({"name": "x", "phases": phases}) == ("", ())
    assert preview(phases) == ("", ())


# Widgets by themselves.


def standing(*titles: str) -> list[TaskState]:
    return [TaskState(f"t{i}", title, 0, (), (title,), "running") for i, title in enumerate(titles)]


@given(st.lists(hostile, min_size=1, max_size=4), st.integers(1, 90))
def test_tabs_are_as_wide_as_they_should_be(titles: list[str], width: int) -> None:
    tasks = standing(*titles)
    bare = {
        "size": Size(width, 1),
        "get_component_rich_style": lambda *_, **__: Style(),
        "rich_style": Style(),
    }
    tabs = type("BareTabs", (Tabs,), bare)()
    tabs.show(tasks, ["t0"], tasks[-1].id)
    is_sound([tabs.render_line(0)], width, titles)


@given(
    st.lists(st.tuples(hostile, st.none() | st.floats(0, 1e5)), min_size=1, max_size=9),
    st.integers(0, 9), hostile, st.floats(0, 1e9), st.none() | st.floats(0, 1e9),
    st.integers(20, 120), st.integers(1, 12),
)  # fmt: skip
def test_steps_find_room_in_their_panel(
    steps: list[tuple[str, float | None]],
    done: int,
    what: str,
    amount: float,
    total: float | None,
    width: int,
    rows: int,
) -> None:
    lines = [
        StepLine(title, "succeeded" if i < done else "running" if i == done else "waiting", 3.0, expected)
        for i, (title, expected) in enumerate(steps)
    ]
    told = steps_text(lines, Progressed(0.0, "t", 1, 0, amount, total, "B", what), width, rows)
    texts = told.plain.split("\n")
    assert len(texts) <= rows
    assert all(cell_len(text) <= width for text in texts)
    assert done >= len(lines) or any(text.startswith("◐ ") for text in texts)
