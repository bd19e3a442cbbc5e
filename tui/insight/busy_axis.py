"""How busy a host was along a time axis, for the lanes below bars of tasks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.plan.address import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.insight.time_axis import Scale
    from tui.run.events import Sampled
    from tui.run.samples import Samples
    from tui.run.state import RunState

LEVELS = "▁▂▃▄▅▆▇█"
NOT_MEASURED = "not measured on this system"
_GAP = 0.5  # seconds between two samples that are nothing but how their times are measured
SCARCE = 0.9
"""The share of a host's memory in use from which on it is told."""


def busiest(samples: Samples) -> Sequence[Sampled]:
    """Return the samples of the host that had most to do; none where there are none."""
    return max(
        (tuple(each) for each in samples.values()),
        key=lambda of: sum(sample.machine.cpu * sample.seconds for sample in of),
        default=(),
    )


def not_measured(state: RunState) -> bool:
    """Return whether a run's machine keeps no count of what it is busy with: all but Linux."""
    started = state.started
    if started is None or started.environment == "rehearsal" or state.samples:
        return False
    return started.machine.system != "Linux" and set(started.hosts.values()) <= {LOCAL}


def cpu_shares(samples: Iterable[Sampled], scale: Scale) -> list[float | None]:
    """Return the share of its cores that a host kept busy in each column; None where that is not known."""
    return _by_column(((s, s.machine.cpu / s.cores if s.cores else 0.0) for s in samples), scale)


def memory_shares(samples: Iterable[Sampled], scale: Scale) -> list[float | None]:
    """Return the share of its memory that was in use in each column; None where that is not known."""
    return _by_column(((s, s.machine.memory / s.memory if s.memory else 0.0) for s in samples), scale)


def is_scarce(samples: Iterable[Sampled]) -> bool:
    """Return whether memory ran out, or nearly."""
    return any(sample.machine.memory >= SCARCE * sample.memory for sample in samples)


def level(share: float | None) -> str:
    """Return a block as high as a share from 0 to 1; blank for None."""
    if share is None:
        return " "
    return LEVELS[min(max(round(share * len(LEVELS)) - 1, 0), len(LEVELS) - 1)]


def _by_column(shares: Iterable[tuple[Sampled, float]], scale: Scale) -> list[float | None]:
    """Return the mean of each column, by how much of it each sample covers."""
    sums, covers = [0.0] * scale.columns, [0.0] * scale.columns
    before = -_GAP
    for sample, share in shares:
        began = sample.at - sample.seconds
        start, end = scale.at(before if began - before < _GAP else began), scale.at(sample.at)
        before = sample.at
        for column in range(max(math.floor(start), 0), min(math.ceil(end), scale.columns)):
            cover = min(end, column + 1) - max(start, column)
            sums[column] += share * cover
            covers[column] += cover
    return [total / cover if cover > 0.05 else None for total, cover in zip(sums, covers, strict=True)]
