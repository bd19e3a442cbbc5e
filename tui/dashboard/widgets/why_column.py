"""The why column: in short, what decides how long the run takes, and what holds the chosen task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit
from tui.text import GLYPHS, clock, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.insight.why import Why

_SAVINGS = 3  # steps that are named
_HOLDS = 4  # of the task
_WORTH_SAYING = 0.05  # seconds


class WhyColumn(Vertical):
    """Tells why the run takes as long as it does, and what holds the chosen task."""

    DEFAULT_CSS = """
    WhyColumn {
        width: 46;
        border: round $faint;
        border-title-color: $foreground;
        border-title-style: bold;
        padding: 0 1;
        & > Static { height: 1fr; }  /* of its text, Textual may keep an earlier height */
    }
    """

    def __init__(self) -> None:
        """Say nothing yet."""
        super().__init__()
        self.border_title = "Why"
        self._text = Static(markup=False)
        self._seen: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield self._text

    def show(self, frame: Frame, why: Why | None, task: str) -> None:
        """Say it, where it is something else than before.

        Args:
            frame: The run.
            why: Why it takes as long as it does, as far as that is known by now.
            task: The chosen task.
        """
        seen = (frame.outlook, why, task, self.content_size.width)
        if seen != self._seen and frame.outlook is not None:
            self._seen = seen
            width = max(self.content_size.width, 1)
            parts = (_verdict(why), _task(frame, task), _path(frame, width), _savings(frame, why, width))
            texts = [Content("\n").join(part) for part in map(list, parts) if part]
            self._text.update(Content("\n\n").join(texts))


def _verdict(why: Why | None) -> Iterator[Content]:
    if why is not None:
        yield Content.styled(clean(why.verdict.replace("`", "")), "bold")
        if why.gain:
            yield Content(str(why.gain))


def _task(frame: Frame, id_: str) -> Iterator[Content]:
    """Return what holds the chosen task, or held it, and whether it decides anything."""
    from tui.insight.why_task import why_task

    if frame.outlook is None or id_ not in frame.tasks:
        return
    for section in why_task(frame.state, id_, frame.now, frame.expectation, frame.outlook.forecast)[:2]:
        yield Content.assemble((clean(section.title), "bold"), (f"  {clean(section.note)}", "$quiet"))
        for row in section.rows[:_HOLDS]:
            yield Content(f"  {clean(row.text)} {row.amount}".rstrip())
    if id_ in frame.critical:
        yield Content("◆ a second saved here is a second saved")
    elif slack := frame.outlook.forecast.slack.get(id_):
        yield Content.styled(f"╌ it could finish {seconds(slack)} later", "$quiet")


def _path(frame: Frame, width: int) -> Iterator[Content]:
    ahead = frame.forecast
    if ahead is None or not ahead.critical:
        return
    yield Content.styled("Critical path", "bold")
    for id_ in ahead.critical:
        task = frame.tasks[id_]
        name = f"{clock(ahead.starts[id_]):>5} {GLYPHS[task.status]} {clean(task.title)}"
        yield _sides(name, seconds(ahead.ends[id_] - ahead.starts[id_]), width)


def _savings(frame: Frame, why: Why | None, width: int) -> Iterator[Content]:
    from tui.insight.why import step_name

    worth = (
        [step for step in why.steps if step.savings and step.savings.whole >= _WORTH_SAYING] if why else []
    )
    if worth:
        yield Content.styled("It would save most to do without", "bold")
    for step in worth[:_SAVINGS]:
        assert step.savings is not None
        name = clean(step_name(frame.state, step.cost).replace("`", ""))
        yield _sides(f"  {name}", f"−{seconds(step.savings.whole)}", width)


def _sides(left: str, right: str, width: int) -> Content:
    room = max(width - cell_len(right) - 1, 1)
    return Content.assemble(set_cell_size(fit(left, room), room), (f" {right}", "$quiet"))
