"""Runs in a job of GitHub Actions: what the runner takes for commands, and what the job shows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import bringup
from tui.console.github import MOST_BYTES, neutral, summarize

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "::error::evil",
    "  ::set-output name=a::b",
    "a ##[error]b",
    "\t::add-mask::a",
    "::stop-commands::x",
)


def commands(output: str) -> list[str]:
    """The commands that a runner finds in what a step printed."""
    found = []
    for line in output.splitlines():
        if line.lstrip().startswith("::"):
            found.append(line.lstrip())
        elif "##[" in line:
            found.append(line)
    return found


def job(folder: Path, tasks: list[dict[str, Any]], *arguments: str) -> tuple[str, str]:
    """What a run prints in a job, and the summary of its step."""
    plan = {"apiVersion": "bringup/v1", "name": "demo", "phases": [{"id": "one", "tasks": tasks}]}
    (folder / "bringup.yaml").write_text(json.dumps(plan, indent=1))
    summary = folder / "summary.md"
    summary.touch()
    done = bringup(
        folder, "up", *arguments, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(folder),
    )  # fmt: skip
    return done.stdout, summary.read_text()


def shell(text: str) -> dict[str, Any]:
    return {"kind": "command", "shell": text}


def test_only_bringup_gives_the_runner_commands(tmp_path: Path) -> None:
    echo = "; ".join(f"echo '{text}'" for text in COMMANDS)
    tasks = [
        {"id": "loud", "title": "a, b: 100%", "steps": [shell(echo)]},
        {"id": "bad", "title": "::error::title", "steps": [shell(f"{echo}; exit 3")]},
    ]
    said, summary = job(tmp_path, tasks)
    told = commands(said)
    kinds = [re.split(r"::| ", line[2:])[0] for line in told]
    assert kinds == ["group", "endgroup", "group", "endgroup", "error"]
    assert "::group::✓ a, b: 100%25: 5 lines" in told
    assert told[-1].startswith("::error file=bringup.yaml,line=")
    assert ",title=%3A%3Aerror%3A%3Atitle::" in told[-1]
    assert said.count("set-output") >= 3
    assert "### ❌ demo is not up" in summary
    assert "**✗ ::error::title** failed in step 1" in summary


def test_a_line_of_the_plan_is_named(tmp_path: Path) -> None:
    said, _ = job(tmp_path, [{"id": "bad", "steps": [shell("true"), shell("exit 3")]}])
    line = int(re.findall(r"line=(\d+)", said)[0])
    lines = (tmp_path / "bringup.yaml").read_text().splitlines()
    assert '"exit 3"' in "".join(lines[line - 1 : line + 3])


def test_at_most_nine_annotations_are_made(tmp_path: Path) -> None:
    tasks = [{"id": f"bad-{i}", "steps": [shell("exit 3")]} for i in range(12)]
    said, _ = job(tmp_path, tasks)
    shown = [line for line in commands(said) if line.startswith(("::error", "::warning"))]
    assert len(shown) == 9
    assert shown[-1] == "::warning title=bringup::and 4 more failures or warnings"


def test_of_a_long_log_the_end_is_printed(tmp_path: Path) -> None:
    said, _ = job(tmp_path, [{"id": "long", "steps": [shell("seq 20000")]}])
    assert "::group::✓ long: 20,000 lines" in said
    assert "│ 20000\n" in said
    assert "│ 1\n" not in said
    left = int(re.findall(r"… ([\d,]+) earlier lines", said)[0].replace(",", ""))
    assert left + len(re.findall(r"(?m)│ \d+$", said)) == 20_000


def test_json_stays_json(tmp_path: Path) -> None:
    said, summary = job(tmp_path, [{"id": "bad", "steps": [shell("exit 3")]}], "--output", "json")
    assert all(json.loads(line) for line in said.splitlines())
    assert "is not up" in summary


def test_elsewhere_nothing_is_grouped_or_written(tmp_path: Path) -> None:
    job(tmp_path, [{"id": "a", "steps": [shell("echo ::error::x")]}])
    done = bringup(tmp_path, "up", GITHUB_ACTIONS="", GITHUB_STEP_SUMMARY=str(tmp_path / "other"))
    assert "::group" not in done.stdout
    assert "::error::x" in done.stdout
    assert not (tmp_path / "other").exists()


def test_a_summary_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    job(tmp_path, [{"id": "a", "steps": [shell("true")]}])
    done = bringup(tmp_path, "up", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "x"))
    assert done.returncode == 0
    assert "the step's summary is not written" in done.stderr


@pytest.mark.parametrize("had", [0, 500_000, MOST_BYTES - 10, MOST_BYTES + 5])
def test_a_summary_stays_below_the_limit(had: int, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("x" * had)
    summarize("a line with é\n" * 60_000, {"GITHUB_STEP_SUMMARY": str(path)})
    size = path.stat().st_size
    assert had <= size <= max(MOST_BYTES, had)
    assert ("left out" in path.read_text()) == (had < MOST_BYTES - 100)


@given(st.text(alphabet=":# [\ta\n"))
def test_nothing_neutral_is_a_command(text: str) -> None:
    assert commands(neutral(text)) == []
    assert neutral(text).replace("\u200b", "") == text
