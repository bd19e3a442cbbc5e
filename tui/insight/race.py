"""Runs beside each other on one clock: what ran when in each, who is ahead by how much, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.run.events import Outcome
    from tui.run.state import RunState

_SAME = 0.05  # seconds of which nobody speaks

Finish = Literal["up", "failed", "cancelled", "cut off"]


class Stretch(NamedTuple):
    """An attempt in a race.

    Attributes:
        track: Its place among what runs at the same time, from 0.
        task: The task's id.
        start: When it began, in seconds since the run did.
        end: When it finished, or was heard of last.
        outcome: How it went; None where its end is not known.
    """

    track: int
    task: str
    start: float
    end: float
    outcome: Outcome | None


@dataclass(frozen=True, eq=False)
class Racer:
    """A run in a race.

    Attributes:
        run: The run's id.
        name: What it is called: its mode, or a letter where others have the same.
        state: The run in the end.
        end: When its last task finished, or else its latest event was, in seconds since it began.
        stretches: Its attempts, by their begin.
    """

    run: str
    name: str
    state: RunState
    end: float
    stretches: tuple[Stretch, ...]

    @property
    def finish(self) -> Finish:
        """How it ended."""
        if self.state.ended_at is None:
            return "cut off"
        if self.state.result == "succeeded":
            return "up"
        return "failed" if self.state.with_status("failed") else "cancelled"

    def done(self, at: float) -> int:
        """Return how many tasks were done at a moment."""
        return sum(
            task.status == "succeeded" and task.ended is not None and task.ended <= at
            for task in self.state.tasks.values()
        )

    def running(self, at: float) -> list[Stretch]:
        """Return what ran at a moment."""
        return [each for each in self.stretches if each.start <= at < each.end]


def racers(runs: Sequence[tuple[str, RunState, float]]) -> list[Racer]:
    """Return runs as they race.

    Args:
        runs: Each run's id, its state in the end, and when that was, in seconds since it began.
    """
    modes = [_mode(state) for _, state, _ in runs]
    unique = len(set(modes)) == len(modes)
    names = modes if unique else [f"{'ABC'[i]} ({mode})" for i, mode in enumerate(modes)]
    return [
        Racer(run, name, state, end, tuple(_stretches(state, end)))
        for name, (run, state, end) in zip(names, runs, strict=True)
    ]


def _mode(state: RunState) -> str:
    """Return a run's mode, or those that it had one after the other."""
    modes = [mode for _, mode in state.modes]
    return ", then ".join(mode for i, mode in enumerate(modes) if modes[i - 1 : i] != [mode])


def _stretches(state: RunState, end: float) -> list[Stretch]:
    """Return a run's attempts, each on the first track that is free."""
    attempts = [(task.id, attempt) for task in state.tasks.values() for attempt in task.attempts]
    free: list[float] = []
    found = []
    for task, attempt in sorted(attempts, key=lambda pair: pair[1].started):
        start, stop = attempt.started, max(min(attempt.end(end), end), attempt.started)
        track = next((i for i, since in enumerate(free) if since <= start), len(free))
        free[track : track + 1] = [stop]
        found.append(Stretch(track, task, start, stop, attempt.outcome))
    return found


def lead(racing: Sequence[Racer], one: Racer, at: float) -> float | None:
    """Return by how many seconds a run that is up is ahead at a moment of the last that is, or will be.

    Returns:
        None while it is not up, and for what is ahead of nobody.
    """
    others = [each.end for each in racing if each is not one and each.finish == "up"]
    if one.finish != "up" or at < one.end or not others or max(others) - one.end < _SAME:
        return None
    return min(at, max(others)) - one.end


def result(racing: Sequence[Racer]) -> str:
    """Return in a sentence how a race ended."""
    up = sorted((each for each in racing if each.finish == "up"), key=lambda each: each.end)
    rest = [f"{each.name} {_ended(each)}" for each in racing if each.finish != "up"]
    if not up:
        return _capital(f"{_and(rest)}: none came up")
    first, *later = up
    parts = [f"{first.name} was up in {seconds(first.end)}"]
    if later:
        parts.append(", and ".join(_sooner(first, each) for each in later))
    text = ": ".join(parts)
    return _capital("; ".join([text, *rest]))


def _sooner(first: Racer, other: Racer) -> str:
    difference = other.end - first.end
    if difference < _SAME:
        return f"as soon as {other.name}"
    percent = round(difference / other.end * 100)
    return f"{seconds(difference)} ({percent} %) sooner than {other.name}, which took {seconds(other.end)}"


def _ended(racer: Racer) -> str:
    """Return how a run ended that did not come up."""
    words = {"failed": "failed after", "cancelled": "was cancelled after", "cut off": "was cut off after"}
    return f"{words[racer.finish]} {seconds(racer.end)}"


def _and(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
