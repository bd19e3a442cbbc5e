"""What is told of a run afterwards, and of what stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands import bringup

if TYPE_CHECKING:
    from pathlib import Path


def test_status_tells_in_json_what_it_tells_in_text(folder: Path) -> None:
    bringup(folder, "up")
    done = bringup(folder, "status", "--output", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    text = bringup(folder, "status", "latest").stdout
    run = told["run"]
    assert run["verdict"] in text
    assert [task["status"] for task in run["tasks"]].count("failed") == 1
    failure = next(task["failure"] for task in run["tasks"] if task["failure"])
    for said in (run["run"], failure["cause"], failure["title"], run["logs"], *run["next"].values()):
        assert said in text
    assert [each["text"] in text for each in told["stands"]] == [True]
    (folder / "bringup.yaml").unlink()
    gone = bringup(folder, "status", "latest")
    assert gone.returncode == 2
    assert run["verdict"] in gone.stdout
    assert "bringup.yaml: cannot be read" in gone.stderr


def test_status_tells_the_latest_run_and_what_stands(folder: Path) -> None:
    assert "has not been run yet" in bringup(folder, "status").stdout
    bringup(folder, "up")
    done = bringup(folder, "status")
    assert done.returncode == 1  # the endpoint does not answer
    assert "is not up" in done.stdout
    assert "http://127.0.0.1:1 does not answer" in done.stdout


def test_status_of_a_run_that_failed_is_a_failure_where_nothing_can_be_asked(folder: Path) -> None:
    plan = folder / "bringup.yaml"
    plan.write_text(plan.read_text().replace("endpoints:", "endpoints: [] #"))
    assert bringup(folder, "status").returncode == 1
    bringup(folder, "up", "--only", "first")
    assert bringup(folder, "status").returncode == 0
    bringup(folder, "up")
    assert bringup(folder, "status").returncode == 1
