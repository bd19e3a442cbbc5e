"""How long a run, its tasks, their steps and spans took: in one run, or as the median of several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.run.work_time import busy, work_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tui.run.attempt_state import AttemptState, SpanState, StepState
    from tui.run.state import RunState, TaskState

ENOUGH = 3
"""Runs that are needed to say what is usual."""

_TOLERANCE = 3.0  # median absolute deviations
_AT_LEAST = 0.02  # of the median, which a few equal runs may seem never to leave
_NOTICED = 0.1  # seconds
_POD = re.compile(r"^(pod/.+?)(-[a-z0-9]{6,10})?-[a-z0-9]{5}$")


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """How long something took, and its parts: of a run its tasks, of a task its steps, of a step its spans.

    Attributes:
        title: What it is called.
        seconds: How long it took: of a run the time in which something ran, of a task that of its attempts.
        deviation: How far runs are from the median: the median of their distances, 0 for one run.
        runs: In how many runs it was measured.
        status: How it is: a task's status, `unchanged` for a step that found its work done, `running`,
            `failed`, or empty.
        parts: Its parts in order, by a key that is the same in each run. Of a task that was tried several
            times these are the earlier attempts together, and the steps of the last.
    """

    title: str
    seconds: float
    deviation: float
    runs: int
    status: str
    parts: Mapping[str, Times]

    @property
    def tolerance(self) -> float:
        """Seconds by which a run may be off the median and still be usual: three deviations."""
        return max(_TOLERANCE * self.deviation, _AT_LEAST * self.seconds, _NOTICED)


def times_of(state: RunState, now: float | None = None) -> Times:
    """Return a run's times.

    Tasks that have not begun, and those that an earlier run did, are not among them.

    Args:
        state: The run.
        now: Seconds since it began, up to which counts what goes on; by default its latest event.
    """
    now = state.at if now is None else now
    tasks = {id_: _task(task, now) for id_, task in state.tasks.items() if _began(task)}
    name = state.started.plan if state.started else ""
    status = state.result or "running"
    return Times(name, work_time(busy(state, now)), 0.0, 1, status, tasks)


def median_times(runs: Sequence[Times]) -> Times:
    """Return the medians of several runs' times, newest first.

    Each part is the median over those runs that have it, as its `runs` tells; what fewer than half of the
    runs have is left out. Titles and order are the newest run's.
    """
    found: dict[str, list[Times]] = {}
    for run in runs:
        for key, part in run.parts.items():
            found.setdefault(key, []).append(part)
    parts = {key: median_times(each) for key, each in found.items() if 2 * len(each) >= len(runs)}
    middle = median([run.seconds for run in runs])
    deviation = median([abs(run.seconds - middle) for run in runs])
    return Times(runs[0].title, middle, deviation, len(runs), runs[0].status, parts)


def median(values: Sequence[float]) -> float:
    """Return the median of at least one value."""  # `statistics` takes long to import
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def pack(times: Times) -> list[Any]:
    """Return one run's times as lists, to be kept as JSON."""
    parts = [[key, *pack(part)] for key, part in times.parts.items()]
    return [times.title, round(times.seconds, 6), times.status, parts]


def unpack(packed: Sequence[Any]) -> Times:
    """Return the times that were packed."""
    title, seconds, status, parts = packed
    return Times(title, seconds, 0.0, 1, status, {part[0]: unpack(part[1:]) for part in parts})


def _began(task: TaskState) -> bool:
    return len(task.attempts) > task.earlier


def _task(task: TaskState, now: float) -> Times:
    *earlier, last = task.attempts[task.earlier :]
    parts = {}
    if earlier:
        spent = sum(attempt.end(now) - attempt.started for attempt in earlier)
        parts["earlier attempts"] = Times("earlier attempts", spent, 0.0, 1, "failed", {})
    parts |= _numbered((step.title, _step(step, last, now)) for step in last.steps)
    whole = sum(attempt.end(now) - attempt.started for attempt in task.attempts[task.earlier :])
    return Times(task.title, whole, 0.0, 1, task.status, parts)


def _step(step: StepState, attempt: AttemptState, now: float) -> Times:
    until = attempt.end(now)
    end = until if step.finished is None else step.finished
    status = "" if step.changed else "unchanged"
    if step.finished is None:
        status = "running" if attempt.finished is None else "failed"
    spans = (
        _span(span, until, status if step.finished is None else "")
        for span in attempt.spans
        if span.step == step.step
    )
    return Times(step.title, end - step.started, 0.0, 1, status, _numbered(spans))


def _span(span: SpanState, until: float, status: str) -> tuple[str, Times]:
    """Return a span's title and times; if it ended with its step, it is as that is: it had more to do."""
    subject = _POD.sub(r"\1", span.subject)
    title = " ".join(filter(None, (span.name, subject)))
    end = until if span.finished is None else span.finished
    return title, Times(title, end - span.started, 0.0, 1, status if end == until else "", {})


def _numbered(parts: Iterable[tuple[str, Times]]) -> dict[str, Times]:
    """Return parts by their titles, with a number behind one that another had before."""
    return dict(_keys(parts))


def _keys(parts: Iterable[tuple[str, Times]]) -> Iterator[tuple[str, Times]]:
    seen: dict[str, int] = {}
    for title, part in parts:
        seen[title] = seen.get(title, 0) + 1
        yield title if seen[title] == 1 else f"{title} ({seen[title]})", part
