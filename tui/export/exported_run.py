"""A run as exports see it: its state, what is concluded from it, and its logs."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tui.insight.compare import Side, compare
from tui.insight.expectation import EMPTY
from tui.insight.forecast import forecast
from tui.insight.outcome import judge
from tui.insight.why import why_run
from tui.run.journal import log_path
from tui.run.likeness import likeness
from tui.run.summary import began_at
from tui.run.times import times_of
from tui.text import clock, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.insight.compare import Comparison
    from tui.insight.forecast import Forecast
    from tui.insight.why import Why
    from tui.run.attempt_state import AttemptState, StepState
    from tui.run.events import Failure, RunStarted
    from tui.run.state import RunState, TaskState
    from tui.run.times import Times


@dataclass(frozen=True)
class ExportedRun:
    """A run that is exported.

    Attributes:
        state: The run, which has begun.
        directory: Its journal's directory, where logs are; None without logs.
        running: Whether its process still goes on.
        compared_with: Finds what it is compared with, which takes a while: the last good run before it, and
            the median of the runs like it, each where there is one.
    """

    state: RunState
    directory: Path | None = None
    running: bool = False
    compared_with: Callable[[], tuple[RunState | None, Times | None]] = lambda: (None, None)

    @property
    def started(self) -> RunStarted:
        """The run's first event."""
        assert self.state.started is not None
        return self.state.started

    @property
    def title(self) -> str:
        """The plan's title, on one line."""
        return one_line(self.started.title or self.started.plan)

    @cached_property
    def now(self) -> float:
        """The moment at which it is looked at: its end, or the last that is known of it."""
        return self.state.known_until

    @cached_property
    def began(self) -> datetime.datetime:
        """When it began, in UTC; the epoch where a damaged journal does not tell."""
        return datetime.datetime.fromtimestamp(began_at(self.started.started), datetime.UTC)

    @cached_property
    def verdict(self) -> tuple[str, str]:
        """How it went, as a status and as a sentence."""
        return judge(self.state, self.now, running=self.running)

    @cached_property
    def remarks(self) -> list[str]:
        """What every export must say: that it is a rehearsal, or not the whole of a run."""
        remarks = [one_line(line) for line in self.started.note.splitlines()]
        if self.started.environment == "rehearsal" and not remarks:
            remarks.append("a rehearsal: nothing was created")
        if self.running:
            remarks.append(f"the run still goes on: this is how it stood at {clock(self.now)}")
        elif self.state.result is None:
            remarks.append(f"the run was cut off at {clock(self.now)}: what came then is not known")
        if self.started.resumed:
            remarks.append(f"it resumes run {one_line(self.started.resumed)}")
        return remarks

    @cached_property
    def facts(self) -> dict[str, str]:
        """What is known of the run as a whole, by name."""
        started, machine = self.started, self.started.machine
        return {
            "run": one_line(started.run),
            "plan": one_line(started.plan),
            "mode": one_line(likeness(self.state).mode),
            "environment": one_line(started.environment)
            + (f" at {started.speed:g} times the speed" if started.speed != 1 else ""),
            "started": f"{self.began:%Y-%m-%d %H:%M:%S} UTC",
            "where": f"{one_line(started.where)} ({one_line(machine.system)}, {machine.cores} cores, "
            f"{machine.memory_gib:g} GiB)",
            "bringup": one_line(started.bringup),
        }

    @cached_property
    def forecast(self) -> Forecast:
        """When each task ran, and which decided when the run ended."""
        return forecast(self.state, {}, self.now)

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The tasks that decided when the run ended, in order; of one that goes on, those that have begun."""
        return tuple(id_ for id_ in self.forecast.critical if self.state.tasks[id_].attempts)

    @cached_property
    def critical(self) -> frozenset[str]:
        """The same, to look them up."""
        return frozenset(self.path)

    @cached_property
    def why(self) -> Why:
        """Why it took that long."""
        return why_run(self.state, self.now, EMPTY, self.forecast, cut_off=self.is_cut_off)

    @property
    def is_cut_off(self) -> bool:
        """Whether it has not finished and never will."""
        return self.state.ended_at is None and not self.running

    @cached_property
    def comparison(self) -> Comparison | None:
        """What changed against the last good run; None without one."""
        good, usual = self.compared_with()
        if good is None or good.started is None:
            return None
        return compare(_side(self.state, self.now), _side(good), usual)

    def word(self, task: TaskState) -> str:
        """Return how a task is, in words: its status, or why that is not the whole truth."""
        if task.is_assumed:
            return "not run"
        if task.kept:
            return "kept"
        return "cut off" if task.status == "running" and not self.running else task.status

    def ended(self, step: StepState, attempt: AttemptState) -> float:
        """Return when a step ended: with its attempt, if it failed or still runs."""
        return attempt.end(self.now) if step.finished is None else step.finished

    def log(self, task: str) -> Path | None:
        """Return the path of a task's log, if it has printed something."""
        path = None if self.directory is None else log_path(self.directory, task)
        return path if path is not None and path.is_file() else None


def last_lines(failure: Failure) -> list[str]:
    """Return the lines that show a failure."""
    return [*failure.details, *failure.further]


def _side(state: RunState, now: float | None = None) -> Side:
    started = state.started
    assert started is not None
    name = f"run {started.run}, {started.started}"
    return Side(name, started.run, started, likeness(state), times_of(state, now))
