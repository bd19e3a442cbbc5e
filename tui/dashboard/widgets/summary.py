"""The summary: how a finished run went, what there is now, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Digits, Static

from tui.dashboard.ansi import clean
from tui.insight.outcome import judge, next_steps
from tui.text import GLYPHS, clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.run.standing import Stands
    from tui.run.state import TaskState

_FAILURES = 3  # that are told
_UP_KEYS = (("d", "why it took so long"), ("⏎", "the task's log"), ("q", "leave"))
_FAILED_KEYS = (
    ("r", "retry the task"), ("R", "retry all"), ("f", "start again from it"), ("q", "leave"),
)  # fmt: skip
_EDGES = 6  # cells beside a title
_LABEL = 11  # cells of what a next step is called


class Summary(Horizontal):
    """What is said of a run once all its tasks have finished; hidden until then."""

    DEFAULT_CSS = """
    Summary {
        display: none;
        height: auto;
        max-height: 60%;
        border: round $bar-done;
        border-title-color: $done;
        border-title-style: bold;
        padding: 0 1;
        &.-lost { border: round $bar-failed; border-title-color: $failed; }
        & > Digits { width: auto; padding: 0 3 0 1; color: $done; text-style: bold; }
        & > Static { width: 1fr; height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-narrow > Digits, &.-lost > Digits { display: none; }
    }
    """

    def __init__(self) -> None:
        """Say nothing yet."""
        super().__init__()
        self._time = Digits("")
        self._text = Static(markup=False)
        self._parts: tuple[list[Content], ...] = ()
        self._gain = ""

    def compose(self) -> ComposeResult:
        """Yield the time and the text."""
        yield self._time
        yield self._text

    def show(self, frame: Frame, stands: Stands, *, alone: bool) -> None:
        """Say how a run went that has finished.

        Args:
            frame: The run.
            stands: What it leaves behind.
            alone: No panel tells of what failed.
        """
        status, verdict = judge(frame.state, frame.now)
        lost = status != "succeeded"
        self.display = True
        self.set_class(lost, "-lost")
        title, *more = self._titled(f"{GLYPHS[status]} {clean(verdict)}")
        self.border_title = Content(title)
        self._time.update(clock(round(frame.worked)))
        self._parts = (
            [Content(text) for text in more if lost],  # how long it took stands in the head, too
            [*_lost(frame)] if lost and alone else [],
            [*_next(frame, stands)],
            [_keys(_FAILED_KEYS if lost and not frame.read_only else _UP_KEYS)],
        )
        self._tell()

    def _titled(self, verdict: str) -> list[str]:
        """Return a verdict as a title, and what does not fit into it."""
        if cell_len(verdict) <= self.app.size.width - _EDGES:
            return [verdict]
        return verdict.split(" · ", 1)

    def gained(self, words: str) -> None:
        """Say what running tasks at once gained, where that is known and all went well."""
        if words != self._gain:
            self._gain = words
            self._tell()

    def _tell(self) -> None:
        gain = [Content.styled(self._gain, "bold")] if self._gain and not self.has_class("-lost") else []
        parts = [Content("\n").join(part) for part in (gain, *self._parts) if part]
        self._text.update(Content("\n\n").join(parts))

    def on_resize(self) -> None:
        """Leave the large time out where there is little room."""
        self.set_class(self.app.size.width < 100, "-narrow")


def _lost(frame: Frame) -> Iterator[Content]:
    failed = frame.state.with_status("failed")
    for task in failed[:_FAILURES]:
        yield from _failure(task)
    if len(failed) > _FAILURES:
        yield Content.styled(f"and {len(failed) - _FAILURES} more", "$quiet")


def _failure(task: TaskState) -> Iterator[Content]:
    failure = task.attempt.failure if task.attempt else None
    title = Content.assemble(("✗ ", "$failed bold"), (clean(task.title), "bold"))
    if failure is None:
        yield title
        return
    yield Content.assemble(title, f": {clean(failure.cause)}")
    if failure.hint:
        yield Content.assemble(("  hint: ", "bold"), clean(failure.hint))


def _next(frame: Frame, stands: Stands) -> Iterator[Content]:
    for label, text in next_steps(frame.state, stands):
        yield Content.assemble((f"{label:<{_LABEL}} ", "$quiet"), clean(text))


def _keys(named: tuple[tuple[str, str], ...]) -> Content:
    told = [Content.assemble((key, "$key bold"), f" {text}") for key, text in named]
    return Content("   ").join(told)
