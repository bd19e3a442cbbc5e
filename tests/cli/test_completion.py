"""Completion offers what there is, and never writes a traceback into the line that is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from tests.cli.conftest import PLAN
from tests.commands import bringup
from tui.cli import main
from tui.rehearsal.recording import bundled_recording

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [
    "",
    "/",
    "/etc/pass",
    "./",
    "../x",
    "~",
    "~nobody-there/",
    "[",
    "*",
    "a" * 5000,
    "\udcff",
    "\x00",
    "ünï",
]
OPTIONS = [
    ["up", "--resume"],
    ["up", "--recording"],
    ["up", "--only"],
    ["up", "--host"],
    ["up"],
    ["down"],
    ["status"],
    ["tunnel"],
    ["plan", "lint", "--recording"],
    ["why"],
    ["what-if", "--scale"],
    ["what-if", "latest", "--add-need"],
    ["plan", "show"],
    ["plan", "steps"],
]


def offered(args: list[str], incomplete: str) -> list[tuple[str, str]]:
    items = ShellComplete(main, {}, "bringup", "_BRINGUP_COMPLETE").get_completions(args, incomplete)
    return [(item.value, item.type) for item in items]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize("args", OPTIONS, ids=" ".join)
def test_no_word_raises(args: list[str], folder: Path) -> None:
    for text in ("phases: 5", "- a", "phases: [{tasks: [{id: 5}]}]", "\t", ""):
        (folder / "bringup.yaml").write_text(text)
        for word in WORDS:
            offered(args, word)


@pytest.mark.parametrize("option", ["--resume", "--recording"])
def test_a_path_to_a_run_is_completed_as_a_directory(option: str) -> None:
    assert offered(["up", option], "/tmp/ru") == [("/tmp/ru", "dir")]
    assert ("latest", "plain") in offered(["up", option], "la")


def test_the_tasks_of_a_plan_that_is_wrong_elsewhere_are_offered(folder: Path) -> None:
    (folder / "bringup.yaml").write_text("phases: [{tasks: [{id: one}, {id: 5}]}]\nnonsense: 1")
    assert offered(["up", "--only"], "") == [("one", "plain"), ("5", "plain")]


def test_tasks_are_those_of_the_plan_that_is_named_before(tmp_path: Path) -> None:
    plan = tmp_path / "mine.yaml"
    plan.write_text("phases: [{id: one, tasks: [{id: mine}]}]")
    completer = ShellComplete(main, {}, "bringup", "_BRINGUP_COMPLETE")

    found = completer.get_completions(["up", str(plan), "--only"], "")

    assert [each.value for each in found] == ["mine"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(folder: Path, shell: str) -> None:
    assert "_BRINGUP_COMPLETE" in bringup(folder, "completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bringup up --only ", {"first", "second", "third", "fourth", "fifth"}),
        ("bringup up workflow", {"workflowexecution", "workflowexecution-hybrid"}),
        ("bringup up --mode ", {"parallel", "sequential", "eager"}),
        ("bringup pl", {"plan"}),
        ("bringup up --host ", {"local", "builder", "big"}),
    ],
)
def test_completion_knows_tasks_plans_and_choices(folder: Path, words: str, expected: set[str]) -> None:
    (folder / "bringup.yaml").write_text(PLAN)
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


def test_tasks_and_steps_of_a_run_are_offered() -> None:
    def offered(word: str, *options: str) -> list[str]:
        completer = ShellComplete(main, {}, "bringup", "_BRINGUP_COMPLETE")
        run = str(bundled_recording("workflowexecution"))
        return [each.value for each in completer.get_completions(["what-if", run, *options], word)]

    assert offered("te", "--scale") == ["tekton"]
    assert offered("tekton/", "--set") == [f"tekton/{i}" for i in range(1, 6)]
    assert offered("tekton:kind", "--drop-need") == ["tekton:kind-cluster"]
    assert offered("nothing/", "--scale") == []
