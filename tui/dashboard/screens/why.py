"""Why it is slow: the verdict, the steps by what they cost the run, and more of the one that is chosen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.fit import wrapped
from tui.dashboard.widgets.head import Head
from tui.dashboard.widgets.key_line import KeyLine
from tui.dashboard.widgets.step_table import StepTable
from tui.insight.why import why_run
from tui.insight.why_sections import about_run, about_step
from tui.insight.why_task import why_task
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.step_table import Key
    from tui.insight.sections import Row, Section
    from tui.insight.why import Why

_METER = 12  # cells of a share's bar
_AMOUNT = 10  # cells of an amount
_EDGES = 5  # cells beside a column's text
_WIDE = 100  # columns from which the run is told beside the step
_REST = 10  # times as long as an answer took, until the next is looked for
_COLORS = {
    "": "",
    "quiet": "$quiet",
    "slower": "$text-error",
    "faster": "$text-success",
    "critical": "$critical",
}


class Column(VerticalScroll, inherit_bindings=False):
    """A part of the screen that scrolls by itself, once Tab or a click has chosen it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "Scroll up", show=False),
        Binding("pagedown,space", "page_down", "Scroll down", show=False),
        Binding("home,g", "scroll_home", "Scroll to the top", show=False),
        Binding("end,G", "scroll_end", "Scroll to the end", show=False),
    ]


class WhyScreen(Screen[None]):
    """Tells of a run and of one of its steps, anew each second."""

    CSS_PATH: ClassVar[str] = "../styles/why.tcss"
    AUTO_FOCUS: ClassVar[str] = "StepTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Step above", key_display="↑"),
        Binding("down,j", "move(1)", "Step below", key_display="↓"),
        Binding("tab", "app.focus_next", "Other part", key_display="tab", tooltip="Scroll the other part"),
        Binding("enter", "app.open", "Log", tooltip="Open the log of the step's task"),
        Binding("q,escape,d", "dismiss", "Back", key_display="q"),
    ]

    def __init__(self, frame: Callable[[], Frame], task: str, choose: Callable[[str], None]) -> None:
        """Tell nothing yet.

        Args:
            frame: Gives the run as it stands.
            task: The task that the user looks at, or empty: unless it succeeded it is told of first, so that
                keys go on to be about it; else what would save the most.
            choose: Called with the task that is told of, so that the run's keys are about it.
        """
        super().__init__()
        self._frame = frame
        self._seen: Frame | None = None
        self._why: Why | None = None
        self._next = 0.0  # when to look for an answer again
        self._key: Key | None = None
        self._first = task
        self._choose_task = choose

    def compose(self) -> ComposeResult:
        """Yield the head, the verdict, the table, and below it the step beside the run."""
        yield Head()
        yield Static(id="verdict", markup=False)
        yield StepTable()
        with Horizontal(id="columns"):
            with Column(id="step"):
                yield Static(id="step-text")
            with Column(id="run"):
                yield Static(id="run-text")
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the first answer."""
        self._look()
        self.set_interval(0.25, self._look)

    def _look(self) -> None:
        """Show the time, and look for an answer where there is news, but not much of the time."""
        frame = self._frame()
        self.query_one(Head).frame = frame
        begin = time.monotonic()
        if frame is self._seen or begin < self._next or frame.outlook is None:
            if frame.outlook is None:
                self.query_one("#verdict", Static).update("the run has not begun")
            return
        self._seen = frame
        self._why = why_run(frame.state, frame.now, frame.expectation, frame.outlook.forecast)
        self._tell()
        self._next = time.monotonic() + max((time.monotonic() - begin) * _REST, 1.0)

    def _keys(self) -> list[Key]:
        return [(step.cost.task, step.cost.step) for step in self._why.steps] if self._why else []

    def _at(self) -> int:
        """Return the place of the chosen step."""
        keys = self._keys()
        if self._key is None and self._seen is not None and keys:
            task = self._seen.state.tasks.get(self._first)
            if task is None or task.status == "succeeded":
                self._go_to(keys[0])
            elif own := [key for key in keys if key[0] == self._first]:  # else its first step is yet to come
                self._go_to(own[0])
        return keys.index(self._key) if self._key in keys else 0

    def _go_to(self, key: Key) -> None:
        self._key = key
        self._choose_task(key[0])

    def _tell(self) -> None:
        frame, why = self._seen, self._why
        if frame is None or why is None or frame.outlook is None:
            return
        state, at = frame.state, self._at()
        self.query_one("#verdict", Static).update(clean(why.verdict.replace("`", "")))
        titles = {task.id: task.title for task in state.tasks.values()}
        self.query_one(StepTable).show(why, titles, at)
        run, step = about_run(why, state), []
        if why.steps:
            chosen = why.steps[at]
            step = about_step(why, chosen, state, frame.expectation)
            step += why_task(state, chosen.cost.task, frame.now, frame.expectation, frame.outlook.forecast)
        width = self.app.size.width
        narrow = width < _WIDE
        room = (width if narrow else width // 2) - _EDGES
        self.query_one("#step-text", Static).update(_text([*step, *run] if narrow else step, room))
        self.query_one("#run-text", Static).update(_text(run, room))

    def on_resize(self) -> None:
        """Tell of the run below the step where there is no room beside it."""
        self.query_one("#run").display = self.app.size.width >= _WIDE
        self._tell()

    def action_move(self, by: int) -> None:
        """Go to another step."""
        if keys := self._keys():
            self._choose(keys[min(max(self._at() + by, 0), len(keys) - 1)])

    def _choose(self, key: Key) -> None:
        if key != self._key:
            self._go_to(key)
            self.query_one("#step", Column).scroll_home(animate=False)
            self._tell()

    def on_step_table_chosen(self, event: StepTable.Chosen) -> None:
        """Tell of a step that was clicked on; open its log at the second click."""
        self._choose(event.key)
        if event.twice:
            self.app.call_next(self.run_action, "app.open")


def _text(sections: Iterable[Section], width: int) -> Content:
    told = [[*_lines(section, width)] for section in sections]
    return Content("\n\n").join(Content("\n").join(lines) for lines in told if lines)


def _lines(section: Section, width: int) -> Iterator[Content]:
    if section.title:
        yield Content.assemble((clean(section.title), "bold"), (f"  {clean(section.note)}", "$quiet"))
    for row in section.rows:
        indent = _AMOUNT if row.amount else 2
        yield wrapped(_line(row), width, indent + (0 if row.share is None else _METER + 1))


def _line(row: Row) -> Content:
    color = _COLORS[row.tone]
    parts: list[str | tuple[str, str]] = []
    if row.at is not None and row.share is None:
        parts += [f"  {clock(row.at):>5} ", ("┃", "$critical")]
    if row.amount:
        parts.append((f"{'':>{9 * row.depth}}  {row.amount:>7} ", color if row.depth else ""))
    elif not row.note:
        parts.append("  " if row.tone == "quiet" else "")
    if row.share is not None:
        filled = round(row.share * _METER)
        parts += [("█" * filled, "$bar"), ("░" * (_METER - filled), "$faint"), " "]
    parts.append((f"{clean(row.text)} ", "" if row.note else color))
    if row.note:
        parts.append((clean(row.note), color))
    return Content.assemble(*parts)
