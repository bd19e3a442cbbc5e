"""Which kept runs are deleted."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.plans import started
from tests.run.test_store import PLAN, ids, keep
from tui.errors import BringupError
from tui.run.journal import Journal
from tui.run.pruning import Limits, prunable, prune
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tui.run import events as e


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (Limits(), "012345"),
        (Limits(runs=2), "145"),
        (Limits(days=2.5), "1345"),
        (Limits(gigabytes=0), "1"),
        (Limits(runs=0), "1"),
    ],
)
def test_old_runs_are_pruned_but_for_the_last_good_one_of_a_plan(
    store: Store, limits: Limits, left: str
) -> None:
    outcomes: tuple[e.RunOutcome, ...] = ("succeeded", "succeeded", "failed", "failed", "cancelled", "failed")
    now = datetime.now(UTC).timestamp()
    for i, outcome in enumerate(outcomes):
        path = keep(store, f"2026010{i}T000000Z-0000", outcome)
        os.utime(path, (now, now - 86_400 * (5 - i)))
    (store.root / "foreign").mkdir()
    foretold = prunable(store, limits)
    pruned = prune(store, limits)
    assert sorted(ids(store)) == [f"2026010{i}T000000Z-0000" for i in left]
    assert pruned == foretold
    assert len(pruned) == 6 - len(left)
    assert (store.root / "foreign").exists()


def test_a_run_that_goes_on_is_not_pruned(store: Store) -> None:
    journal = Journal(store.root / "20260101T000000Z-0000")
    journal.append(started(PLAN))
    assert prune(store, Limits(runs=0)) == []
    journal.close()
    assert len(prune(store, Limits(runs=0))) == 1


def test_a_marked_run_is_not_pruned(store: Store) -> None:
    for day in "123":
        keep(store, f"2026010{day}T000000Z-0000", "failed")
    store.open("20260102").keep()
    assert [run.run[:8] for run in prune(store, Limits(runs=0))] == ["20260103", "20260101"]
    store.open("latest").keep(wanted=False)
    assert len(prune(store, Limits(runs=0))) == 1


def test_limits_are_set_by_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.from_environment() == Limits()
    monkeypatch.setenv("BRINGUP_KEEP_RUNS", "inf")
    monkeypatch.setenv("BRINGUP_KEEP_DAYS", " 0.5 ")
    monkeypatch.setenv("BRINGUP_KEEP_GIGABYTES", "")
    assert Limits.from_environment() == Limits(runs=float("inf"), days=0.5)
    monkeypatch.setenv("BRINGUP_KEEP_RUNS", "-1")
    with pytest.raises(BringupError, match="BRINGUP_KEEP_RUNS=-1 is no number"):
        Limits.from_environment()
