"""Kept runs as text and as data: whole, in part, going on, cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.plans import make_plan, started
from tui.console.in_full import in_full
from tui.console.report import report
from tui.console.runs import skipped, table
from tui.console.style import Style
from tui.insight.history import History
from tui.insight.run_list import Listed, in_list, outcome
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.standing import Stands
from tui.run.store import Store
from tui.run.summary import Summary
from tui.text import cells

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan([{"first": [], "second": []}])


def write(path: Path, first: str, second: str, *, end: e.RunOutcome | None = None) -> Journal:
    """Write a run whose two tasks came to some state: `assumed`, an outcome, or `running`."""
    journal = Journal(path)
    journal.append(replace(started(PLAN), environment="kind", run=path.name))
    for task, went in (("first", first), ("second", second)):
        if went == "assumed":
            journal.append(e.TaskKept(0.0, task, ""))
            continue
        journal.append(e.AttemptStarted(0.0, task, 1))
        if went in ("succeeded", "failed", "cancelled"):
            journal.append(e.AttemptFinished(3.0, task, 1, went))  # type: ignore[arg-type] # one of them
            journal.append(e.TaskFinished(3.0, task, went))  # type: ignore[arg-type] # as above
    if end:
        journal.append(e.RunFinished(4.0, end))
    return journal


@pytest.mark.parametrize(
    ("first", "second", "running", "how", "verdict", "go_on"),
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
    tmp_path: Path, first: str, second: str, running: bool, how: str, verdict: str, go_on: bool
) -> None:
    verdict = verdict.format("1 of 2 tasks done")
    store = Store(tmp_path)
    journal = write(tmp_path / "20260101T000000Z-0000", first, second)
    if not running:
        journal.close()
    run = store.open("latest")
    stands = Stands(journal=str(run.directory), running=run.is_running)
    lines = report(run.state, stands, Style(False))
    assert verdict in lines
    assert ("  go on       bringup up --resume 20260101T000000Z-0000" in lines) == go_on
    assert "  take down   bringup down 20260101T000000Z-0000" in lines
    data = json.loads(json.dumps(in_full(run, stands)))
    assert data["outcome"] == how
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


NOW = 1_767_400_000.0
WHOLE = Summary(
    name="a", order="a", run="20260103T002640Z-aaaa", plan="plan", purpose="up", began=NOW - 300,
    started="2026-01-03T00:21:40+00:00", environment="kind", speed=1.0, where="this machine", mode="parallel",
    outcome="succeeded", tasks=9, done=9, seconds=60.0, like="one", is_whole=True, came_up=True, changed=NOW,
    size=1, stamp="",
)  # fmt: skip


def listed(*runs: Summary, width: int = 200, style: Style = Style(False)) -> list[str]:  # noqa: B008 - frozen
    rows = [Listed(run, outcome(run, is_running=False)) for run in runs]
    return list(table(rows, History(runs), style, width, NOW))


def test_a_line_tells_when_a_run_was_and_how_it_compares() -> None:
    runs = [WHOLE._replace(name=name, seconds=took) for name, took in (("a", 66.0), ("b", 60.0), ("c", 30.0))]
    runs.append(
        WHOLE._replace(name="d", environment="rehearsal", speed=60.0, like="two", done=3, is_whole=False)
    )
    heading, first, _, third, fourth = listed(*runs)
    assert "where" not in heading  # which is this machine everywhere
    assert "5 min ago" in first
    assert first.split()[-4:] == ["1:06", "+10", "%", "▁▅▅"]
    assert third.split()[-3:] == ["−50", "%", "▁"]
    assert "rehearsal ×60" in fourth
    assert fourth.endswith("3/9   1:00")  # alone it has no median


def test_two_like_runs_are_too_few_to_say_what_is_usual() -> None:
    lines = listed(WHOLE, WHOLE._replace(name="b", seconds=90.0))
    assert not any("%" in line for line in lines)


@pytest.mark.parametrize("width", [20, 60, 80, 100, 160])
def test_lines_are_as_wide_as_the_terminal(width: int) -> None:
    wide = WHOLE._replace(where="宿主机" * 9, plan="名" * 30)
    lines = listed(wide, width=width)
    assert all(cells(line) <= max(width, 44) for line in lines)
    assert "✓ succeeded" in lines[1]
    assert "\x1b" not in lines[1]
    assert "\x1b[32m✓ succeeded\x1b[0m" in listed(wide, width=width, style=Style(True))[1]


def test_a_run_is_listed_as_data() -> None:
    runs = [WHOLE._replace(name=name, seconds=took) for name, took in (("a", 66.0), ("b", 60.0), ("c", 30.0))]
    data = in_list(Listed(runs[0], "succeeded", is_marked=True), History(runs))
    assert json.loads(json.dumps(data)) == data
    assert (data["usual"], data["recent"], data["kept"]) == (60.0, [30.0, 60.0, 66.0], True)
    assert data["difference"] == pytest.approx(0.1)


def test_what_is_no_run_is_counted(tmp_path: Path) -> None:
    assert list(skipped([])) == []
    assert list(skipped([tmp_path / "a", tmp_path / "b"])) == [
        f"skipped, as no journal can be read there: {tmp_path / 'a'} and 1 more"
    ]
