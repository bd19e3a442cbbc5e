"""What is rehearsed of a plan without a recording: what earlier runs did, else times by kind of step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.insight.expectation import ASSUMED_TIMES
from tui.plan.kinds import ASSUMED, OTHERWISE, TIME_ASSUMED
from tui.rehearsal.recording import RecordedStep, Recording
from tui.secrets import Masker
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step

_PART_OF_TIMEOUT = 0.5  # which a step, or all those of a task, are assumed to take at most

_Key = tuple[str, str]


def assumed_recording(plan: Plan, earlier: Iterable[Recording]) -> Recording:
    """Return what is to be rehearsed of a plan.

    Args:
        plan: The plan.
        earlier: Earlier real runs of it, the newest first. They are read until they know all steps.
    """
    mask = Masker(plan.secret_values).mask
    wanted = {(task.id, mask(step.describe())) for task in plan.tasks for step in task.wanted_steps}
    known = _known(wanted, earlier)
    steps = {
        task.id: _steps(task, [known.get((task.id, mask(s.describe()))) for s in task.steps])
        for task in plan.tasks
    }
    assumed = sum(step.note == TIME_ASSUMED for each in steps.values() for step in each)
    if not known:
        return Recording("times are assumed by kind of step, as none is known", steps, ASSUMED_TIMES)
    more = f"; the times of {plural(assumed, 'step')} are assumed by kind" if assumed else ""
    return Recording(f"timings and logs are those of earlier runs{more}", steps, "earlier runs")


def _known(wanted: set[_Key], earlier: Iterable[Recording]) -> dict[_Key, RecordedStep]:
    """Return the newest step that succeeded of each that is wanted, best one that found something to do."""
    known: dict[_Key, RecordedStep] = {}
    for recording in earlier:
        for task, steps in recording.steps.items():
            for step in steps:
                key = task, step.title
                if (
                    key in wanted
                    and step.failure is None
                    and (key not in known or step.changed > known[key].changed)
                ):
                    known[key] = step
        if all(key in known and known[key].changed for key in wanted):
            break
    return known


def _steps(task: Task, known: list[RecordedStep | None]) -> list[RecordedStep]:
    """Return a task's steps, those that are not known with assumed times."""
    steps = [found or _assumed(step) for step, found in zip(task.steps, known, strict=True)]
    total = sum(step.seconds for step in steps)
    if task.timeout is None or total <= task.timeout * _PART_OF_TIMEOUT:
        return steps
    factor = task.timeout * _PART_OF_TIMEOUT / total
    return [
        replace(step, seconds=step.seconds * factor) if step.note == TIME_ASSUMED else step for step in steps
    ]


def _assumed(step: Step) -> RecordedStep:
    seconds = ASSUMED.get(step.kind, OTHERWISE).seconds if step.is_wanted else 0.0
    if step.timeout is not None:
        seconds = min(seconds, step.timeout * _PART_OF_TIMEOUT)
    return RecordedStep(step.describe(), 0.0, seconds, note=TIME_ASSUMED, failure=None)
