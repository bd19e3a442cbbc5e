"""Which runs can be compared: what they have in common that decides how long they take."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.run.attempt_state import StepState
    from tui.run.events import RunStarted
    from tui.run.state import RunState

WORK = {
    "created": "created cluster",
    "restored": "restored cluster",
    "started": "started cluster",
    "pulled": "pulled ",
    "built": "built ",
    "loaded": "loaded ",
}
"""What a step's note begins with where it had to do work that a cache, or a cluster that stands, spares."""

_NODE_IMAGE = "Ensuring node image"
_LOOKED_UP = 5.0  # seconds within which kind finds a node image that it need not pull


@dataclass(frozen=True, slots=True)
class Likeness:
    """What like runs have in common.

    Attributes:
        plan: The plan's name.
        purpose: `up` or `down`.
        mode: The mode, or one after the other where it was changed; and whether steps ran ahead, where the
            user said so.
        environment: `kind`, or `rehearsal` with its speed and recording.
        where: The machines that it ran on, and the cores of the one that it was started on.
        work: Of `WORK`, what there was to do, in that order: less of it where caches were warm.
    """

    plan: str
    purpose: str
    mode: str
    environment: str
    where: str
    work: tuple[str, ...]

    @property
    def caches(self) -> str:
        """The state of the caches that the run met: `cold` where it pulled or built, else `warm`."""
        return "cold" if {"pulled", "built"} & {*self.work} else "warm"

    def differences(self, other: Likeness) -> Iterator[tuple[str, str, str]]:
        """Yield what another run does not have in common: its name, and how it is here and there."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine != theirs:
                yield field.name, _words(mine), _words(theirs)


def likeness(state: RunState) -> Likeness:
    """Return what runs like this one have in common with it; the run has begun."""
    assert state.started is not None
    modes = [mode for at, mode in state.modes if state.ended_at is None or at <= state.ended_at]
    changed = [mode for i, mode in enumerate(modes) if i == 0 or mode != modes[i - 1]]
    ahead = {None: "", True: " with prefetch", False: " without prefetch"}[state.started.prefetch]
    return Likeness(mode=" → ".join(changed) + ahead, work=tuple(_work(state)), **_given(state.started))


def is_whole(state: RunState) -> bool:
    """Return whether a run did all of its plan by itself.

    Nothing failed, was left out, or was taken over from an earlier run.
    """
    return state.result == "succeeded" and all(
        task.status == "succeeded" and not task.kept and not task.is_assumed for task in state.tasks.values()
    )


def _given(started: RunStarted) -> dict[str, str]:
    environment = started.environment
    if environment == "rehearsal":
        speed = "" if started.speed == 1 else f" ×{started.speed:g}"
        environment = f"rehearsal{speed} {started.recording}".rstrip()
    cores = started.machine.cores
    return {
        "plan": started.plan,
        "purpose": started.purpose,
        "environment": environment,
        "where": f"{started.where}, {cores} core{'s' * (cores != 1)}",
    }


def _work(state: RunState) -> Iterator[str]:
    attempts = [attempt for task in state.tasks.values() for attempt in task.attempts]
    notes = [step.note for attempt in attempts for step in attempt.steps if _did(step)]
    spans = [span for attempt in attempts for span in attempt.spans]
    pulled = any(
        span.name == "pull" or (span.name.startswith(_NODE_IMAGE) and span.seconds > _LOOKED_UP)
        for span in spans
    )
    for work, beginning in WORK.items():
        if any(note.startswith(beginning) for note in notes) or (work == "pulled" and pulled):
            yield work


def _did(step: StepState) -> bool:
    return step.changed and step.finished is not None


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "nothing"
