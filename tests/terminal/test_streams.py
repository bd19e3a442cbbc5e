"""bringup with its streams, its terminal and its environment as people have them."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.bench.terminal import Terminal
from tests.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

QUICK = """
apiVersion: bringup/v1
name: quick
phases:
  - id: one
    tasks: [{id: hello, title: Say hello, steps: [{kind: command, shell: "echo hello you"}]}]
"""
SLOW = QUICK.replace("echo hello you", "echo $$ > pid; echo hello; exec sleep 30").replace("quick", "slow")
LONG = QUICK.replace("echo hello you", "yes hello | head -n 100000; sleep 30").replace("quick", "long")
DASHBOARD = b"\x1b[?1049h"
COMMON = {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(p for p in sys.path if p)}


class Ran(NamedTuple):
    """How a command ended: its exit code, and what came to the terminal."""

    code: int
    text: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("bringup", QUICK), ("slow", SLOW), ("long", LONG)):
        (tmp_path / f"{name}.yaml").write_text(text)
    program = tmp_path / "bringup"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tui "$@"\n')
    program.chmod(0o755)
    return tmp_path


def start(folder: Path, line: str, env: Mapping[str, str] | None = None) -> Terminal:
    """A line of shell in a terminal; `bringup` in it is this one, `code` becomes its exit code."""
    variables = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "HOME": str(folder), **COMMON, **(env or {})}
    variables["PATH"] = f"{folder}:{variables['PATH']}"
    script = f"cd {shlex.quote(str(folder))}\n{line}\necho $? > code\n"
    return Terminal(("/bin/bash", "-c", script), 100, 30, variables)


def run(folder: Path, line: str, env: Mapping[str, str] | None = None, quits: bool = False) -> Ran:
    terminal = start(folder, line, env)
    try:
        if quits:
            terminal.wait_for(b"why it took so long")
            terminal.send(b"q")
        assert terminal.join(), terminal.text
        return Ran(int((folder / "code").read_text()), terminal.text.decode(errors="replace"))
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("bringup 2> errors", {}),
        ("bringup 2>&-", {}),
        ("bringup", {"CI": "", "NO_COLOR": "", "TERM": "screen", "COLUMNS": "0"}),
        ("bringup", {"CI": "false", "TERM": "linux", "LC_ALL": "POSIX", "LANG": "C"}),
        ("CI=1 bringup --tui", {"TERM": "no-such-terminal"}),
    ],
)
def test_a_person_gets_the_dashboard(folder: Path, line: str, env: dict[str, str]) -> None:
    code, text = run(folder, line, env, quits=True)
    assert code == 0
    assert DASHBOARD.decode() in text
    assert "quick is up" in text.rpartition("\x1b[?1049l")[2]
    assert "Traceback" not in text
    if "2> errors" in line:
        assert (folder / "errors").read_text() == ""


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("bringup > out", {}),
        ("bringup < /dev/null", {}),
        ("bringup <&- >&- 2>&-", {}),
        ("bringup >&-", {}),
        ("bringup --no-tui 2>&-", {}),
        ("nohup bringup 2> /dev/null", {}),
        ("bringup", {"CI": "true"}),
        ("bringup", {"TERM": "dumb"}),
        ("bringup", {"PYTHONIOENCODING": "latin-1"}),
        ("bringup --output json", {}),
        ("set -m; bringup & wait $!", {}),
    ],
)
def test_whoever_is_no_person_gets_lines(folder: Path, line: str, env: dict[str, str]) -> None:
    code, text = run(folder, line, env)
    assert code == 0
    assert "\x1b[?" not in text
    assert "Traceback" not in text
    shown = text + "".join(
        (folder / name).read_text() for name in ("out", "nohup.out") if (folder / name).exists()
    )
    assert ("hello you" in shown) is (">&-" not in line.replace("2>&-", "").replace("<&-", ""))
    journal = next((folder / ".local/state/bringup/runs").glob("*/events.jsonl")).read_text()
    assert '"outcome":"succeeded"' in journal.splitlines()[-1]


def test_an_encoding_without_glyphs_still_tells_success_from_failure(folder: Path) -> None:
    _, text = run(folder, "bringup --no-tui", {"PYTHONIOENCODING": "ascii", "TERM": "dumb"})
    assert "+ quick is up" in text
    assert "?" not in text.replace("?1049", "")


def test_a_reader_that_goes_away_cancels_the_run_and_is_told_once(folder: Path) -> None:
    began = time.monotonic()
    code, text = run(folder, "bringup up long.yaml 2> errors | head -n 3; ( exit ${PIPESTATUS[0]} )")
    assert code == 141
    assert time.monotonic() - began < 20
    assert len(text.splitlines()) == 3
    said = (folder / "errors").read_text()
    assert said.splitlines() == [
        "error: the output cannot be written, so the run stops: Broken pipe",
        "  hint: `bringup up > FILE` writes it to a file, and the run goes on",
    ]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (
            "bringup up long.yaml --output json 2> errors | head -n 1; (exit ${PIPESTATUS[0]})",
            141,
            "Broken pipe",
        ),
        ("bringup status --help 2> errors > /dev/full", 1, "No space left on device"),
        ("bringup plan show workflowexecution 2> errors | true; ( exit ${PIPESTATUS[0]} )", 141, ""),
        ("bringup plan schema 2> errors | true; ( exit ${PIPESTATUS[0]} )", 141, ""),
        ("bringup up long.yaml 2>&1 | head -n 1 > errors; ( exit ${PIPESTATUS[0]} )", 141, "long"),
        (
            "PYTHONUNBUFFERED=1 bringup up long.yaml 2>&1 | head -n 1 > errors; ( exit ${PIPESTATUS[0]} )",
            141,
            "long",
        ),
        ("bringup up nothing.yaml 2> /dev/full > errors", 2, ""),
    ],
)
def test_output_that_cannot_be_written_is_no_traceback(folder: Path, line: str, code: int, says: str) -> None:
    ran = run(folder, line)
    said = (folder / "errors").read_text()
    assert ran.code == code
    assert says in said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_a_signal_ends_plain_lines_with_a_report(folder: Path) -> None:
    terminal = start(folder, "(echo $BASHPID > bringup.pid; exec bringup up slow.yaml --no-tui)")
    try:
        terminal.wait_for(b" hello\r\n")
        os.kill(int((folder / "bringup.pid").read_text()), signal.SIGQUIT)
        terminal.wait_for(b"slow was cancelled")
        assert terminal.join()
    finally:
        terminal.close()
    assert (folder / "code").read_text() == "130\n"
    assert not is_running((folder / "pid").read_text().strip())


def test_what_a_shell_starts_in_the_background_ignores_its_ctrl_c(folder: Path) -> None:
    process = subprocess.Popen(
        ["/bin/sh", "-c", "./bringup up slow.yaml --no-tui > out & echo $!; wait"],
        cwd=folder, env={**COMMON, "HOME": str(folder)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    bringup = int(process.stdout.readline())
    until(lambda: (folder / "out").exists() and "hello" in (folder / "out").read_text())
    os.kill(bringup, signal.SIGINT)
    time.sleep(0.2)
    assert is_running(bringup)
    os.kill(bringup, signal.SIGTERM)
    process.communicate(timeout=20)
    assert "slow was cancelled" in (folder / "out").read_text()


def test_a_dashboard_of_a_finished_run_lets_another_run_at_its_cluster(folder: Path) -> None:
    terminal = start(folder, "bringup")
    try:
        terminal.wait_for(b"why it took so long")
        done = subprocess.run(
            [folder / "bringup", "up"], cwd=folder, env={**COMMON, "HOME": str(folder)}, capture_output=True,
            text=True, timeout=40, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        terminal.send(b"q")
        assert terminal.join()
    finally:
        terminal.close()


def until(true: Callable[[], bool], patience: float = 20.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_terminal_that_is_gone_ends_the_run_also_without_a_signal(folder: Path) -> None:
    """SIGHUP goes to the terminal's own session: what `setsid` started sees but the end of its input."""
    ours, its = pty.openpty()
    environment = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "HOME": str(folder), **COMMON}
    argv = [sys.executable, "-m", "tui", "up", "slow.yaml"]
    with subprocess.Popen(
        argv, stdin=its, stdout=its, stderr=its, cwd=folder, env=environment, start_new_session=True
    ) as bringup:
        os.close(its)
        reader = threading.Thread(target=drain, args=(ours, folder / "pid"))
        reader.start()
        reader.join(timeout=20)
        step = int((folder / "pid").read_text())
        os.close(ours)
        assert bringup.wait(timeout=10) != 0
    assert not is_running(step)


def drain(terminal: int, until: Path) -> None:
    """Read what is drawn until a file has been written."""
    while not until.exists() or not until.read_text():
        os.read(terminal, 1 << 16)
