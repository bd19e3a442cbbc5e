"""A run in a job of GitHub Actions: logs folded by task, failures as annotations, nobody else's commands.

A line that begins with `::`, or has `##[` in it, is a command to the runner, whoever printed it.
"""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.console.lines import Lines
from tui.text import GLYPHS, one_line, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from tui.console.style import Style
    from tui.plan.faults import Place
    from tui.run import events as e
    from tui.run.state import RunState

MOST_ANNOTATIONS = 9
"""GitHub shows ten errors and ten warnings of a step; one is left for the job's own."""

MOST_BYTES = 900_000
"""The bytes that a step's summary may have: GitHub refuses one over a MiB as a whole."""

_MOST_LINES = 5000  # of a task's log that are printed, or a few more: the last ones
_COMMAND = re.compile(r"(?m)^([^\S\n]*)(?=::)|(?<=##)(?=\[)")
_BREAK = "\u200b"  # seen by nobody, and no command begins with it


def in_github(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether this is a job of GitHub Actions."""
    return (os.environ if environment is None else environment).get("GITHUB_ACTIONS") == "true"


def neutral(text: str) -> str:
    """Return a text in which nothing is a command to the runner."""
    return _COMMAND.sub(lambda match: f"{match[0]}{_BREAK}", text)


@dataclass(slots=True)
class _Said:
    """What a task printed: the last of it, and how many lines in all."""

    events: deque[e.Output] = field(default_factory=deque)
    kept: int = 0
    lines: int = 0

    def add(self, event: e.Output) -> None:
        self.events.append(event)
        count = _count(event)
        self.kept += count
        self.lines += count
        while self.kept - _count(self.events[0]) >= _MOST_LINES:
            self.kept -= _count(self.events.popleft())


def _count(event: e.Output) -> int:
    return event.text.count("\n") + 1


class GroupedLines(Lines):
    """Prints events as they come, but what a task printed once it has finished, folded; see `Printer`."""

    def __init__(self, out: TextIO, style: Style) -> None:
        super().__init__(out, style)
        self._said: dict[str, _Said] = {}

    def _print(self, text: str) -> None:
        super()._print(neutral(text))

    def _output(self, event: e.Output, state: RunState) -> None:
        self._said.setdefault(event.task, _Said()).add(event)

    def _task_finished(self, event: e.TaskFinished, state: RunState) -> None:
        super()._task_finished(event, state)
        if (said := self._said.pop(event.task, None)) is None:
            return
        title = f"{GLYPHS[event.outcome]} {one_line(state.tasks[event.task].title)}"
        count = plural(said.lines, "line")
        super()._print(f"::group::{_data(f'{title}: {count}')}\n")
        if left := said.lines - said.kept:
            self._line(event.at, event.task, f"… {plural(left, 'earlier line')}: the task's log has them")
        for each in said.events:
            super()._output(each, state)
        super()._print("::endgroup::\n")


def annotate(state: RunState, place: Callable[[str, int], Place | None]) -> Iterator[str]:
    """Yield the commands that show a run's failures, then its warnings, beside the plan's lines.

    Args:
        state: The run.
        place: Returns where a task's step stands in a file of the repository, if it does.
    """
    found = []
    for task in state.with_status("failed"):
        failure = task.attempt.failure if task.attempt else None
        if failure is not None:
            text = "\n".join(filter(None, (failure.cause, failure.hint and f"hint: {failure.hint}")))
            found.append(_annotation("error", task.title, text, place(task.id, failure.step)))
    for warned in state.warnings:
        task_ = state.tasks.get(warned.task)
        found.append(_annotation("warning", task_.title if task_ else "bringup", warned.text, None))
    found = list(dict.fromkeys(found))
    if len(found) > MOST_ANNOTATIONS:
        more = f"and {len(found) - MOST_ANNOTATIONS + 1} more failures or warnings"
        found[MOST_ANNOTATIONS - 1 :] = [_annotation("warning", "bringup", more, None)]
    yield from found


def _annotation(kind: str, title: str, text: str, place: Place | None) -> str:
    properties = {"title": one_line(title)}
    if place is not None:
        properties = {"file": place.file, **({"line": str(place.line)} if place.line else {}), **properties}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = "\n".join(map(one_line, text.splitlines()))
    return f"::{kind} {told}::{_data(lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summarize(markdown: str, environment: Mapping[str, str]) -> None:
    """Append a summary to that of the job's step, cut to what GitHub takes.

    Args:
        markdown: The summary.
        environment: Variables that tell where it is.

    Raises:
        OSError: It cannot be written.
    """
    if not (name := environment.get("GITHUB_STEP_SUMMARY")):
        return
    path = Path(name)
    room = MOST_BYTES - (path.stat().st_size if path.exists() else 0)
    data = f"{markdown}\n".encode(errors="replace")
    if len(data) > room:
        note = b"\n\n(the rest was left out: a step's summary has a limit)\n"
        data = data[: max(room - len(note), 0)].rpartition(b"\n")[0] + note if room > len(note) else b""
    with path.open("ab") as file:
        file.write(data)
