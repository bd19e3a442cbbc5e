"""A recorded run: how long each step really took, what it said, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import NotReadyError
from tui.run import events as e
from tui.run.journal import EVENTS, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLED = Path(__file__).parent / "recordings"


@dataclass(slots=True)
class RecordedStep:
    """A step that once succeeded.

    Attributes:
        title: What it was called.
        began: When it began, in seconds since its run did.
        seconds: How long it took.
        changed: Whether it found something to do.
        note: What it did.
        said: Its output, spans, progress and warnings, in order.
    """

    title: str
    began: float
    seconds: float = 0.0
    changed: bool = True
    note: str = ""
    said: list[e.TaskEvent] = field(default_factory=list)


@dataclass(frozen=True)
class Recording:
    """A recorded run's successful attempts.

    Attributes:
        started: The run's first event: which plan, when, on what machine, in which mode.
        steps: For each task, the steps of the attempt that succeeded.
    """

    started: e.RunStarted
    steps: dict[str, list[RecordedStep]]

    @property
    def seconds(self) -> dict[str, float]:
        """How long each task took."""
        return {task: sum(step.seconds for step in steps) for task, steps in self.steps.items()}

    def describe(self) -> str:
        """What it is a recording of, in a line."""
        machine = self.started.machine
        size = f"{machine.cores} cores, {machine.memory_gib:.0f} GiB, {machine.system}"
        return f"recorded {self.started.started[:10]}, {self.started.mode}, {size}"


def read_recording(folder: Path) -> Recording:
    """Reads a run's journal as a recording.

    Raises:
        NotReadyError: There is no run in the folder, or none of its tasks succeeded.
    """
    hint = "name a run's folder, or one of `bringup status --runs`"
    try:
        events = list(read_all(folder))
    except OSError as error:
        raise NotReadyError(f"there is no recorded run in {folder}: {error.strerror}", hint) from error
    first = events[0] if events else None
    if not isinstance(first, e.RunStarted):
        raise NotReadyError(f"{folder / EVENTS} does not begin with a run", hint)
    steps = dict(_successes(events))
    if not steps:
        raise NotReadyError(f"no task of the run in {folder} succeeded", hint)
    return Recording(first, steps)


def bundled_recording(plan: str) -> Path | None:
    """The folder of the recording that travels with bringup for a plan, if there is one."""
    folder = BUNDLED / plan
    return folder if (folder / EVENTS).is_file() else None


def _successes(events: list[e.Event]) -> Iterator[tuple[str, list[RecordedStep]]]:
    attempts: dict[tuple[str, int], list[RecordedStep]] = {}
    for event in events:
        if not isinstance(event, e.TaskEvent):
            continue
        key = event.task, getattr(event, "attempt", 0)
        if isinstance(event, e.StepStarted):
            attempts.setdefault(key, []).append(RecordedStep(event.title, event.at))
        elif isinstance(event, e.AttemptFinished):
            if event.outcome == "succeeded":
                yield event.task, attempts.get(key, [])
        elif (steps := attempts.get(key)) and isinstance(event, e.StepFinished):
            step = steps[-1]
            step.seconds, step.changed, step.note = event.at - step.began, event.changed, event.note
        elif steps:
            steps[-1].said.append(event)
