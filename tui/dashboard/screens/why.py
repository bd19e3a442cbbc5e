"""Why it is slow: where the selected task's time went, and what decides how long the run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.dashboard.ansi import clean
from tui.insight.hold_text import named
from tui.insight.time_breakdown import time_breakdown
from tui.insight.what_if import makespans, what_if
from tui.text import GLYPHS, clock, cut, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.insight.hold_times import Held
    from tui.insight.time_breakdown import AttemptTime, StepTime, TimeBreakdown

_METER = 12  # cells of a share's bar
_SPANS = 4  # of a step that are shown
_WORTH_SAYING = 0.05  # seconds


class WhyScreen(Screen[None]):
    """Tells of one task and of the run, anew each second."""

    CSS_PATH: ClassVar[str] = "../styles/why.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Task above", key_display="↑"),
        Binding("down,j", "move(1)", "Task below", key_display="↓"),
        Binding("pageup", "page(-1)", "Scroll up", show=False),
        Binding("pagedown", "page(1)", "Scroll down", show=False),
        Binding("escape,d,q,enter", "dismiss", "Back", key_display="esc"),
    ]

    def __init__(self, frame: Callable[[], Frame], task: str) -> None:
        """Shows nothing yet.

        Args:
            frame: Gives the run as it stands.
            task: The task to begin with.
        """
        super().__init__()
        self._frame = frame
        self._seen: Frame | None = None
        self.task_id = task

    def compose(self) -> ComposeResult:
        """Two columns: the task, the run."""
        with Horizontal(id="columns"):
            with VerticalScroll(id="task"):
                yield Static(id="task-text")
            with Vertical(id="divider"):
                pass
            with VerticalScroll(id="run"):
                yield Static(id="run-text")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begins to tell."""
        self._tell()
        self.set_interval(1.0, self._tell_news)

    def _tell_news(self) -> None:
        if self._frame() is not self._seen:
            self._tell()

    def _tell(self) -> None:
        self._seen = frame = self._frame()
        self.set_class(self.app.size.width < 100, "-narrow")
        self.query_one("#task-text", Static).update(Content("\n").join(_task(frame, self.task_id)))
        self.query_one("#run-text", Static).update(Content("\n").join(_run(frame)))

    def on_resize(self) -> None:
        """Puts the run below the task where there is no room beside it."""
        self.set_class(self.app.size.width < 100, "-narrow")

    def action_move(self, by: int) -> None:
        """Goes to another task."""
        tasks = list(self._frame().tasks)
        if tasks:
            at = tasks.index(self.task_id) if self.task_id in tasks else 0
            self.task_id = tasks[min(max(at + by, 0), len(tasks) - 1)]
            self._tell()

    def action_page(self, by: int) -> None:
        """Scrolls the column that does not fit."""
        for column in self.query(VerticalScroll):
            column.scroll_relative(y=by * column.size.height // 2, animate=False)


def _task(frame: Frame, id_: str) -> Iterator[Content]:
    task = frame.tasks.get(id_)
    if task is None or frame.state.started is None:
        yield Content.styled("the run has not begun", "dim")
        return
    told = time_breakdown(frame.state, id_, frame.now, frame.expectation)
    yield Content.assemble(
        (f"{GLYPHS[task.status]} {clean(task.title)}", "bold"), (f"  {task.status}", "dim")
    )
    yield Content("")
    yield from _beside_history(told, frame)
    yield from _holds(told, frame)
    for attempt in told.attempts:
        yield from _attempt(attempt, len(told.attempts) > 1)
    slack = frame.forecast.slack.get(id_) if frame.forecast else None
    yield Content("")
    if id_ in frame.critical:
        yield Content.styled("◆ critical: a second saved here is a second saved", "$text-warning")
    elif slack is not None:
        yield Content(f"slack {seconds(slack)}: it could end that much later, and the run would not")


def _beside_history(told: TimeBreakdown, frame: Frame) -> Iterator[Content]:
    worked = seconds(told.worked)
    if told.expected is None:
        yield Content(f"at work {worked}; no earlier time of it is known")
    else:
        last = told.attempts[-1] if told.attempts else None
        going_on = last is None or last.outcome is None
        latest = last.seconds if last else 0.0
        yield Content.assemble(
            f"at work {worked}, before {seconds(told.expected)} ",
            _difference(latest, told.expected, going_on),
            (f"  by {frame.expectation.source}", "dim"),
        )
    if told.paused > _WORTH_SAYING:
        yield Content(f"paused {seconds(told.paused)} between attempts")


def _difference(now: float, before: float | None, going_on: bool) -> tuple[str, str]:
    """How much slower or faster something is than it was, where that is known and worth a word."""
    if before is None or abs(now - before) < max(0.1 * before, 0.5) or (going_on and now < before):
        return "", ""
    return (f"+{seconds(now - before)}", "$text-error") if now > before else (
        f"−{seconds(before - now)}", "$text-success",
    )  # fmt: skip


def _holds(told: TimeBreakdown, frame: Frame) -> Iterator[Content]:
    yield Content("")
    yield Content.assemble(("Held", "bold"), f"  {seconds(told.held)}" if told.holds else "")
    for held in told.holds:
        yield Content.assemble(f"  {seconds(held.seconds):>7}  ", _reason(held, frame))
    if not told.holds:
        yield Content.styled("  nothing held it back", "dim")


def _reason(held: Held, frame: Frame) -> str:
    names = clean(named(frame.state, held.tasks)) if held.tasks else ""
    match held.reason:
        case "needs":
            return f"needed {names}"
        case "phase":
            return f"held by phase {(held.phase or 0) + 1}, until {names} ended"
        case "sequential":
            return f"one at a time, while {names} ran"
        case "limit":
            return f"at most {frame.state.limit} at once, while {names} ran"
        case _:
            return held.reason


def _attempt(attempt: AttemptTime, several: bool) -> Iterator[Content]:
    yield Content("")
    name = f"Attempt {attempt.attempt}" if several else "Steps"
    outcome = f"  {attempt.outcome}" if several and attempt.outcome else ""
    yield Content.assemble((name, "bold"), f"  {seconds(attempt.seconds)}{outcome}")
    for step in attempt.steps:
        yield from _step(step, going_on=attempt.outcome is None and step is attempt.steps[-1])


def _step(step: StepTime, going_on: bool) -> Iterator[Content]:
    difference = _difference(step.seconds, step.expected, going_on)
    filled = round(step.share * _METER)
    yield Content.assemble(
        f"  {seconds(step.seconds):>7} ", ("█" * filled, "$primary"), ("░" * (_METER - filled), "dim"),
        f" {clean(step.title)} ", difference, ("" if step.changed else " unchanged", "dim"),
    )  # fmt: skip
    for span in step.spans[:_SPANS]:
        if span.seconds >= _WORTH_SAYING:
            who = " ".join(filter(None, (clean(span.name), clean(span.subject))))
            yield Content.styled(f"  {'':>7}   {seconds(span.seconds):>7} {cut(who, 60)}", "dim")


def _run(frame: Frame) -> Iterator[Content]:
    if frame.state.started is None or frame.forecast is None:
        return
    yield Content.assemble(("Critical path", "bold"), ("  what decides when the run ends", "dim"))
    for id_ in frame.forecast.critical:
        start, end = frame.forecast.starts[id_], frame.forecast.ends[id_]
        task = frame.tasks[id_]
        yield Content.assemble(
            f"  {clock(start):>5} ", ("◆ ", "$text-warning"),
            f"{seconds(end - start):>7}  {GLYPHS[task.status]} {clean(task.title)}",
        )  # fmt: skip
    yield Content("")
    yield from _halves(frame)
    yield Content("")
    yield from _modes(frame)


def _halves(frame: Frame) -> Iterator[Content]:
    yield Content.assemble(("In half the time", "bold"), ("  each task would save the run", "dim"))
    for what in what_if(frame.state, frame.expectation.seconds, frame.now)[:10]:
        saved = f"−{seconds(what.saved)}" if what.saved > _WORTH_SAYING else "nothing"
        yield Content.assemble(
            (f"  {saved:>8}  ", "$text-success" if what.saved > _WORTH_SAYING else "dim"),
            f"{clean(frame.tasks[what.task].title)} ", (f"({seconds(what.seconds)})", "dim"),
        )  # fmt: skip


def _modes(frame: Frame) -> Iterator[Content]:
    yield Content.assemble(("The whole run", "bold"), ("  by these times, in each mode", "dim"))
    spans = makespans(frame.state, frame.expectation.seconds, frame.now)
    longest = max(spans.values(), default=0.0)
    for mode, span in spans.items():
        filled = round(_METER * span / longest) if longest else 0
        mark = " ← this run" if mode == frame.state.mode else ""
        yield Content.assemble(
            f"  {mode:<11}", ("█" * filled, "$primary"), f"{'':<{_METER - filled}} {seconds(span):>7}",
            (mark, "$text-accent"),
        )  # fmt: skip
    yield Content.styled("  alone, each task may take less than beside others", "dim")
