"""What commands that look at a kept run read of it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.insight.expectation import Expectation
    from tui.run.kept_run import KeptRun
    from tui.run.state import RunState
    from tui.run.store import Store
    from tui.run.times import Times

_LIKE = 5  # runs, so that it stays quick


def read(kept: KeptRun) -> RunState:
    """Return a kept run as it ended or stands.

    Raises:
        BringupError: Its journal cannot be read, or does not tell how the run began.
    """
    with reading(kept):
        state = kept.state
    check_begun(kept, state)
    return state


@contextlib.contextmanager
def reading(kept: KeptRun) -> Iterator[None]:
    """Tell which run it was whose journal cannot be read.

    Raises:
        BringupError: It cannot.
    """
    try:
        yield
    except OSError as error:
        raise BringupError(f"run {kept.id}: its journal cannot be read: {error.strerror}") from error


def check_begun(kept: KeptRun, state: RunState) -> None:
    """Refuse a run whose journal does not tell how it began.

    Raises:
        BringupError: It does not.
    """
    if state.started is None:
        raise BringupError(f"run {kept.id}: its journal is damaged", "name another run")


def expected(store: Store, kept: KeptRun) -> Expectation:
    """Return how long things took before a run, as its own clock would have it."""
    from tui.insight.expectation import Expectation

    started = kept.started
    earlier = store.recent_states(started.plan, started.environment, current=kept.id, mode=started.mode)
    return Expectation.of(earlier).scaled(1 / started.speed)


def still_expected(store: Store, kept: KeptRun, state: RunState) -> Expectation:
    """Return how long things took before, where a run goes on: one that has finished needs none of that."""
    from tui.insight.expectation import EMPTY

    return expected(store, kept) if state.ended_at is None and kept.is_running else EMPTY


def moment(kept: KeptRun, state: RunState) -> float:
    """Return the moment that a run is looked at: its end, the last that is known of it, or now."""
    from tui.run.summary import began_at

    began = began_at(kept.started.started)
    if state.ended_at is not None or not kept.is_running or not began:
        return state.known_until
    return max(time.time() - began, state.at)


def like(store: Store, kept: KeptRun, state: RunState) -> tuple[Iterator[RunState], list[Times]]:
    """Return runs of a run's like, read one after the other as they are looked at, and how long they took."""
    runs = [*store.like(kept, _LIKE)] if state.result == "succeeded" else []
    return _states(runs), [measured.times for measured in store.measured(runs)]


def _states(runs: Iterable[KeptRun]) -> Iterator[RunState]:
    for run in runs:
        with contextlib.suppress(OSError):  # somebody deletes it meanwhile
            yield run.state
