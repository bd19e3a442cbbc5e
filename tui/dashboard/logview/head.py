"""The head of a log: its task, its attempt, and why that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.text import GLYPHS, plural, title_and_cause

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.run.attempt_state import AttemptState
    from tui.run.events import Failure
    from tui.run.state import TaskState

_DETAILS = 4  # lines that show a failure
_COLORS = {"succeeded": "$done", "failed": "$failed", "running": "$running"}


class LogFacts(NamedTuple):
    """What the head shows.

    Attributes:
        title: The task's.
        task: It, as it stands.
        attempts: Numbers of its attempts, those included that only the log knows of.
        attempt: The one that is shown; None for all.
        lines: How many lines are wanted.
        of: How many there are.
        sources: How many sources are wanted, and of how many; None where all are.
        read: How much of the file is known, in hundredths.
        fault: Why it cannot be read, if it cannot.
        place: Where in it one is.
    """

    title: str
    task: TaskState | None
    attempts: tuple[int, ...]
    attempt: int | None
    lines: int
    of: int
    sources: tuple[int, int] | None
    read: int
    fault: str
    place: str


class LogHead(Vertical):
    """A line about the log, its attempts where there are several, and a box where one failed."""

    DEFAULT_CSS = """
    LogHead {
        height: auto;
        & > Horizontal { height: 1; padding: 0 1; color: $quiet; }
        & #title { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        & #place { width: auto; padding-left: 2; }
        & > #attempts {
            display: none;
            height: 1;
            padding: 0 1;
            color: $quiet;
            link-color: $foreground;
            link-style: none;
            link-color-hover: $foreground;
            link-background-hover: $current;
            link-style-hover: none;
        }
        & > #failure {
            display: none;
            height: auto;
            max-height: 30vh;
            padding: 0 1;
            border-left: outer $error;
            background: $trouble;
        }
    }
    """

    def __init__(self) -> None:
        """Say nothing yet."""
        super().__init__()
        self._facts: LogFacts | None = None

    def compose(self) -> ComposeResult:
        """Yield the parts."""
        with Horizontal():
            yield Static(id="title", markup=False)
            yield Static(id="place", markup=False)
        yield Static(id="attempts", markup=False)
        yield Static(id="failure", markup=False)

    def show(self, facts: LogFacts) -> None:
        """Say something, where it is something else than before."""
        before, self._facts = self._facts, facts
        if facts == before:
            return
        self.query_one("#title", Static).update(_title(facts), layout=False)
        if before is None or facts.place != before.place:
            self.query_one("#place", Static).update(facts.place)
        if before is None or facts[1:4] != before[1:4]:
            known = facts.task.attempts if facts.task is not None else ()
            self._show_attempts(facts, known)
            shown = [each for each in known if facts.attempt in {None, each.attempt}]
            self._show_failure(shown[-1].failure if shown else None)

    def _show_attempts(self, facts: LogFacts, known: tuple[AttemptState, ...]) -> None:
        bar = self.query_one("#attempts", Static)
        bar.display = len(facts.attempts) > 1
        glyphs = {each.attempt: GLYPHS[each.outcome or "running"] for each in known}
        parts: list[str | tuple[str, Style]] = ["attempts "]
        for number in (None, *facts.attempts):
            label = "all" if number is None else f"{number} {glyphs.get(number, '')}".rstrip()
            style = Style.from_meta({"@click": f"screen.attempt({number or 0})"})
            if number == facts.attempt:
                style += Style(bold=True, reverse=True)
            parts.append((f" {label} ", style))
        bar.update(Content.assemble(*parts), layout=False)

    def _show_failure(self, failure: Failure | None) -> None:
        box = self.query_one("#failure", Static)
        box.display = failure is not None
        if failure is None:
            return
        said = title_and_cause(failure.title, failure.cause) if failure.title else failure.cause
        rows = [Content.assemble(("✗ ", "$text-error bold"), (clean(said), "bold"))]
        details = [line for text in failure.details for line in text.splitlines()]
        rows += [Content(f"  {clean(line)}") for line in details[:_DETAILS]]
        if failure.hint:
            rows.append(Content.assemble(("  hint: ", "bold"), clean(failure.hint)))
        box.update(Content("\n").join(rows))


def _title(facts: LogFacts) -> Content:
    parts: list[str | tuple[str, str]] = [(clean(facts.title, 200), "$foreground bold")]
    task = facts.task
    if task is not None:
        parts += [" · ", (f"{GLYPHS[task.status]} {task.status}", _COLORS.get(task.status, ""))]
        if len(task.attempts) > 1:
            parts.append(f" · attempt {facts.attempt or len(task.attempts)} of {len(task.attempts)}")
    if facts.lines != facts.of:
        parts.append(f" · {facts.lines:,} of {plural(facts.of, 'line')}")
    else:
        parts.append(f" · {plural(facts.lines, 'line')}")
    if facts.sources is not None:
        parts.append(f" · {facts.sources[0]} of {facts.sources[1]} sources")
    if facts.read < 100:
        parts.append(f" · reading {facts.read} %")
    if facts.fault:
        parts.append(f" · {facts.fault}")
    return Content.assemble(*parts)
