"""Earlier runs, read to learn from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run import history
from tui.run.history import recent_states
from tui.run.journal import EVENTS, Journal

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan([{"a": []}])


def keep(folder: Path, run: str, **more: Any) -> Path:
    """Keeps a run in which the task has succeeded."""
    journal = Journal(folder / run)
    journal.append(replace(started(PLAN), run=run, **{"environment": "kind", **more}))
    for event in (
        e.AttemptStarted(0.0, "a", 1),
        e.AttemptFinished(5.0, "a", 1, "succeeded"),
        e.TaskFinished(5.0, "a", "succeeded"),
    ):
        journal.append(event)
    journal.close()
    return folder / run / EVENTS


def found(folder: Path, **more: Any) -> list[str]:
    states = recent_states(folder, "test", "kind", **more)
    assert all(state.tasks["a"].status == "succeeded" for state in states)
    return [state.started.run for state in states if state.started]


def test_the_newest_runs_come_first_and_no_more_than_wanted(tmp_path: Path) -> None:
    for run in ("20260101-a", "20260103-c", "20260102-b"):
        keep(tmp_path, run)
    assert found(tmp_path) == ["20260103-c", "20260102-b", "20260101-a"]
    assert found(tmp_path, limit=2) == ["20260103-c", "20260102-b"]
    assert found(tmp_path, current="20260103-c") == ["20260102-b", "20260101-a"]


@pytest.mark.parametrize("other", [{"plan": "other"}, {"environment": "rehearsal"}, {"purpose": "down"}])
def test_other_runs_are_left_out(tmp_path: Path, other: dict[str, str]) -> None:
    keep(tmp_path, "1")
    keep(tmp_path, "2", **other)
    assert found(tmp_path) == ["1"]


@pytest.mark.parametrize(
    "content",
    ["", "not a journal\n", '{"type":"warned","at":1,"task":"","attempt":0,"text":"no beginning"}\n'],
)
def test_what_is_no_journal_is_passed_over(tmp_path: Path, content: str) -> None:
    keep(tmp_path, "1")
    keep(tmp_path, "2").write_text(content)
    assert found(tmp_path) == ["1"]


def test_a_journal_that_tells_of_another_plans_tasks_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "1")
    with keep(tmp_path, "2").open("a") as file:
        file.write('{"type":"task-reset","at":6.0,"task":"nobody"}\n')
    assert found(tmp_path) == ["1"]


def test_a_journal_that_cannot_be_opened_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "1")
    path = keep(tmp_path, "2")
    path.unlink()
    path.mkdir()
    assert found(tmp_path) == ["1"]


def test_an_overly_long_journal_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "1")
    with keep(tmp_path, "2").open("a") as file:
        file.write("\n" * 5000)
    assert found(tmp_path) == ["2", "1"]
    monkeypatch.setattr(history, "_MOST_BYTES", 5000)
    assert found(tmp_path) == ["1"]


def test_a_folder_that_is_not_there_holds_no_runs(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == []
