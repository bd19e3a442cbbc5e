"""Plans brought up, resumed and taken down at a command line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.cli.conftest import PLAN
from tests.commands import bringup
from tui.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def events(lines: str) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in lines.splitlines()]


def test_up_fails_is_resumed_and_taken_down(folder: Path) -> None:
    done = bringup(folder, "up")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "hello from first" in done.stdout
    assert "s3cr3t-t0ken" not in done.stdout
    assert "to stderr" in done.stdout
    assert "✗ Commands is not up · 3 of 5 tasks done, 1 failed" in done.stdout
    assert "exited with status 1" in done.stdout
    (folder / "allowed").touch()
    done = bringup(folder, "up", "--resume")
    assert done.returncode == 0, done.stdout
    assert "✓ Commands is up" in done.stdout
    assert "hello from first" not in done.stdout
    assert "at the end" in done.stdout
    assert bringup(folder, "down", "--no-tui").returncode == 0
    assert not (folder / "done").exists()
    told = bringup(folder, "status")
    assert "✓ Commands was up" in told.stdout
    assert "took it down" in told.stdout
    assert "bringup down" not in told.stdout
    assert told.returncode == 1
    done = bringup(folder, "up", "--resume")
    assert "was taken down since" in done.stderr
    assert done.returncode == 2


def test_taking_down_goes_on_after_a_step_that_fails_and_reports_all(folder: Path) -> None:
    (folder / "down.yaml").write_text(
        "{apiVersion: bringup/v1, name: d,"
        " phases: [{id: p, tasks: [{id: t, steps: [{kind: command, shell: 'true'}]}]}],"
        " down: [{kind: command, title: Export logs, shell: 'exit 3'}, {kind: command, shell: 'touch gone'},"
        " {kind: command, title: Say goodbye, shell: 'exit 4'}]}"
    )
    done = bringup(folder, "down", "down.yaml")
    assert done.returncode == 1
    assert (folder / "gone").exists()
    assert "exit 3 exited with status 3" in done.stdout
    assert "✗ Say goodbye failed" in done.stdout


def test_a_second_run_says_what_was_done_already(folder: Path) -> None:
    (folder / "allowed").touch()
    assert bringup(folder, "up").returncode == 0
    done = bringup(folder, "up")
    assert "unchanged: " in done.stdout


def test_json_output_is_the_event_stream_and_nothing_else(folder: Path) -> None:
    (folder / "allowed").touch()
    done = bringup(folder, "up", "--output", "json", "--mode", "sequential")
    said = events(done.stdout)
    assert done.returncode == 0
    assert said[0]["type"] == "run-started"
    assert said[0]["mode"] == "sequential"
    endpoints = [{"name": "nowhere", "url": "http://127.0.0.1:1"}]
    left = {"kubeconfig": None, "kubeconfigs": [], "endpoints": endpoints, "forwards": []}
    how = {"type": "run-finished", "at": said[-1]["at"], "outcome": "succeeded"}
    assert said[-1] == {**how, "run": said[0]["run"], **left}
    assert {"type": "output", "text": "hello from first"}.items() <= next(
        s for s in said if s["type"] == "output"
    ).items()


def test_settings_go_over_values(folder: Path) -> None:
    (folder / "values.yaml").write_text("word: from-file")
    done = bringup(
        folder, "up", "--values", "values.yaml", "--set", "word=from-set", "--only", "first,second"
    )
    assert "from-set from first" in done.stdout


def test_from_takes_what_comes_before_as_done(folder: Path) -> None:
    (folder / "allowed").touch()
    done = bringup(folder, "up", "--from", "fourth")
    assert done.returncode == 0
    assert "taken as done" in done.stdout
    assert "hello from first" not in done.stdout
    assert "at the end" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["up", "--mode", "sideways"], 2, "sideways"),
        (["upp"], 2, "did you mean 'up'?"),
        (["plan", "lnit"], 2, "did you mean 'lint'?"),
        (["logs", "web"], 2, "here it is `bringup show`"),
        (["destroy"], 2, "here it is `bringup down`"),
        (["plan", "workflowexecution"], 2, "bringup plan show workflowexecution"),
        (["--mode", "eager", "status"], 2, "hint: write the command first: bringup status --mode eager"),
        (["--only", "run"], 2, "--only run: the plan has no such task"),
        (["./slow.yaml"], 2, "hint: bring the plan up: bringup up ./slow.yaml"),
        (["up", "no-such-plan"], 2, "hint: known here: aianalysis, aianalysis-hybrid, gateway"),
        (["up", "nowhere/plan.yaml"], 2, "nowhere/plan.yaml: cannot be read"),
        (["up", "--only", "fith"], 2, "did you mean 'fifth'?"),
        (["up", "--from", "sixth"], 2, "the plan has no such task"),
        (["up", "--resume", "20010101-000000-ffff"], 2, "there is no such run"),
        (["up", "--resume"], 2, "no run of plan 'commands' is kept"),
        (["up", "--resume", "slow.yaml"], 2, "bringup up slow.yaml --resume"),
        (["up", "--only", ""], 2, "--only names no task"),
        (["up", "--speed", "nan"], 2, "'nan' is no number"),
        (["bench", "--env", "rehearsal", "--speed", "nan"], 2, "'nan' is no number"),
        (["what-if", "--cores", "nan"], 2, "'nan' is no number"),
        (["runs", "prune", "--over", "nan"], 2, "'nan' is no number"),
        (["down", "20270101T000000Z-0000"], 2, "there is no such run"),
        (["down", "latest"], 2, "no run is kept"),
        (["up", "--values", "."], 2, "directory"),
        (["up", "--set", "wrod=x"], 2, "did you mean 'word'?"),
        (["up", "--set", "word"], 2, "key.path=value"),
        (["up", "--fail", "first"], 2, "--env rehearsal"),
        (["up", "--env", "rehearsal", "--fail", "first:x"], 2, "TASK:ATTEMPTS"),
        (["plan", "show", "workflowexecution", "--set", "cluster=Not A Name"], 2, "cluster"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_cause(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, arguments)  # in this process, which is faster
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.stderr
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [("up", 3, "hint: make the directory writable, or set XDG_STATE_HOME"), ("status", 1, "not been run")],
)
def test_a_state_directory_that_cannot_be_is_told(folder: Path, command: str, code: int, says: str) -> None:
    (folder / "file").touch()
    done = bringup(folder, command, XDG_STATE_HOME=str(folder / "file"))
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_that_was_set_is_asked_for_again(folder: Path) -> None:
    assert bringup(folder, "up", "--set", "token=an0ther-t0ken").returncode == 1
    done = bringup(folder, "up", "--resume")
    assert done.returncode == 2
    assert "--set token=…" in done.stderr
    (folder / "allowed").touch()
    assert bringup(folder, "up", "--resume", "--set", "token=an0ther-t0ken").returncode == 0


def test_a_plan_that_was_mended_is_resumed_where_it_is_the_same_still(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 1
    mended = PLAN.replace("test -e allowed", "true").replace("from first", "from the first")
    (folder / "bringup.yaml").write_text(mended)
    done = bringup(folder, "up", "--resume")
    assert done.returncode == 0, done.stdout
    assert "hello from the first" in done.stdout
    assert "second  │ ✓ done by run" in done.stdout
    assert "third   │ ▶ third" in done.stdout  # which needs what has changed
    assert re.search(
        r"│ runs again what run \S+ did: first \(its steps have changed\); third \(needs first\)", done.stdout
    )


def test_a_pattern_names_several_tasks(folder: Path) -> None:
    (folder / "allowed").touch()
    done = bringup(folder, "up", "--only", "f*th,second", "--only", "f?rst")
    assert "4 of 5 tasks run" in done.stdout
    done = bringup(folder, "up", "--only", "load-*")
    assert done.returncode == 2
    assert "--only load-*: the plan has no such task" in done.stderr


def test_a_part_of_a_plan_is_not_told_as_the_whole_and_not_trusted(folder: Path) -> None:
    done = bringup(folder, "up", "--only", "second")
    assert done.returncode == 0
    assert "✓ Commands · 1 of 5 tasks run · " in done.stdout
    assert "is up" not in done.stdout
    (folder / "allowed").touch()
    done = bringup(folder, "up", "--resume")
    assert done.returncode == 0
    assert "✓ Commands is up" in done.stdout
    assert "hello from first" in done.stdout
    assert "to stderr" not in done.stdout


def test_down_takes_down_the_run_that_it_names_with_its_own_settings(folder: Path) -> None:
    plan = (folder / "other.yaml").write_text(
        """
apiVersion: bringup/v1
name: other
variables: {mark: none, extra: none}
phases: [{id: one, tasks: [{id: only, steps: [{kind: command, shell: "touch ${mark}"}]}]}]
down: [{kind: command, shell: "rm ${mark}; echo gone ${mark} ${extra}"}]
"""
    )
    assert plan
    (folder / "values.yaml").write_text("extra: more")
    for mark in ("one", "two"):
        done = bringup(folder, "up", "other.yaml", "--set", f"mark={mark}", "--values", "values.yaml")
        assert done.returncode == 0, done.stderr
    (folder / "elsewhere").mkdir()
    command = re.search(r"take down +bringup (down \S+)$", done.stdout, re.MULTILINE)
    assert command
    done = bringup(folder / "elsewhere", *command[1].split())
    assert "gone two more" in done.stdout
    assert not (folder / "two").exists()
    assert (folder / "one").exists()
    assert "take down" not in bringup(folder, "up", "slow.yaml", "--only", "quick").stdout


def test_no_color_and_force_color_are_honoured(folder: Path) -> None:
    assert "\x1b" not in bringup(folder, "up", "--only", "first").stdout
    assert "\x1b" in bringup(folder, "up", "--only", "first", FORCE_COLOR="1").stdout
    assert "\x1b" not in bringup(folder, "up", "--only", "first", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_plan_without_a_recording_is_rehearsed_with_assumed_times(folder: Path) -> None:
    done = bringup(folder, "up", "--env", "rehearsal", "--speed", "1000")
    assert done.returncode == 0
    assert "│ REHEARSAL: nothing is created; times are assumed by kind of step" in done.stdout
    assert "rehearsed with assumed times: nothing was created" in done.stdout


UNFINISHED = """
apiVersion: bringup/v1
name: unfinished
cluster: {name: unfinished, kubeconfig: config}
phases:
  - id: all
    tasks:
      - {id: cluster, steps: [{kind: kind.create, config: kind.yaml}]}
      - {id: image, steps: [{kind: image.build, tag: "a:b", context: app}]}
      - {id: deploy, steps: [{kind: kubernetes.apply, manifests: [k8s/*.yaml], substitute: true}]}
down: [{kind: command, shell: touch down}]
"""
MISSING = (
    "bringup.yaml:8:59: config: no such file: ",
    "bringup.yaml:9:70: context: no such directory: ",
    "bringup.yaml:10:67: manifests, item 1: no file matches ",
)


def test_to_look_at_a_plan_and_to_rehearse_it_needs_none_of_its_files(folder: Path) -> None:
    (folder / "bringup.yaml").write_text(UNFINISHED)
    shown = bringup(folder, "plan", "show")
    assert shown.returncode == 0
    assert [fault for fault in MISSING if f"! {fault}" not in shown.stdout] == []
    data = json.loads(bringup(folder, "plan", "show", "--output", "json").stdout)
    assert [each["place"] for each in data["missing"]] == [fault.partition(": ")[0] for fault in MISSING]

    done = bringup(folder, "up", "--env", "rehearsal", "--speed", "1000")
    assert done.returncode == 0, done.stderr
    assert "a real bring-up would stop: config: no such file: " in done.stdout


def test_what_stops_a_run_when_it_gets_there_is_told_before_it_begins(folder: Path) -> None:
    (folder / "bringup.yaml").write_text(
        UNFINISHED.replace(", config: kind.yaml", "")
        .replace("context: app", "context: .")
        .replace(", substitute: true", "")
    )
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "k8s").mkdir()
    (folder / "k8s" / "web.yaml").write_text("data: {a: b: c}\n")
    rehearse = ("up", "--env", "rehearsal", "--speed", "1000")
    said = bringup(folder, *rehearse).stdout
    assert re.search(r"bringup.yaml:10:\d+: fails as it is now: \S*web.yaml:1:12: is not YAML", said)
    assert "fails as it is now: uses the plan's cluster, but does not wait for task 'cluster'" in said
    assert "fails as it is now" not in bringup(folder, *rehearse, "--only", "image").stdout


def test_what_a_real_bring_up_needs_is_named_and_does_not_keep_it_from_being_taken_down(
    folder: Path,
) -> None:
    (folder / "bringup.yaml").write_text(UNFINISHED)
    for command in (("up", "--env", "kind"), ("plan", "lint"), ("doctor",)):
        done = bringup(folder, *command)
        assert done.returncode == 2
        assert [fault for fault in MISSING if f"error: {fault}" not in done.stderr] == []
    assert bringup(folder, "down").returncode == 0
    assert (folder / "down").exists()


def test_auto_rehearses_where_no_engine_is_named_and_says_why(folder: Path) -> None:
    done = bringup(folder, "up", "workflowexecution", "--speed", "200", PATH=str(folder))
    assert done.returncode == 0, done.stderr
    assert "│ REHEARSAL, because " in done.stdout
    assert "the `kind` command is not installed" in done.stdout
    assert "bringup doctor" in done.stdout
    named = {"PATH": str(folder), "DOCKER_HOST": "tcp://127.0.0.1:1"}
    done = bringup(folder, "up", "workflowexecution", "--speed", "200", **named)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the container engine of DOCKER_HOST does not answer" in done.stderr
    (folder / "config.json").write_text('{"currentContext": ')
    wrong = {"PATH": str(folder), "DOCKER_CONFIG": str(folder)}
    done = bringup(folder, "up", "workflowexecution", "--speed", "200", **wrong)
    assert (done.returncode, done.stdout) == (3, "")
    assert "config.json cannot be read" in done.stderr


def test_a_rehearsals_failure_is_resumed_as_a_rehearsal(folder: Path) -> None:
    options = ("--env", "rehearsal", "--speed", "200")
    done = bringup(folder, "up", "workflowexecution", *options, "--fail", "postgresql-redis")
    assert done.returncode == 1
    assert "✗ PostgreSQL + Redis" in done.stdout
    assert "made to fail by --fail" in done.stdout
    done = bringup(folder, "up", "workflowexecution", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rehearsed: nothing was created" in done.stdout
