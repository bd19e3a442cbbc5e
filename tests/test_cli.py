"""The command line as its user meets it: processes, exit codes, signals, streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.commands import bringup, program
from tests.processes import is_running
from tui.cli import main
from tui.insight.expectation import EMPTY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.insight.expectation import Expectation

PLAN = """
apiVersion: bringup/v1
name: commands
title: Commands
variables: {word: hello, token: s3cr3t-t0ken}
secrets: [token]
endpoints: [{name: nowhere, url: "http://127.0.0.1:1"}]
phases:
  - id: one
    tasks:
      - {id: first, steps: [{kind: command, shell: "echo ${word} from first; echo ${token}"}]}
      - {id: second, steps: [{kind: command, argv: [sh, -c, "echo to stderr >&2"]}]}
  - id: two
    tasks:
      - id: third
        needs: [first]
        steps:
          - {kind: command, unless: "test -e done", shell: "echo working && touch done"}
      - {id: fourth, needs: [second], steps: [{kind: command, shell: "test -e allowed"}]}
  - id: three
    tasks:
      - {id: fifth, needs: [fourth], steps: [{kind: command, shell: "echo at the end"}]}
down:
  - {kind: command, shell: "rm -f done allowed"}
"""
SLOW = """
apiVersion: bringup/v1
name: slow
phases:
  - id: one
    tasks:
      - id: sleeper
        needs: quick
        steps:
          - kind: command
            shell: "echo $$ > pid; (trap '' TERM INT; sleep 60 & echo $! > child; wait); sleep 60"
      - {id: quick, steps: [{kind: command, shell: "true"}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bringup.yaml").write_text(PLAN)
    (tmp_path / "slow.yaml").write_text(SLOW)
    return tmp_path


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
    assert bringup(folder, "down").returncode == 0
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
    assert said[-1] == {"type": "run-finished", "at": said[-1]["at"], "outcome": "succeeded"}
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
        (["up", "no-such-plan"], 2, "hint: known here: workflowexecution"),
        (["up", "nowhere/plan.yaml"], 2, "nowhere/plan.yaml: cannot be read"),
        (["up", "--only", "fith"], 2, "did you mean 'fifth'?"),
        (["up", "--from", "sixth"], 2, "the plan has no such task"),
        (["up", "--resume", "20010101-000000-ffff"], 2, "there is no such run"),
        (["up", "--resume"], 2, "no run of plan 'commands' is kept"),
        (["up", "--resume", "slow.yaml"], 2, "bringup up slow.yaml --resume"),
        (["up", "--only", ""], 2, "--only names no task"),
        (["up", "--speed", "nan"], 2, "nan is no speed"),
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


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.02)
    pytest.fail(f"{path} did not appear")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_drains_and_leaves_nothing_running(folder: Path, kind: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        pids = [wait_for(folder / "pid"), wait_for(folder / "child")]
        assert all(map(is_running, pids))
        process.send_signal(kind)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "was cancelled" in output
    assert "1 of 2 tasks done" in output
    assert not any(map(is_running, pids))


def test_a_second_signal_kills(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        pids = [wait_for(folder / "pid"), wait_for(folder / "child")]
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)  # two signals at once are one to the kernel
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert not any(map(is_running, pids))


def test_ctrl_c_while_earlier_runs_are_read_is_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expectation(_: object) -> Expectation:
        signal.raise_signal(signal.SIGINT)
        return EMPTY

    monkeypatch.setattr("tui.launch.run_handle.expectation", expectation)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    plan = folder / "slow.yaml"
    plan.write_text(PLAN.replace("rm -f done allowed", "sleep 60"))

    result = CliRunner().invoke(main, ["down", str(plan)])

    assert result.exit_code == 130
    assert "cancelled" in result.output


def test_ctrl_c_before_a_command_takes_it_over_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_module("tui.cli.plan"), "errors", lambda: signal.raise_signal(signal.SIGINT))

    assert CliRunner().invoke(main, ["plan", "show"]).exit_code == 130


def test_a_current_directory_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    result = CliRunner().invoke(main, ["plan", "show", "--set", "a=1"])

    assert result.exit_code == 2
    assert "the current directory is not there any more" in result.output


def test_a_killed_run_is_resumed(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml", "--output", "json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        pids = [wait_for(folder / "pid"), wait_for(folder / "child")]  # which begin when `quick` has ended
        process.kill()
        process.communicate()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)
    assert "cut off" in bringup(folder, "runs", "slow.yaml").stdout
    (folder / "pid").unlink()
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml", "--resume"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(folder / "pid")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert "quick   │ ✓ done by run" in output


def test_two_runs_do_not_share_a_cluster(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml"], cwd=folder, stdout=subprocess.PIPE
    ) as process:
        wait_for(folder / "pid")
        done = bringup(folder, "up", "slow.yaml")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert done.returncode == 3
    assert f"another bringup (process {process.pid})" in done.stderr


def test_output_that_cannot_be_written_ends_the_run(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{{ {sys.executable} -m tui up slow.yaml; echo $? > code; }} > /dev/full"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (folder / "code").read_text() == "1\n"
    child = folder / "child"
    assert not child.exists() or not is_running(child.read_text().strip())
    outcomes = json.loads(bringup(folder, "runs", "slow.yaml", "--output", "json").stdout)
    assert [run["outcome"] for run in outcomes] == ["cancelled"]


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


def test_status_of_a_run_that_goes_on_says_so(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml"], cwd=folder, stdout=subprocess.PIPE
    ) as process:
        wait_for(folder / "child")
        done = bringup(folder, "status", "slow.yaml")
        listed = bringup(folder, "runs")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert "◐ slow is still brought up · 1 of 2 tasks done" in done.stdout
    assert "--resume" not in done.stdout
    assert re.search(r" slow .* running ", listed.stdout)


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_plan_is_shown_without_its_secrets(folder: Path, output: str) -> None:
    done = bringup(folder, "plan", "show", "--output", output)
    assert "echo •••" in done.stdout
    assert "s3cr3t-t0ken" not in done.stdout


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


def test_no_color_and_force_color_are_honoured(folder: Path) -> None:
    assert "\x1b" not in bringup(folder, "up", "--only", "first").stdout
    assert "\x1b" in bringup(folder, "up", "--only", "first", FORCE_COLOR="1").stdout
    assert "\x1b" not in bringup(folder, "up", "--only", "first", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_terminal_without_unicode_is_served(folder: Path) -> None:
    done = program(folder, "up", "--only", "first", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "hello from first" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(folder: Path, shell: str) -> None:
    assert "_BRINGUP_COMPLETE" in bringup(folder, "completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bringup up --only ", {"first", "second", "third", "fourth", "fifth"}),
        ("bringup up workflow", {"workflowexecution"}),
        ("bringup up --mode ", {"parallel", "sequential", "eager"}),
        ("bringup pl", {"plan"}),
        ("bringup up --host ", {"local", "builder", "big"}),
    ],
)
def test_completion_knows_tasks_plans_and_choices(folder: Path, words: str, expected: set[str]) -> None:
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_text("Host builder big *.example\n  User me\n")
    done = bringup(
        folder,
        HOME=str(folder),
        _BRINGUP_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    found = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert expected <= found


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_terminal_that_stops_reading_does_not_hold_the_run_up(folder: Path, unbuffered: str) -> None:
    (folder / "bringup.yaml").write_text(
        """
apiVersion: bringup/v1
name: loud
phases:
  - id: one
    tasks:
      - {id: loud, steps: [{kind: command, shell: "seq 50000"}]}
      - {id: after, needs: [loud], steps: [{kind: command, shell: "touch over"}]}
"""
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (folder / "over").exists():  # while nobody reads
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)  # it cuts short what is being written
        os.waitpid(process.pid, os.WUNTRACED)
        process.send_signal(signal.SIGCONT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = re.findall(r"loud +│ (\d+)$", output, re.MULTILINE)
    assert lines == [str(number) for number in range(1, 50_001)]


def test_a_plan_without_a_recording_is_not_rehearsed(folder: Path) -> None:
    done = bringup(folder, "up", "--env", "rehearsal")
    assert done.returncode == 3
    assert "no recording" in done.stderr


def test_auto_rehearses_where_there_is_no_kind_and_says_why(folder: Path) -> None:
    done = bringup(folder, "up", "workflowexecution", "--speed", "200", PATH=str(folder))
    assert done.returncode == 0, done.stderr
    assert "│ REHEARSAL, because " in done.stdout
    assert "the `kind` command is not installed" in done.stdout
    assert "bringup doctor" in done.stdout


def test_a_rehearsals_failure_is_resumed_as_a_rehearsal(folder: Path) -> None:
    options = ("--env", "rehearsal", "--speed", "200")
    done = bringup(folder, "up", "workflowexecution", *options, "--fail", "postgresql-redis")
    assert done.returncode == 1
    assert "✗ PostgreSQL + Redis" in done.stdout
    assert "made to fail by --fail" in done.stdout
    done = bringup(folder, "up", "workflowexecution", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rehearsed: nothing was created" in done.stdout
