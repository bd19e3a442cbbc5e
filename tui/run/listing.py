"""What is in a store of runs, read from their journals once and from an index from then on."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import astuple
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from tui.run.journal import EVENTS, is_written, read_started, read_state
from tui.run.kept_run import is_marked
from tui.run.likeness import Likeness, likeness
from tui.run.summary import Summary, damaged, summarize
from tui.run.times import Times, pack, times_of, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.run.state import RunState


class Listing(NamedTuple):
    """What is in a store.

    Attributes:
        summaries: What is told of its runs, newest first.
        marked: The names of the directories of runs that pruning never takes.
        running: The names of the directories of runs that still go on.
        skipped: What is there besides runs: foreign directories and damaged journals.
    """

    summaries: list[Summary]
    marked: frozenset[str]
    running: frozenset[str]
    skipped: list[Path]


class Measured(NamedTuple):
    """What was measured of a run.

    Attributes:
        times: How long it, its tasks, steps and spans took.
        likeness: What runs like it have in common with it.
    """

    times: Times
    likeness: Likeness

    @classmethod
    def of(cls, state: RunState) -> Measured:
        """Work it out."""
        return cls(times_of(state), likeness(state))


def list_runs(root: Path) -> Listing:
    """Return what is in a store's directory, by its index as far as journals have not changed."""
    from tui.run.index import Index  # SQLite takes a while to import

    index = Index(root)
    known = index.read()
    found: dict[str, Summary] = {}
    changed: list[Summary] = []
    times: dict[str, str] = {}
    marked, unread = [], []
    for name, status in _scan(root):
        summary = known.get(name)
        if status and (summary is None or summary.stamp != stamp_of(status)):
            summary = _summary(root / name, status, times)
            changed += [summary] if summary else []
        if summary is None or status is None:
            unread.append(name)
            continue
        found[name] = summary
        if is_marked(status):
            marked.append(name)
    gone = known.keys() - found.keys()
    if changed or gone:
        index.write(changed, times, gone)
    summaries = [each for each in found.values() if each.run]
    summaries.sort(key=attrgetter("order"), reverse=True)
    unread += [each.name for each in found.values() if not each.run]
    running = (each.name for each in summaries if not each.outcome and is_written(root / each.name))
    skipped = [root / name for name in unread]
    return Listing(summaries, frozenset(marked), frozenset(running), skipped)


def read_measured(root: Path, stamps: dict[str, str]) -> dict[str, Measured]:
    """Return what the index has of runs, by the names of their directories; see `Index.read_times`."""
    from tui.run.index import Index

    found = Index(root).read_times(stamps).items()
    return {name: measured for name, packed in found if (measured := _unpacked(packed))}


def stamp_of(status: os.stat_result) -> str:
    """Return a text that changes whenever a file does."""
    return f"{status.st_mtime_ns} {status.st_size}"


def _size(directory: Path) -> int:
    """Return the bytes that all files below a directory have."""
    return sum(
        os.lstat(f"{parent}/{name}").st_size for parent, _, names in os.walk(directory) for name in names
    )


def _scan(root: Path) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield the name of each directory, with the status of its journal's file if there is one."""
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            try:
                status = os.stat(f"{entry.path}/{EVENTS}")  # noqa: PTH116 - of ten thousand
            except NotADirectoryError:
                continue
            except OSError:
                yield entry.name, None
            else:
                yield entry.name, status if stat.S_ISREG(status.st_mode) else None


def _summary(directory: Path, status: os.stat_result, times: dict[str, str]) -> Summary | None:
    """Return a run's summary by its journal, and add its times; None if that cannot be read now."""
    name, stamp = directory.name, stamp_of(status)
    try:
        if read_started(directory) and (state := read_state(directory)).started:
            times[name] = json.dumps([astuple(likeness(state)), pack(times_of(state))])
            return summarize(name, state, status.st_mtime, _size(directory), stamp)
    except OSError:
        return None
    return damaged(name, stamp)


def _unpacked(packed: str) -> Measured | None:
    with contextlib.suppress(ValueError, TypeError, IndexError):  # the index is damaged
        (plan, purpose, mode, environment, where, work), times = json.loads(packed)
        return Measured(unpack(times), Likeness(plan, purpose, mode, environment, where, tuple(work)))
    return None
