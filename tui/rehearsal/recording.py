"""A recorded run: how long each step took, what it printed, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tui.errors import NotReadyError
from tui.run import events as e
from tui.run.journal import EVENTS, read_all

BUNDLED = Path(__file__).parent / "recordings"
_CUT_OFF = e.Failure("the recorded run was cut off here")


@dataclass(slots=True)
class RecordedStep:
    """A recorded step; it counts as cut off until its end is read.

    Attributes:
        title: What it was called.
        began: When it began, in seconds since its run did.
        seconds: How long it took.
        changed: Whether it found something to do.
        note: What it did.
        said: Its output, spans, progress and warnings, in order.
        failure: Why it failed, if it did.
    """

    title: str
    began: float
    seconds: float = 0.0
    changed: bool = True
    note: str = ""
    said: list[e.TaskEvent] = field(default_factory=list)
    failure: e.Failure | None = _CUT_OFF


@dataclass(frozen=True)
class Recording:
    """A recorded run's attempts, one a task.

    Attributes:
        about: What it is known from, in words.
        steps: For each task that began, the steps of the attempt that succeeded, else of the last.
        source: The same as `about`, in a word or two.
    """

    about: str
    steps: dict[str, list[RecordedStep]]
    source: str = "a recording"

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds that each task took."""
        return {task: sum(step.seconds for step in steps) for task, steps in self.steps.items()}


def read_recording(folder: Path) -> Recording:
    """Read a run's journal as a recording.

    Raises:
        NotReadyError: There is no run in the directory, or none of its tasks began.
    """
    hint = "name a run's directory, or one of `bringup runs`"
    try:
        events = list(read_all(folder))
    except OSError as error:
        raise NotReadyError(f"there is no recorded run in {folder}: {error.strerror}", hint) from error
    first = events[0] if events else None
    if not isinstance(first, e.RunStarted):
        raise NotReadyError(f"{folder / EVENTS} does not begin with a run", hint)
    steps = _attempts(events)
    if not steps:
        raise NotReadyError(f"no task of the run in {folder} began", hint)
    return Recording(_described(first), steps)


def bundled_recording(plan: str) -> Path | None:
    """Return the directory of a plan's recording that comes with bringup, if there is one."""
    folder = BUNDLED / plan
    return folder if (folder / EVENTS).is_file() else None


def _described(started: e.RunStarted) -> str:
    machine = started.machine
    size = f"{machine.cores} cores, {machine.memory_gib:.0f} GiB, {machine.system}"
    return f"timings and logs recorded {started.started[:10]}, {started.mode}, {size}"


def _attempts(events: list[e.Event]) -> dict[str, list[RecordedStep]]:
    """Return each task's steps in its attempt that succeeded, else in its last one."""
    attempts: dict[tuple[str, int], list[RecordedStep]] = {}
    chosen: dict[str, tuple[str, int]] = {}
    succeeded: set[str] = set()
    for event in events:
        if not isinstance(event, e.TaskEvent) or isinstance(event, e.AttemptStarted):
            continue
        key = event.task, getattr(event, "attempt", 0)
        if isinstance(event, e.PrefetchStarted):
            attempts.setdefault(key, []).append(RecordedStep(event.title, event.at))
        elif isinstance(event, e.StepStarted):
            _begin(attempts.setdefault(key, []), event)
            chosen[event.task] = chosen[event.task] if event.task in succeeded else key
        elif steps := attempts.get(key):
            index = getattr(event, "step", len(steps))
            _take(steps[index] if index < len(steps) else steps[-1], event)
            if isinstance(event, e.AttemptFinished) and event.outcome == "succeeded":
                succeeded.add(event.task)
                chosen[event.task] = key
    return {task: attempts[key] for task, key in chosen.items()}


def _begin(steps: list[RecordedStep], event: e.StepStarted) -> None:
    """Add a step that began at its place, unless it ran ahead, and takes as long as it did then."""
    if event.step >= len(steps):
        steps.append(RecordedStep(event.title, event.at))
    elif steps[event.step].failure not in {None, _CUT_OFF}:  # it failed ahead of its place
        steps[event.step] = RecordedStep(event.title, event.at)


def _take(step: RecordedStep, event: e.TaskEvent) -> None:
    """Add an event to the recorded step."""
    if isinstance(event, e.PrefetchFinished) and event.outcome != "succeeded":
        step.failure = e.Failure(event.note)
    elif isinstance(event, e.StepFinished | e.PrefetchFinished):
        if step.failure is not None:  # it did not run ahead
            step.seconds, step.changed, step.note = event.at - step.began, event.changed, event.note
            step.failure = None
    elif not isinstance(event, e.AttemptFinished):
        step.said.append(event)
        step.seconds = event.at - step.began
    elif event.outcome != "succeeded":
        step.seconds = event.at - step.began
        step.failure = event.failure or e.Failure(f"the recorded run was {event.outcome} here")
