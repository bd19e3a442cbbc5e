"""Snapshots in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.text import ago, amount, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.cluster.snapshots.snapshot import Snapshot


def told(snapshot: Snapshot, took: float, replaced: int) -> Iterator[str]:
    """Yield the lines that tell of a snapshot that was taken: its cost and its gain.

    Args:
        snapshot: The snapshot.
        took: Seconds that it took.
        replaced: How many older ones were removed for it.
    """
    after = f" after {snapshot.after}" if snapshot.after else ""
    yield f"took snapshot {snapshot.id} of cluster {snapshot.cluster}{after} in {seconds(took)}"
    yield f"  {_size(snapshot.own)}; {_size(snapshot.whole)} once the cluster is gone"
    if replaced:
        yield f"  removed {plural(replaced, 'older snapshot')}"
    made = f", which took {seconds(snapshot.made_in)} to make" if snapshot.made_in else ""
    yield f"  `bringup up` starts from it{made}: after `bringup down`, as long as its inputs are the same"


def table(snapshots: Sequence[Snapshot]) -> list[str]:
    """Return the lines of a list of snapshots."""
    rows = [("SNAPSHOT", "PLAN", "CLUSTER", "AFTER", "TAKEN", "SIZE")]
    now = time.time()
    rows += [
        (each.id, each.plan, each.cluster, each.after or "all", ago(now - each.taken), _size(each.whole))
        for each in snapshots
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _size(value: int) -> str:
    return amount(value, None, "B")
