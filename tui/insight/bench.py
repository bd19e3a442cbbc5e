"""What a benchmark's runs say: each mode's mean, spread and ratio, and which runs not to trust."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from tui.insight.cpu_seconds import others
from tui.run.likeness import likeness
from tui.run.work_time import busy, work_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.run.events import RunOutcome
    from tui.run.state import RunState

SPOILED = 0.25
"""The share of all cores that others may keep busy in a run, or before it, until it counts as spoiled."""

_OUTLIER = 3.5  # robust standard deviations from the median
_ROBUST = 1.4826  # standard deviations in a median absolute deviation
_APART = 0.05  # of the median that an outlier is off at least


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One run of a benchmark.

    Attributes:
        run: Its id.
        mode: Its mode.
        round: The round that it belongs to, from 1; 0 for one that only warms the caches.
        seconds: How long it worked.
        outcome: How it went.
        caches: `cold` where it pulled or built, else `warm`.
        cores: The machine's cores; None where nothing was measured.
        others: Cores that others than the run kept busy, on average; None where nothing was measured.
        before: Cores that were busy before it began; None where nothing was measured.
    """

    run: str
    mode: str
    round: int
    seconds: float
    outcome: RunOutcome | None
    caches: str
    cores: int | None = None
    others: float | None = None
    before: float | None = None

    @classmethod
    def of(cls, state: RunState, number: int, before: float | None = None) -> BenchRun:
        """Return what a run that has finished says.

        Args:
            state: The run.
            number: Its round.
            before: Cores that were busy before it began, where that was measured.
        """
        assert state.started is not None
        samples = [sample for each in state.samples.values() for sample in each]
        alone = len(state.samples) == 1  # what others do on one of several machines says little
        return cls(
            run=state.started.run,
            mode=state.started.mode,
            round=number,
            seconds=work_time(busy(state, state.known_until)),
            outcome=state.result,
            caches=likeness(state).caches,
            cores=samples[0].cores if samples else None,
            others=fmean(map(others, samples)) if samples and alone else None,
            before=before,
        )

    @property
    def spoiled(self) -> str:
        """What else kept the machine busy, in words, if that was much; else empty."""
        limit = SPOILED * (self.cores or 0)
        if self.others is not None and self.others > limit:
            return f"others kept {self.others:.1f} of {self.cores} cores busy"
        if self.before is not None and self.before > limit > 0:
            return f"{self.before:.1f} of {self.cores} cores were busy before it began"
        return ""


@dataclass(frozen=True, slots=True)
class ModeResult:
    """What the runs of one mode say; times in seconds.

    Attributes:
        mode: The mode.
        runs: Its runs that came up, in order.
        mean: Their mean.
        deviation: Their standard deviation; None for a single run.
        ratio: How many times as long as the fastest mode's mean; 1 for the fastest.
        uncertainty: The standard deviation of the ratio; None where one of both has none.
        outliers: Ids of runs that are far from the median of the others.
    """

    mode: str
    runs: tuple[BenchRun, ...]
    mean: float
    deviation: float | None
    ratio: float = 1.0
    uncertainty: float | None = None
    outliers: tuple[str, ...] = ()

    @property
    def least(self) -> float:
        """The shortest run's time."""
        return min(run.seconds for run in self.runs)

    @property
    def most(self) -> float:
        """The longest run's time."""
        return max(run.seconds for run in self.runs)


def order(modes: Sequence[str], number: int) -> list[str]:
    """Return the order of the modes in a round, from 1: each round begins with the next one."""
    first = (number - 1) % len(modes)
    return [*modes[first:], *modes[:first]]


def results(runs: Iterable[BenchRun]) -> list[ModeResult]:
    """Return what the counted runs say that came up, the fastest mode first."""
    by_mode: dict[str, list[BenchRun]] = {}
    for run in runs:
        if run.round and run.outcome == "succeeded":
            by_mode.setdefault(run.mode, []).append(run)
    found = sorted((_result(mode, of) for mode, of in by_mode.items()), key=lambda result: result.mean)
    return [_beside(result, found[0]) for result in found]


def _result(mode: str, runs: Sequence[BenchRun]) -> ModeResult:
    times = [run.seconds for run in runs]
    deviation = stdev(times) if len(times) > 1 else None
    return ModeResult(mode, tuple(runs), fmean(times), deviation, outliers=tuple(_outliers(runs)))


def _beside(result: ModeResult, fastest: ModeResult) -> ModeResult:
    if result is fastest or not fastest.mean:
        return result
    ratio = result.mean / fastest.mean
    uncertainty = None
    if result.deviation is not None and fastest.deviation is not None and result.mean:
        uncertainty = ratio * math.hypot(result.deviation / result.mean, fastest.deviation / fastest.mean)
    return ModeResult(
        result.mode, result.runs, result.mean, result.deviation, ratio, uncertainty, result.outliers
    )


def _outliers(runs: Sequence[BenchRun]) -> Iterable[str]:
    if len(runs) < 3:
        return
    middle = median(run.seconds for run in runs)
    robust = _ROBUST * median(abs(run.seconds - middle) for run in runs)
    for run in runs:
        off = abs(run.seconds - middle)
        if off > _OUTLIER * robust and off > _APART * middle:
            yield run.run
