"""The steps of a task that ran ahead of their places, as events tell of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.run.light import dataclass

if TYPE_CHECKING:
    from tui.run import events as e


@dataclass(frozen=True, slots=True)
class PrefetchState:
    """A step that ran ahead of its place; `finished` is None while it runs.

    Attributes:
        attempt: The number of the attempt that it ran for.
        note: What was done, or found, or why it failed.
        progress: What it reported last, while it runs.
    """

    attempt: int
    step: int
    title: str
    started: float
    finished: float | None = None
    outcome: e.Outcome | None = None
    changed: bool = True
    note: str = ""
    progress: e.Progressed | None = None

    def end(self, now: float) -> float:
        """Return when it finished, or `now` while it runs."""
        return max(now, self.started) if self.finished is None else self.finished


Prefetches = tuple[PrefetchState, ...]
"""Those of a task, in order."""


def started(prefetches: Prefetches, event: e.PrefetchStarted) -> Prefetches:
    """Return a task's prefetches with one that started."""
    return (*closed(prefetches, event.at), PrefetchState(event.attempt, event.step, event.title, event.at))


def finished(prefetches: Prefetches, event: e.PrefetchFinished) -> Prefetches:
    """Return a task's prefetches, the last of which finished."""
    if not prefetches or prefetches[-1].finished is not None:  # a damaged journal has lost its start
        return prefetches
    last = replace(
        prefetches[-1],
        finished=max(event.at, prefetches[-1].started),
        outcome=event.outcome,
        changed=event.changed,
        note=event.note,
        progress=None,
    )
    return (*prefetches[:-1], last)


def closed(prefetches: Prefetches, at: float) -> Prefetches:
    """Return a task's prefetches, none of which runs any more, for those whose end was lost."""
    if not prefetches or prefetches[-1].finished is not None:
        return prefetches
    last = replace(
        prefetches[-1], finished=max(at, prefetches[-1].started), outcome="cancelled", progress=None
    )
    return (*prefetches[:-1], last)


def progressed(prefetches: Prefetches, event: e.Progressed) -> Prefetches:
    """Return a task's prefetches with the progress of the one that runs."""
    if not prefetches or prefetches[-1].finished is not None:
        return prefetches
    return (*prefetches[:-1], replace(prefetches[-1], progress=event))
