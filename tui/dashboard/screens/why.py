"""Why it is slow: where the selected task's time went, and what decides how long the run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.widgets.key_line import KeyLine
from tui.insight.sections import Section
from tui.insight.why import why_run
from tui.insight.why_sections import why_sections
from tui.insight.why_task import why_task
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.insight.sections import Row

_METER = 12  # cells of a share's bar
_WIDE = 100  # columns from which the run is told beside the task
_COLORS = {
    "": "",
    "quiet": "$quiet",
    "slower": "$text-error",
    "faster": "$text-success",
    "critical": "$text-warning",
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
    """Tells of one task and of the run, anew each second."""

    CSS_PATH: ClassVar[str] = "../styles/why.tcss"
    AUTO_FOCUS: ClassVar[str] = "#task"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Task above", key_display="↑"),
        Binding("down,j", "move(1)", "Task below", key_display="↓"),
        Binding("tab", "app.focus_next", "Other part", key_display="tab", tooltip="Scroll the other part"),
        Binding("enter", "app.open", "Log", tooltip="Open the task's log"),
        Binding("q,escape,d", "dismiss", "Back", key_display="q"),
    ]

    class Moved(Message):
        """The screen shows another task."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    def __init__(self, frame: Callable[[], Frame], task: str) -> None:
        """Tell nothing yet.

        Args:
            frame: Gives the run as it stands.
            task: The task to begin with.
        """
        super().__init__()
        self._frame = frame
        self._seen: Frame | None = None
        self.task_id = task

    def compose(self) -> ComposeResult:
        """Yield two columns: the task, the run."""
        with Horizontal(id="columns"):
            with Column(id="task"):
                yield Static(id="task-text")
            with Column(id="run"):
                yield Static(id="run-text")
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the first answer."""
        self._tell()
        self.set_interval(1.0, self._tell_news)

    def _tell_news(self) -> None:
        if self._frame() is not self._seen:
            self._tell()

    def _tell(self) -> None:
        self._seen = frame = self._frame()
        state, outlook = frame.state, frame.outlook
        task: list[Section] = []
        run: list[Section] = []
        if outlook is not None and self.task_id in state.tasks:
            task = why_task(state, self.task_id, frame.now, frame.expectation, outlook.forecast)
            answer = why_run(state, frame.now, frame.expectation, outlook.forecast)
            run = [Section(answer.verdict, "", ()), *why_sections(answer, state)]
        begun = _text(task) if task else Content.styled("the run has not begun", "$quiet")
        self.query_one("#task-text", Static).update(begun)
        self.query_one("#run-text", Static).update(_text(run))

    def on_resize(self) -> None:
        """Tell of the run below the task where there is no room beside it."""
        self.set_class(self.app.size.width < _WIDE, "-narrow")

    def action_move(self, by: int) -> None:
        """Go to another task."""
        tasks = list(self._frame().tasks)
        if tasks:
            at = tasks.index(self.task_id) if self.task_id in tasks else 0
            self.task_id = tasks[min(max(at + by, 0), len(tasks) - 1)]
            self._tell()
            self.post_message(self.Moved(self.task_id))


def _text(sections: list[Section]) -> Content:
    return Content("\n\n").join(Content("\n").join(_lines(section)) for section in sections)


def _lines(section: Section) -> Iterator[Content]:
    if section.title:
        yield Content.assemble((clean(section.title), "bold"), (f"  {clean(section.note)}", "$quiet"))
    for row in section.rows:
        yield _line(row)


def _line(row: Row) -> Content:
    color = _COLORS[row.tone]
    parts: list[str | tuple[str, str]] = []
    if row.at is not None and row.share is None:
        parts += [f"  {clock(row.at):>5} ", ("◆", "$text-warning")]
    if row.cells:
        parts.append("".join(f" {cell:>6}" for cell in row.cells) + " ")
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
