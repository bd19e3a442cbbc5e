"""A task's steps as lines: what each took or takes, and what it took before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit
from tui.text import GLYPHS, amount, clock, seconds

if TYPE_CHECKING:
    from tui.insight.expectation import Expectation
    from tui.run.attempt_state import AttemptState
    from tui.run.events import Progressed
    from tui.run.state import Status, TaskState

_COLORS: dict[Status, str] = {
    "running": "$running bold", "succeeded": "$done", "failed": "$failed bold", "waiting": "$quiet",
}  # fmt: skip
_TIME = 7  # cells of a time
_METER = 24  # cells of a meter at most
_WORTH_SAYING = 0.05  # seconds
_OVER = 1.25  # times as long as expected is longer than usual


class StepLine(NamedTuple):
    """A step as it stands.

    Attributes:
        title: What it does.
        status: Where it stands.
        seconds: What it took, or has taken so far; None before it starts.
        expected: What it took before, in seconds; None where that is not known.
        doing: What it does just now, by its latest span that lasts.
        usually: The word before what it took before: another where that is assumed.
    """

    title: str
    status: Status
    seconds: float | None = None
    expected: float | None = None
    doing: str = ""
    usually: str = "usually"


def step_lines(task: TaskState, now: float, expectation: Expectation) -> list[StepLine]:
    """Return a task's steps as they stand in its latest attempt."""
    attempt = task.attempt if task.start is not None else None
    begun = {step.step: step for step in attempt.steps} if attempt is not None else {}
    before = expectation.steps.get(task.id, ())
    lines = []
    for i, title in enumerate(task.steps):
        expected = before[i][1] if i < len(before) and before[i][0] == title else None
        step = begun.get(i)
        if step is None or attempt is None:
            lines.append(StepLine(title, "waiting", None, expected, usually=expectation.usually))
            continue
        end = attempt.end(now) if step.finished is None else step.finished
        status: Status = "succeeded" if step.finished is not None else "running"
        if status == "running" and attempt.finished is not None:
            status = "failed" if attempt.outcome == "failed" else "cancelled"
        doing = _doing(attempt, i) if status == "running" else ""
        took = max(end - step.started, 0.0)
        lines.append(StepLine(step.title, status, took, expected, doing, expectation.usually))
    return lines


def _doing(attempt: AttemptState, step: int) -> str:
    """Return what a step does just now, in the words of its latest span that lasts."""
    lasting = [span for span in attempt.spans if span.finished is None and span.step == step]
    return f"{clean(lasting[-1].name)} {clean(lasting[-1].subject)}".strip() if lasting else ""


def steps_text(lines: list[StepLine], said: Progressed | None, width: int, rows: int) -> Content:
    """Return steps as text, a line each, and one for how far the running one is.

    Args:
        lines: The steps.
        said: The progress that the running one has told.
        width: Cells of a line.
        rows: Lines that find room: where not all do, those around the running step.
    """
    at = next((i for i, line in enumerate(lines) if line.status != "succeeded"), len(lines))
    title = min(max(cell_len(clean(line.title)) for line in lines), max(width - 2 - _TIME - 1, 1))
    texts = []
    for i, line in enumerate(lines):
        texts.append(_line(line, title, width))
        if i == at and line.status == "running" and (far := _far(line, said, width)):
            texts.append(far)
    first = max(min(at - (rows - 1) // 2, len(texts) - rows), 0)
    return Content("\n").join(texts[first : first + rows])


def _line(line: StepLine, title: int, width: int) -> Content:
    running = line.status == "running"
    time = "" if line.seconds is None else clock(line.seconds) if running else seconds(line.seconds)
    usual = _usual(line)
    parts: list[str | tuple[str, str]] = [
        (f"{GLYPHS[line.status]} ", _COLORS.get(line.status, "$quiet")),
        (set_cell_size(fit(clean(line.title), title), title), "bold" if running else "$quiet" * (not time)),
        (f"{time:>{_TIME}} ", "bold" if running else ""),
    ]
    if 2 + title + _TIME + 1 + cell_len(usual) <= width:
        parts.append((usual, "$quiet"))
    return Content.assemble(*parts)


def _usual(line: StepLine) -> str:
    """Return what a step took before; of one that has finished, where that is something else."""
    if line.status == "running" or line.expected is None or line.expected < _WORTH_SAYING:
        return ""
    off = abs((line.seconds or 0.0) - line.expected)
    alike = line.seconds is not None and off < max(0.2 * line.expected, 0.5)
    return "" if alike else f"{line.usually} {seconds(line.expected)}"


def _far(line: StepLine, said: Progressed | None, width: int) -> Content | None:
    """Return how far the running step is: by what it told, or else by the time that it took before."""
    took, expected = line.seconds or 0.0, line.expected or 0.0
    part = said.done / said.total if said is not None and said.total else None
    much = amount(said.done, said.total, said.unit) if said is not None else ""
    told = " ".join(filter(None, (clean(said.what), much))) if said is not None else line.doing
    usual = ""
    if expected >= _WORTH_SAYING:
        longer = "longer than usual:" if line.usually == "usually" else f"longer than {line.usually}:"
        usual = f"{longer if took > expected * _OVER else line.usually} {seconds(expected)}"
        part = took / expected if part is None else part
    if not told and not usual:
        return None
    fitting = [" · ".join(filter(None, words)) for words in ((told, usual), (told,), (much,), (usual,))]
    least = 0 if part is None else _METER // 3 + 1
    words = next((text for text in fitting if text and cell_len(text) + least <= width - 2), told or usual)
    room = min(width - 2 - cell_len(words) - 1, _METER)
    if part is None or room < _METER // 3:
        return Content.styled(f"  {fit(words, width - 2)}", "$quiet")
    full = round(min(max(part, 0.0), 1.0) * room)
    meter = ("━" * full, "$bar-running"), ("╌" * (room - full), "$faint")
    return Content.assemble("  ", *meter, (f" {words}", "$quiet"))
