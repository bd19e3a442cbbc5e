"""A panel: one task at work, with its step, its progress, why it failed, and its log as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit, fit_parts
from tui.dashboard.logview.lines import LogView
from tui.text import GLYPHS, amount, clock, seconds

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.app import ComposeResult

    from tui.run.events import Failure
    from tui.run.log.line import LogLines
    from tui.run.state import AttemptState, TaskState

_METER = 10  # cells of a progress bar


class PanelHead(Widget):
    """A panel's first line: which task, at which step, how far, for how long."""

    DEFAULT_CSS = """
    PanelHead {
        height: 1;
        & > .panel-head--title { text-style: bold; }
        & > .panel-head--rule { color: $faint; }
        & > .panel-head--quiet { color: $quiet; }
        & > .panel-head--selected { color: $foreground; text-style: bold; }
        & > .panel-head--running { color: $running; text-style: bold; }
        & > .panel-head--succeeded { color: $done; }
        & > .panel-head--failed { color: $failed; text-style: bold; }
        & > .panel-head--cancelled { color: $quiet; }
        & > .panel-head--waiting { color: $quiet; }
        & > .panel-head--skipped { color: $quiet; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"panel-head--{name}" for name in ("title", "rule", "quiet", "selected", *GLYPHS)
    }

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[str, str]] = []
        self._right = ""

    def show(self, task: TaskState, now: float, selected: bool) -> None:
        """Show a task as it stands."""
        title = (clean(task.title), "selected" if selected else "title")
        mark = ("▌" if selected else "─", "selected" if selected else "rule")
        where = f" on {clean(task.host)}" if task.host else ""
        parts = [mark, (f"{GLYPHS[task.status]} ", task.status), title, (f"{where} · {_at(task)} ", "quiet")]
        right = _progress(task.attempt) if task.status == "running" else ""
        took = clock(task.seconds(now)) if task.status == "running" else ""
        right = "  ".join(filter(None, (right, took)))
        if (parts, right) != (self._parts, self._right):
            self._parts, self._right = parts, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line, with a rule between its left and its right part."""
        width = self.size.width
        right = f" {self._right} " if self._right else ""
        if cell_len(right) > width // 2:
            right = f" {self._right.rpartition('  ')[2]} "
        parts = fit_parts(self._parts, max(width - cell_len(right) - 1, 0))
        left = Strip([Segment(text, self._style(kind)) for text, kind in parts])
        rule = "─" * max(width - left.cell_length - cell_len(right), 0)
        end = [Segment(rule, self._style("rule")), Segment(right, self._style("quiet"))]
        return Strip([*left, *end]).adjust_cell_length(width, self.rich_style)

    def _style(self, kind: str) -> Style:
        return self.get_component_rich_style(f"panel-head--{kind}")


class Panel(Vertical):
    """One task at work.

    Attributes:
        task_id: The task's id.
    """

    DEFAULT_CSS = """
    Panel {
        padding: 0 1 0 0;
        & > .panel--failure {
            height: auto;
            max-height: 50%;
            color: $text-error;
            padding: 0 0 0 1;
        }
        & > LogView { height: 1fr; }
    }
    """

    selected: reactive[bool] = reactive(False, init=False)

    class Chosen(Message):
        """A panel was clicked on.

        Attributes:
            twice: It was clicked on twice: its task is to be opened.
        """

        def __init__(self, task: str, twice: bool) -> None:
            super().__init__()
            self.task = task
            self.twice = twice

    def __init__(self, task: str, lines: LogLines) -> None:
        super().__init__()
        self.task_id = task
        self._lines = lines
        self._pulled = 0
        self._head = PanelHead()
        self._failure = Static(markup=False, classes="panel--failure")
        self._log = LogView(lines, limit=2000, placeholder="nothing said yet")
        self._log.can_focus = False
        self._seen: tuple[TaskState, float, bool] | None = None

    def compose(self) -> ComposeResult:
        """Yield head, failure and log."""
        yield self._head
        yield self._failure
        yield self._log

    def show(self, task: TaskState, now: float, selected: bool) -> None:
        """Show a task as it stands."""
        seen = (task, int(now) if task.status == "running" else 0.0, selected)
        if seen != self._seen:
            self._seen = seen
            self._head.show(task, now, selected)
            failure = task.attempt.failure if task.attempt else None
            self._failure.display = failure is not None
            if failure is not None:
                self._failure.update(_explained(failure))

    @property
    def has_news(self) -> bool:
        """Whether something was said since."""
        return self._lines.end != self._pulled

    def pull(self) -> None:
        """Show the lines that have come since."""
        self._pulled = self._lines.end
        self._log.pull()

    def on_click(self, event: events.Click) -> None:
        """Tell that it was clicked on."""
        self.post_message(self.Chosen(self.task_id, event.chain > 1))


def _at(task: TaskState) -> str:
    """Return what a task is doing, or how it finished."""
    attempt = task.attempt
    if attempt is None:
        return task.status
    tries = f"attempt {attempt.attempt}, " if attempt.attempt > 1 else ""
    if task.status != "running":
        return f"{tries}{task.status} after {seconds(task.seconds(0.0))}"
    if attempt.finished is not None:
        return f"{tries}pauses before it is tried again"
    if task.cancelling:
        return f"{tries}is being stopped"
    step = attempt.steps[-1] if attempt.steps else None
    count = f"{step.step + 1}/{len(task.steps)} " if step and len(task.steps) > 1 else ""
    return f"{tries}{count}{clean(step.title)}" if step else f"{tries}starts"


def _progress(attempt: AttemptState | None) -> str:
    said = attempt.progress if attempt else None
    if said is None:
        return ""
    text = " ".join(filter(None, (clean(said.what), amount(said.done, said.total, said.unit))))
    if not said.total:
        return fit(text, 40)
    full = round(min(max(said.done / said.total, 0.0), 1.0) * _METER)
    return f"{fit(text, 40)} {'━' * full}{'╌' * (_METER - full)}"


def _explained(failure: Failure) -> str:
    """Return a failure's cause and hint, then the lines that show it."""
    lines = [f"✗ {clean(failure.title)}: {clean(failure.cause)}"]
    lines += [f"  hint: {clean(failure.hint)}"] if failure.hint else []
    lines += [f"  {clean(line)}" for line in failure.details[-3:]]
    return "\n".join(lines)
