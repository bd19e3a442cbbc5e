"""A panel: one task, with its steps, why it failed, and its log as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.fit import wrapped
from tui.dashboard.logview.lines import LogView
from tui.dashboard.steps import step_lines, steps_text
from tui.insight.hold_text import hold_text
from tui.run.log.file import LogSlice
from tui.text import GLYPHS, clock, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.run.events import Failure
    from tui.run.log.line import LogLines
    from tui.run.state import TaskState

_COLORS = {"running": "$running", "succeeded": "$done", "failed": "$failed"}
_INDENT = 4  # cells before what a line of a failure goes on with
_DETAILS = 3  # lines that show a failure
_LOG_ROWS = 5  # of a log that stay beside steps, where the task says something


class _Seen(NamedTuple):
    """What a panel was drawn from."""

    task: TaskState
    now: float
    main: bool
    width: int
    height: int
    says: bool
    spoke: tuple[int, int]


class Panel(Vertical):
    """Shows one task, and another where it is told to.

    Attributes:
        task_id: The task's id.
    """

    DEFAULT_CSS = """
    Panel {
        border: round $faint;
        border-title-color: $foreground;
        border-subtitle-color: $quiet;
        padding: 0 1;
        &.-critical { border: heavy $faint; }
        &.-main { border: round $foreground; }
        &.-main.-critical { border: heavy $foreground; }
        &.-failed { border: round $bar-failed; }
        & > .panel--failure {
            height: auto;
            max-height: 70%;
            padding: 0 1;
            background: $trouble;
        }
        & > .panel--steps { height: auto; text-wrap: nowrap; }
        & > LogView { height: 1fr; margin-right: -1; }
    }
    """
    ALLOW_MAXIMIZE: ClassVar[bool | None] = True

    class Chosen(Message):
        """A panel was clicked on.

        Attributes:
            twice: It was clicked on twice: its task is to be opened.
        """

        def __init__(self, task: str, twice: bool) -> None:
            super().__init__()
            self.task = task
            self.twice = twice

    def __init__(self, lines: Callable[[str], LogLines]) -> None:
        """Show no task yet.

        Args:
            lines: Gives the last lines of a task.
        """
        super().__init__()
        self.task_id = ""
        self._lines_of = lines
        self._lines: LogLines = LogSlice()
        self._pulled = 0
        self._failure = Static(markup=False, classes="panel--failure")
        self._steps = Static(markup=False, classes="panel--steps")
        self._log = LogView(limit=2000)
        self._log.can_focus = False
        self._spoke = (0, -1)  # the attempt and step that said something last
        self._seen: _Seen | None = None
        self._shown: tuple[Frame, bool] | None = None

    def compose(self) -> ComposeResult:
        """Yield failure, steps and log."""
        yield self._failure
        yield self._steps
        yield self._log

    def show(self, frame: Frame, id_: str, *, main: bool) -> None:
        """Show a task as it stands."""
        if id_ != self.task_id:
            self.task_id, self._lines = id_, self._lines_of(id_)
            self._pulled, self._spoke = 0, (0, -1)
            self._log.follow = True
            self._log.show(self._lines)
        self._shown = frame, main
        task = frame.tasks[self.task_id]
        self.set_class(main, "-main")
        self.set_class(task.id in frame.critical, "-critical")
        now = int(frame.now) if task.status == "running" else 0.0
        seen = _Seen(task, now, main, *self.content_size, self._has_log, self._spoke)
        if seen == self._seen:
            return
        self._seen = seen
        self.set_class(task.status == "failed", "-failed")
        self.border_title = _title(task, frame)
        self.border_subtitle = _times(task, frame)
        self._show_parts(task, frame, seen)

    def _show_parts(self, task: TaskState, frame: Frame, seen: _Seen) -> None:
        attempt = task.attempt
        failure = attempt.failure if attempt and task.status == "failed" else None
        self._failure.display = failure is not None
        height = seen.height
        if failure is not None:
            keys = self.has_class("-main") and not frame.read_only
            told = _explained(failure, seen.width - 2, keys=keys)
            tall = told.plain.count("\n") + 1
            _put(self._failure, told)
            height = max(height - tall - 1, 0)
        has_log = self._has_log
        rows = self._step_rows(task, height, has_log=has_log)
        self._steps.display = rows > 0
        if rows:
            said = attempt.progress if attempt is not None else None
            steps = step_lines(task, frame.now, frame.expectation)
            _put(self._steps, steps_text(steps, said, seen.width, rows))

    def _step_rows(self, task: TaskState, height: int, *, has_log: bool) -> int:
        """Return how many lines steps get: all of a silent task's, else what its log leaves room for."""
        attempt = task.attempt
        running = task.status == "running"
        wanted = len(task.steps) + running
        step = (attempt.attempt, attempt.steps[-1].step) if attempt is not None and attempt.steps else None
        if not has_log or (running and step != self._spoke):
            return min(wanted, height - 2 * has_log)
        return wanted if wanted <= height - _LOG_ROWS else 2 * (running and height > _LOG_ROWS)

    def on_resize(self) -> None:
        """Find anew what has room."""
        if self._shown is not None:
            frame, main = self._shown
            self.show(frame, self.task_id, main=main)

    @property
    def _has_log(self) -> bool:
        return self._lines.end > self._lines.first

    @property
    def has_news(self) -> bool:
        """Whether something was said since."""
        return self._lines.end != self._pulled

    def pull(self) -> None:
        """Show the lines that have come since."""
        self._pulled = self._lines.end
        self._spoke = (0, -1)
        for line in self._lines.read(self._pulled - 1, self._pulled):
            self._spoke = line.attempt, line.step
        self._log.pull()
        self.on_resize()  # a task that speaks needs other room than a silent one

    def on_click(self, event: events.Click) -> None:
        """Tell that it was clicked on."""
        self.post_message(self.Chosen(self.task_id, event.chain > 1))


def _put(widget: Static, text: Content, rows: int | None = None) -> None:
    """Show a text that has so many rows; the screen is laid out anew only for others than before."""
    rows = text.plain.count("\n") + 1 if rows is None else rows
    if widget.styles.height is None or widget.styles.height.value != rows:
        widget.styles.height = rows
    widget.update(text, layout=False)


def _title(task: TaskState, frame: Frame) -> Content:
    where = f" on {clean(task.host)}" if task.host else ""
    held = clean(hold_text(frame.state, task.id, frame.now)) if frame.state.started is not None else ""
    return Content.assemble(
        (f"{GLYPHS[task.status]} ", f"{_COLORS.get(task.status, '$quiet')} bold"),
        (clean(task.title), "bold"),
        (f"{where} · {held or _at(task)}", "$quiet"),
    )


def _at(task: TaskState) -> str:
    """Return what a task is doing, or how it finished."""
    attempt = task.attempt
    if attempt is None or task.start is None:
        return task.status
    tries = f"attempt {attempt.attempt}, " if attempt.attempt > 1 else ""
    if task.status != "running":
        return f"{tries}{task.status} after {seconds(task.seconds(0.0))}"
    if task.cancelling:
        return f"{tries}is being stopped"
    step = attempt.steps[-1] if attempt.steps else None
    count = f"{step.step + 1}/{len(task.steps)} " if step and len(task.steps) > 1 else ""
    return f"{tries}{count}{clean(step.title)}" if step else f"{tries}starts"


def _times(task: TaskState, frame: Frame) -> str:
    """Return how long a task has taken, and took before."""
    expected = frame.expectation.seconds.get(task.id)
    usual = f"{frame.expectation.usually} {seconds(expected)}" if expected else ""
    took = clock(task.seconds(frame.now)) if task.status == "running" else ""
    return " · ".join(filter(None, (took, usual)))


def _explained(failure: Failure, width: int, *, keys: bool) -> Content:
    """Return a failure's cause and hint, the lines that show it, and the keys that help."""
    rows = [
        Content.assemble(("✗ ", "$failed bold"), (clean(failure.cause), "bold")),
        Content.styled(f"  in {clean(failure.title)}", "$quiet"),
        *(Content(f"  {clean(line)}") for line in failure.details[-_DETAILS:]),
    ]
    if failure.hint:
        rows.append(Content.assemble(("  hint: ", "bold"), clean(failure.hint)))
    if keys:
        named = (("r", "retry it"), ("f", "start again from it"), ("⏎", "its log"))
        told = [Content.assemble((key, "$key bold"), f" {text}") for key, text in named]
        rows.append(Content("  ").join([Content(""), *told]))
    return Content("\n").join(wrapped(row, width, _INDENT) for row in rows)
