"""Earlier runs of a plan, folded, to learn from."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tui.run.events import RunStarted
from tui.run.journal import EVENTS, read_events
from tui.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_BYTES = 8_000_000  # of a run's events: some 50,000, which take about a second to read
_MOST_RUNS = 200  # that are looked at


def recent_states(
    folder: Path, plan: str, environment: str, limit: int = 5, current: str = ""
) -> list[RunState]:
    """The newest runs that brought a plan up, as they ended or stand, newest first.

    Runs that cannot be read, and overly long ones, are passed over: this is for what a reader may learn from
    them, not for going on with them.

    Args:
        folder: Where the runs' folders are.
        plan: The plan's name.
        environment: `kind` or `rehearsal`.
        limit: How many at most.
        current: The id of a run to leave out: the one that asks.
    """
    newest = islice(sorted(folder.glob(f"*/{EVENTS}"), reverse=True), _MOST_RUNS)
    wanted = (plan, environment, "up")
    return list(islice((s for path in newest for s in _read(path, wanted, current)), limit))


def _read(path: Path, wanted: tuple[str, str, str], current: str) -> Iterator[RunState]:
    """The state of a run, if it is of the plan, environment and purpose that are wanted, and can be read."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return
        events = read_events(path.parent)
        first = next(events, None)
        if not isinstance(first, RunStarted) or first.run == current:
            return
        if (first.plan, first.environment, first.purpose) != wanted:
            return
        state = RunState()
        state.apply(first)
        for event in events:
            state.apply(event)
    except (OSError, LookupError, ValueError):  # not there any more, not ours, or damaged
        return
    yield state
