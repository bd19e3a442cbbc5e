"""Commands on kept runs, as their user gives them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import bringup
from tests.run.test_store import keep
from tui.cli.durations import parse_duration
from tui.run import events as e
from tui.run.event_json import encode
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Done


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Store(tmp_path / "state" / "bringup" / "runs")


def ran(store: Store, day: int, seconds: float, outcome: e.RunOutcome = "succeeded", **more: Any) -> str:
    """Keep a run of one task that took some seconds."""
    path = keep(store, f"2026010{day}T000000Z-0000", outcome, **more)
    path.write_text(path.read_text().replace("5.0", str(seconds)))
    return path.parent.name


def test_runs_are_listed_by_plan_and_age(store: Store, tmp_path: Path) -> None:
    def listed(*arguments: str) -> list[str]:
        return [
            each["run"]
            for each in json.loads(bringup(tmp_path, "runs", *arguments, "--output", "json").stdout)
        ]

    assert listed() == []
    assert bringup(tmp_path, "runs").stdout == "no run is kept\n"
    first, second = ran(store, 1, 5.0), ran(store, 2, 5.0, plan="other")
    ran(store, 3, 5.0, purpose="down")
    assert listed() == [second, first]
    assert listed("other") == listed("list", "other") == [second]
    (tmp_path / "plan.yaml").write_text("name: test")
    assert listed("plan.yaml") == [first]
    assert listed("--since", "5000w") == [second, first]
    assert listed("--since", "1d") == []
    assert bringup(tmp_path, "runs", "--since", "1d").stdout == "no such run is kept\n"
    assert "is no duration, as 7d is" in bringup(tmp_path, "runs", "--since", "soon").stderr
    done = bringup(tmp_path, "runs", "nothing")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    done = bringup(tmp_path, "status", "--runs")
    assert (done.returncode, "list them with `bringup runs`" in done.stderr) == (2, True)


def test_runs_are_pruned_but_for_those_that_are_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [ran(store, day, 5.0, "failed") for day in range(1, 5)]
    assert bringup(tmp_path, "runs", "keep", names[0]).stdout == f"run {names[0]} is kept\n"
    foretold = bringup(tmp_path, "runs", "prune", "--keep", "1", "--dry-run").stdout.splitlines()
    assert foretold[:2] == [f"would delete {name}  test" for name in names[2:0:-1]]
    assert foretold[2].startswith("2 runs would be deleted")
    assert len(store.listing().summaries) == 4
    done = bringup(tmp_path, "runs", "prune", "--older-than", "1d", "--over", "0")
    assert done.stdout.splitlines()[-1].startswith("3 runs deleted")
    assert f"{names[0]} *" in bringup(tmp_path, "runs").stdout
    bringup(tmp_path, "runs", "keep", "latest", "--undo")
    assert bringup(tmp_path, "runs", "prune").stdout == "nothing to delete\n"
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: None)  # as where the disk is only read
        done = bringup(tmp_path, "runs", "prune", "--keep", "0")
        assert (done.returncode, "0 runs deleted" in done.stdout) == (2, True)
        assert "1 run cannot be deleted" in done.stderr
    assert "1 run deleted" in bringup(tmp_path, "runs", "prune", "--keep", "0").stdout


def test_the_latest_run_is_compared_with_the_last_good_one_before_it(store: Store, tmp_path: Path) -> None:
    def compared(*arguments: str) -> tuple[Done, str, str]:
        done = bringup(tmp_path, "compare", *arguments, "--output", "json")
        told = json.loads(done.stdout)
        return done, told["a"]["run"], told["b"]["run"]

    assert "no run is kept" in bringup(tmp_path, "compare").stderr
    first = ran(store, 1, 5.0)
    assert "before 20260101T000000Z-0000 that came up is kept" in bringup(tmp_path, "compare").stderr
    ran(store, 2, 1.0, "failed")
    ran(store, 3, 1.0, environment="rehearsal")
    latest = ran(store, 4, 6.0)
    assert compared()[1:] == (latest, first)
    assert compared("latest", "^1")[1:] == (latest, "20260103T000000Z-0000")
    text = bringup(tmp_path, "compare").stdout
    assert "6.0s instead of 5.0s: 1.0s (20 %) slower" in text
    assert f"run {first}" in text
    assert "(the last good one), parallel" in text
    for arguments, code in {
        ("--fail-over", "7"): 0, ("--fail-over", "5.9s"): 4,
        ("--fail-slower", "19%"): 4, ("--fail-slower", "21"): 0,
    }.items():  # fmt: skip
        assert compared(*arguments)[0].returncode == code
    assert compared("20260102", "latest", "--fail-over", "60s")[0].returncode == 1
    ran(store, 5, 7.0)
    done = bringup(tmp_path, "compare", "latest", "@median")
    assert "the median of 2 runs like 20260105T000000Z-0000" in done.stdout
    assert bringup(tmp_path, "compare", "--fail-slower", "much").returncode == 2


def test_runs_that_are_compared_may_be_old_cut_off_or_elsewhere(store: Store, tmp_path: Path) -> None:
    first = ran(store, 1, 5.0)
    path = keep(store, "20260102T000000Z-0000")
    path.write_text(
        "".join(path.read_text().splitlines(keepends=True)[:2]) + encode(e.Warned(4.0, "a", 1, "x")).decode()
    )
    elsewhere = tmp_path / "copy"
    (store.root / first).rename(elsewhere)
    done = bringup(tmp_path, "compare", "latest", str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert "4.0s instead of 5.0s, but A" in done.stdout


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("90s", 90), ("1m30s", 90), ("1:30", 90), ("1:00:01", 3601), ("1.5h", 5400),
        ("7d", 604_800), ("2 w", 1_209_600), ("", None), ("soon", None), ("-1", None), ("1:3", None),
        ("5x", None), ("s", None), ("500ms", 0.5), ("9" * 5000, None), (f"{'9' * 5000}:00", None),
    ],
)  # fmt: skip
def test_durations_are_read_as_users_write_them(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("command", ["show", "why", "what-if", "compare", "export"])
def test_an_empty_reference_leads_to_no_run(store: Store, tmp_path: Path, command: str) -> None:
    ran(store, 1, 5.0)
    done = bringup(tmp_path, command, "")  # as of `"$RUN"` in a script that forgot to set it
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no such run" in done.stderr
