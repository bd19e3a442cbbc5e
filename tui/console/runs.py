"""The runs that are kept, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.run.state import RunState


def as_data(states: Iterable[RunState]) -> list[dict[str, Any]]:
    """Runs as JSON-like data."""
    return [
        {
            "run": state.started.run,
            "environment": state.started.environment,
            "mode": state.mode,
            "outcome": state.outcome or "cut off",
            "seconds": state.at if state.ended_at is None else state.ended_at,
        }
        for state in states
        if state.started is not None
    ]


def table(states: Iterable[RunState]) -> Iterator[str]:
    """A line for each run."""
    runs = as_data(states)
    for run in runs:
        took = seconds(run["seconds"])
        yield f"{run['run']}  {run['environment']:<9}  {run['mode']:<10}  {run['outcome']:<9}  {took:>8}"
    if not runs:
        yield "no run is kept"
