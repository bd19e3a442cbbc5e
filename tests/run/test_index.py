"""The index saves reading journals, and never says anything that they do not."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.run.test_store import keep
from tui.run import events as e
from tui.run import index, journal
from tui.run import listing as module
from tui.run.event_json import encode
from tui.run.index import path_of
from tui.run.store import Store
from tui.run.times import times_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.run.state import RunState
    from tui.run.summary import Summary


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "runs")
    for day in "123":
        keep(store, f"2026010{day}T000000Z-0000", "succeeded")
    keep(store, "20260104T000000Z-0000").write_text("{")
    return store


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the directories whose journals have been read in full."""
    names: list[str] = []

    def read_state(directory: Path) -> RunState:
        names.append(directory.name)
        return journal.read_state(directory)

    monkeypatch.setattr(module, "read_state", read_state)
    return names


def fresh(store: Store) -> list[Summary]:
    """What the journals say."""
    path_of(store.root).unlink(missing_ok=True)
    return store.listing().summaries


def test_a_journal_is_read_once_and_again_when_it_has_changed(store: Store, read: list[str]) -> None:
    assert len(store.listing().summaries) == 3
    assert path_of(store.root).is_file()
    assert all(path.is_dir() for path in store.root.iterdir())  # for scripts that take the last one there
    assert len(read) == 3
    read.clear()
    assert len(store.listing().summaries) == 3
    assert read == []
    path = keep(store, "20260105T000000Z-0000")
    assert store.listing().summaries[0].outcome == "succeeded"
    with path.open("a") as file:
        file.write(encode(e.TaskReset(6.0, "a")).decode() + "\n")
    assert store.listing().summaries[0].outcome == ""
    assert read == ["20260105T000000Z-0000"] * 2
    shutil.rmtree(path.parent)
    (store.root / "20260101T000000Z-0000" / "events.jsonl").unlink()
    listing = store.listing()
    assert [each.run[:8] for each in listing.summaries] == ["20260103", "20260102"]
    assert len(listing.skipped) == 2
    assert fresh(store) == listing.summaries


def test_a_damaged_journal_is_not_read_each_time_but_is_once_it_is_mended(store: Store) -> None:
    store.listing()
    path = store.root / "20260104T000000Z-0000" / "events.jsonl"
    path.write_text((store.root / "20260103T000000Z-0000" / "events.jsonl").read_text())
    assert len(store.listing().summaries) == 4


def older(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")


def other_columns(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE runs DROP COLUMN plan")
        connection.commit()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("no database " * 500),
        lambda path: path.write_bytes(b""),
        cut,
        older,
        other_columns,
        directory,
    ],
    ids=["gone", "other", "empty", "cut", "older", "columns", "directory"],
)
def test_a_spoilt_index_is_made_again(store: Store, read: list[str], spoil: Callable[[Path], object]) -> None:
    before = store.listing().summaries
    spoil(path_of(store.root))
    assert store.listing().summaries == before
    assert store.listing().summaries == before
    read.clear()
    store.listing()
    assert read == [] or spoil is directory


def test_an_index_that_another_process_locks_is_done_without(
    store: Store, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_PATIENCE", 0.0)
    before = store.listing().summaries
    with closing(sqlite3.connect(path_of(store.root))) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        read.clear()
        assert store.listing().summaries == before
        assert len(read) == 3
    read.clear()
    assert store.listing().summaries == before
    assert read == []


def test_times_are_kept_as_they_are_measured(store: Store, read: list[str]) -> None:
    store.listing()
    runs = list(store.runs())
    measured = [times_of(run.state) for run in runs]
    kept = [each.times for each in store.measured(runs)]
    assert [times.parts["a"].seconds for times in kept] == [5.0] * 3
    for one, other in zip(kept, measured, strict=True):
        assert (one.seconds, one.status, [*one.parts]) == (other.seconds, other.status, [*other.parts])
    path = runs[0].directory / "events.jsonl"
    path.write_text(path.read_text().replace("5.0", "7.0"))
    again = list(store.runs())
    assert store.measured(again)[0].times.seconds == 7.0
    assert store.measured(again)[0].likeness == again[0].likeness
