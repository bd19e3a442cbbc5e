"""Kept runs as text and as data: whole, in part, going on, cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.plans import make_plan, started
from tui.console.report import report
from tui.console.runs import in_full, summary, table
from tui.console.style import Style
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.standing import Stands
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan([{"first": [], "second": []}])


def write(path: Path, first: str, second: str, *, end: e.RunOutcome | None = None) -> Journal:
    """Write a run whose two tasks came to some state: `assumed`, an outcome, or `running`."""
    journal = Journal(path)
    journal.append(replace(started(PLAN), environment="kind", run=path.name))
    for task, outcome in (("first", first), ("second", second)):
        if outcome == "assumed":
            journal.append(e.TaskKept(0.0, task, ""))
            continue
        journal.append(e.AttemptStarted(0.0, task, 1))
        if outcome in ("succeeded", "failed", "cancelled"):
            journal.append(e.AttemptFinished(3.0, task, 1, outcome))  # type: ignore[arg-type] # one of them
            journal.append(e.TaskFinished(3.0, task, outcome))  # type: ignore[arg-type] # as above
    if end:
        journal.append(e.RunFinished(4.0, end))
    return journal


@pytest.mark.parametrize(
    ("first", "second", "running", "outcome", "verdict", "go_on"),
    [
        ("succeeded", "succeeded", True, "succeeded", "✓ test is up · 3.0s", False),  # its dashboard is open
        ("succeeded", "succeeded", False, "succeeded", "✓ test is up · 3.0s", False),
        (
            "succeeded",
            "failed",
            True,
            "failed",
            "✗ test is not up · {}, 1 failed · 3.0s",
            False,
        ),
        (
            "succeeded",
            "running",
            True,
            "running",
            "◐ test is still brought up · {} · 3.0s",
            False,
        ),
        ("succeeded", "running", False, "cut off", "✗ test is not finished · {} · 3.0s", True),
        ("succeeded", "assumed", False, "succeeded", "✓ test · 1 of 2 tasks run · 3.0s", True),
    ],
)
def test_a_run_is_told_as_it_stands(
    tmp_path: Path, first: str, second: str, running: bool, outcome: str, verdict: str, go_on: bool
) -> None:
    verdict = verdict.format("1 of 2 tasks done")
    store = Store(tmp_path)
    journal = write(tmp_path / "20260101T000000Z-0000", first, second)
    if not running:
        journal.close()
    run = store.open("latest")
    assert summary(run)["outcome"] == outcome
    stands = Stands(journal=str(run.directory), running=run.is_running)
    lines = report(run.state, stands, Style(False))
    assert verdict in lines
    assert ("  go on       bringup up --resume 20260101T000000Z-0000" in lines) == go_on
    assert "  take down   bringup down 20260101T000000Z-0000" in lines
    data = json.loads(json.dumps(in_full(run, stands)))
    assert data["verdict"] == verdict[2:]
    assert ("go on" in data["next"]) == go_on
    assert [task["status"] for task in data["tasks"]] == [first, "not run" if second == "assumed" else second]
    journal.close()


def test_a_plan_without_down_is_not_told_how_to_be_taken_down(tmp_path: Path) -> None:
    write(tmp_path / "20260101T000000Z-0000", "succeeded", "succeeded", end="succeeded").close()
    state = Store(tmp_path).open("latest").state
    assert state.started is not None
    state.started = replace(state.started, can_go_down=False)
    assert "take down" not in "\n".join(report(state, Stands(), Style(False)))


def test_runs_are_listed_and_what_is_none_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for second in "12":
        write(tmp_path / f"2026010{second}T000000Z-0000", "succeeded", "failed", end="failed").close()
    (tmp_path / "foreign").mkdir()
    first, *_, last = table(store.runs(), lambda: store.skipped)
    assert first.split() == ["20260102T000000Z-0000", "test", "kind", "parallel", "failed", "3.0s"]
    assert last == f"skipped, as no journal can be read there: {tmp_path / 'foreign'}"
    assert list(table([], list)) == ["no run is kept"]
