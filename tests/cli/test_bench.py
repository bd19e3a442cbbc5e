"""`bringup bench`: real runs of a plan of commands, in turns, taken down after each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tui.cli import main
from tui.launch.bench import Bench, Benchmark, StoppedError
from tui.launch.request import Request
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tui.launch.bench import Progress

PLAN = """
apiVersion: bringup/v1
name: benched
phases:
  - id: one
    tasks:
      - {id: first, steps: [{kind: command, shell: "test ! -e up && echo up > up && echo $$ >> ups"}]}
      - {id: second, needs: [first], steps: [{kind: command, shell: "WHAT"}]}
down:
  - {kind: command, shell: "rm up && echo $$ >> downs"}
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.launch.bench._SETTLE", 0.02)


def written(folder: Path, what: str = "true") -> str:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("WHAT", what))
    return str(plan)


def test_modes_are_run_in_turns_and_taken_down_each_time(tmp_path: Path) -> None:
    options = ("--modes", "parallel,eager", "--runs", "2", "--warm", "--output", "json")
    done = CliRunner().invoke(main, ["bench", written(tmp_path), *options])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [(run["mode"], run["round"]) for run in told["runs"]] == [
        ("eager", 0),
        ("parallel", 1),
        ("eager", 1),
        ("eager", 2),
        ("parallel", 2),
    ]
    assert told["whole"] is True
    assert told["rehearsal"] is None
    assert {mode["mode"] for mode in told["modes"]} == {"parallel", "eager"}
    assert min(mode["ratio"] for mode in told["modes"]) == 1.0
    assert len((tmp_path / "downs").read_text().split()) == 5
    kept = {run.id for run in Store().runs("benched")}
    assert {run["run"] for run in told["runs"]} <= kept


def test_a_failed_run_ends_it_and_what_it_made_is_told(tmp_path: Path) -> None:
    plan = written(tmp_path, "test $(wc -l < ups) != 2")
    done = CliRunner().invoke(main, ["bench", plan, "--modes", "sequential", "--runs", "3"])
    assert done.exit_code == 1
    assert "✗ second" in done.stderr
    assert "is not taken down: `bringup down " in done.stderr
    assert "sequential" in done.stdout
    assert "not all 3 runs a mode were measured" in done.stdout
    assert (tmp_path / "up").exists()


def test_it_goes_on_after_a_failed_run_if_told_to(tmp_path: Path) -> None:
    plan = written(tmp_path, "test $(wc -l < ups) != 2")
    options = ("--modes", "sequential", "--runs", "3", "--keep-going", "--output", "markdown")
    done = CliRunner().invoke(main, ["bench", plan, *options])
    assert done.exit_code == 1
    assert done.stdout.count("| sequential |") == 1
    assert "failed; it does not count" in done.stdout
    assert not (tmp_path / "up").exists()


def test_it_ends_with_what_was_measured_when_it_is_interrupted(tmp_path: Path) -> None:
    plan = written(tmp_path, "if test $(wc -l < ups) = 2; then touch second; sleep 60; fi")

    def tell(progress: Progress) -> None:
        if (tmp_path / "second").exists():
            (tmp_path / "second").unlink()
            bench.interrupt()  # once: the second time would kill it

    bench = Bench(Benchmark(Request(plan, environment="kind"), ("eager",), 3), tell)
    with pytest.raises(StoppedError):
        bench.run()
    assert [run.outcome for run in bench.done] == ["succeeded", "cancelled"]
    assert bench.standing == bench.done[-1].run
    assert bench.clean


def test_what_was_measured_is_told_where_a_run_cannot_begin(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.replace("WHAT", "true").replace("rm up", "rm up plan.yaml"))
    done = CliRunner().invoke(main, ["bench", str(plan), "--modes", "eager", "--runs", "2"])
    assert done.exit_code == 2
    assert "not all 2 runs a mode were measured" in done.stdout
    assert "plan.yaml" in done.stderr


def test_what_cannot_be_taken_down_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.partition("down:")[0])
    done = CliRunner().invoke(main, ["bench", str(plan)])
    assert done.exit_code == 2
    assert "the plan has no steps that take it down" in done.stderr


def test_a_rehearsal_says_that_it_is_one() -> None:
    options = ("--env", "rehearsal", "--speed", "1000", "--runs", "1", "--modes", "eager,parallel")
    done = CliRunner().invoke(main, ["bench", "workflowexecution", *options])
    assert done.exit_code == 0
    assert "REHEARSAL: nothing is created" in done.stdout
    assert "no times of a real cluster" in done.stdout
