"""Which kept runs are deleted, so that they do not fill the disk."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.run.journal import is_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.run.store import Store
    from tui.run.summary import Summary


@dataclass(frozen=True, slots=True)
class Limits:
    """How many runs are kept; the last good run of each plan is kept whatever they say.

    Attributes:
        runs: The number of runs.
        days: The age of the oldest, in days.
        gigabytes: The size of all together, in 10⁹ bytes.
    """

    runs: float = 200
    days: float = 90
    gigabytes: float = 5

    @classmethod
    def from_environment(cls) -> Limits:
        """Return the limits that `BRINGUP_KEEP_RUNS`, `…_DAYS` and `…_GIGABYTES` set, else the defaults.

        Raises:
            BringupError: One of them is no number.
        """
        found: dict[str, float] = {}
        for name in ("runs", "days", "gigabytes"):
            text = os.environ.get(variable := f"BRINGUP_KEEP_{name.upper()}", "").strip()
            if text and not re.fullmatch(r"\d+(\.\d+)?|inf", text):
                raise BringupError(f"{variable}={text} is no number", "set a number, or `inf` to keep all")
            found |= {name: float(text)} if text else {}
        return cls(**found)


def prunable(store: Store, limits: Limits) -> list[Summary]:
    """Return the runs beyond some limits, the newest first.

    Not among them are runs that still go on or are marked, the last of each plan that came up, and what is no
    run.
    """
    listing = store.listing()
    spared = {*listing.marked}
    plans = set()
    for each in listing.summaries:
        if each.came_up and each.plan not in plans:
            plans.add(each.plan)
            spared.add(each.name)
    beyond = (each for each in _beyond(listing.summaries, limits, time.time()) if each.name not in spared)
    return [each for each in beyond if not is_written(store.root / each.name)]


def prune(store: Store, limits: Limits) -> list[Summary]:
    """Delete the runs beyond some limits; see `prunable`.

    Returns:
        The deleted runs; those that cannot be deleted are not among them.
    """
    pruned = prunable(store, limits)
    for each in pruned:
        shutil.rmtree(store.root / each.name, ignore_errors=True)
    return [each for each in pruned if not (store.root / each.name).exists()]


def _beyond(summaries: list[Summary], limits: Limits, now: float) -> Iterator[Summary]:
    size = 0.0
    for count, each in enumerate(summaries, 1):
        size += each.size
        days = (now - each.changed) / 86_400
        if count > limits.runs or days > limits.days or size > limits.gigabytes * 1e9:
            yield each
