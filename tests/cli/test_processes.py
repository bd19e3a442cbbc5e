"""bringup as a process: its signals, its streams, and others beside it."""

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

from tests.cli.conftest import PLAN
from tests.commands import bringup, program
from tests.processes import is_running
from tui.cli import main
from tui.insight.expectation import EMPTY

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.expectation import Expectation


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


def test_a_killed_run_is_resumed_once_what_it_left_is_ended(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml", "--output", "json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        pids = [wait_for(folder / "pid"), wait_for(folder / "child")]  # which begin when `quick` has ended
        process.kill()
        process.communicate()
    assert all(map(is_running, pids))
    assert "cut off" in bringup(folder, "runs", "slow.yaml").stdout
    (folder / "pid").unlink()
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml", "--resume"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(folder / "pid")
        left = [pid for pid in pids if is_running(pid)]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert not left
    assert re.search(r"ended what run \S+ had left running: \S+ \(\d+\)", output)
    assert "quick   │ ✓ done by run" in output


def test_two_runs_do_not_share_a_plan(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "up", "slow.yaml"], cwd=folder, stdout=subprocess.PIPE
    ) as process:
        wait_for(folder / "pid")
        done = bringup(folder, "up", "slow.yaml")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert done.returncode == 3
    assert f"another bringup (process {process.pid}) is at plan 'slow', which has no cluster" in done.stderr


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


def test_a_terminal_without_unicode_is_served(folder: Path) -> None:
    done = program(folder, "up", "--only", "first", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "hello from first" in done.stdout


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
