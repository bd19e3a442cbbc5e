"""How long things took before: what a forecast expects, and what a step is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.run.attempt_state import AttemptState
    from tui.run.state import RunState, TaskState


ASSUMED_TIMES = "assumed times"
"""The source of times that no run tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """How long tasks and their steps are expected to take.

    Attributes:
        seconds: How long a successful attempt of each task takes, by the task's id.
        steps: For each task, its steps' titles and seconds, in order.
        source: Where that is known from, in words: `3 earlier runs`, `a recording`.
        history: How long it took each time, the latest last; for tasks that are known from earlier runs.
    """

    seconds: Mapping[str, float]
    steps: Mapping[str, tuple[tuple[str, float], ...]]
    source: str
    history: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def usually(self) -> str:
        """The word to tell a time with: `usually`, or `assumed` where no run tells any."""
        return "assumed" if self.source == ASSUMED_TIMES else "usually"

    @classmethod
    def of(cls, states: Iterable[RunState]) -> Expectation:
        """Take the medians of earlier runs' attempts that did their work.

        An attempt that found everything done already says nothing of how long the work takes. A rehearsal's
        times are scaled back to its recording's speed.

        Args:
            states: The runs, the newest first: where a task's steps have changed, its steps as they are in
                the newest count.
        """
        attempts: dict[str, list[tuple[AttemptState, float]]] = {}
        runs = 0
        for state in states:
            speed = state.started.speed if state.started else 1.0
            worked = {id_: attempt for id_, task in state.tasks.items() if (attempt := _worked(task))}
            for id_, attempt in worked.items():
                attempts.setdefault(id_, []).append((attempt, speed))
            runs += bool(worked)
        history = {
            id_: tuple((attempt.end(attempt.started) - attempt.started) * speed for attempt, speed in found)
            for id_, found in attempts.items()
        }
        return cls(
            {id_: median(took) for id_, took in history.items()},
            {id_: _steps(found) for id_, found in attempts.items()},
            "" if not runs else "an earlier run" if runs == 1 else f"{runs} earlier runs",
            {id_: took[::-1] for id_, took in history.items()},
        )

    def scaled(self, factor: float) -> Expectation:
        """Return it with all times multiplied: by 1/60 for a rehearsal that is 60 times as fast."""
        return Expectation(
            {id_: seconds * factor for id_, seconds in self.seconds.items()},
            {
                id_: tuple((title, seconds * factor) for title, seconds in steps)
                for id_, steps in self.steps.items()
            },
            self.source,
            {id_: tuple(each * factor for each in took) for id_, took in self.history.items()},
        )

    def named(self, source: str) -> Expectation:
        """Return it with another source."""
        return replace(self, source=source if self.seconds else "")

    def merged(self, over: Expectation) -> Expectation:
        """Return it with another's times for the tasks that it does not know."""
        known, more = self.seconds.keys(), over.seconds.keys()
        sources = (self.source if known else "", over.source if more - known else "")
        return Expectation(
            {**over.seconds, **self.seconds},
            {**over.steps, **self.steps},
            " and ".join(source for source in sources if source),
            self.history,
        )


EMPTY = Expectation({}, {}, "")
"""Nothing is known."""


def _worked(task: TaskState) -> AttemptState | None:
    """Return the attempt in which a task did its work, if there was one."""
    attempt = task.attempt
    if attempt is None or attempt.outcome != "succeeded":
        return None
    return attempt if not attempt.steps or any(step.changed for step in attempt.steps) else None


def _steps(attempts: Sequence[tuple[AttemptState, float]]) -> tuple[tuple[str, float], ...]:
    """Return each step's median over the attempts that had the same steps as the first."""
    titles = [step.title for step in attempts[0][0].steps]
    alike = [
        [(step.finished - step.started) * speed for step in attempt.steps if step.finished is not None]
        for attempt, speed in attempts
        if [step.title for step in attempt.steps] == titles
    ]
    whole = [seconds for seconds in alike if len(seconds) == len(titles)]
    return tuple(zip(titles, map(median, zip(*whole, strict=True)), strict=True)) if whole else ()
