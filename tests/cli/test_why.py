"""`why` and `what-if`, of the bundled recording and of runs that went otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui.cli import main
from tui.console.report import report
from tui.console.style import Style
from tui.insight.advice import Advice
from tui.rehearsal.recording import bundled_recording
from tui.run.journal import read_state
from tui.run.standing import Stands

RECORDING = str(bundled_recording("workflowexecution"))


def told(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def data(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(told(*arguments, "--output", "json"))
    return found


def test_why_begins_with_the_verdict_and_ranks_steps() -> None:
    lines = told("why", RECORDING).splitlines()
    assert lines[0] == (
        "57.1s; Kind cluster, Tekton Pipelines and Deploy Data Storage decide it; the most is in "
        "`kind.create` of Kind cluster: 22.6s"
    )
    ranked = [line for line in lines if "kind.load bringup-e2e/tekton:1" in line]
    assert ranked[0].split()[:6] == ["13.9s", "13.9s", "0.7s", "0.7s", "0.7s", "0.7s"]
    assert any("from −5% PostgreSQL + Redis" in line for line in lines)
    assert "57.1s instead of 1:38 one at a time: 1.7 times as fast" in "\n".join(lines)


def test_why_as_data_has_seconds() -> None:
    found = data("why", RECORDING)
    steps = found["steps"]
    assert isinstance(steps, list)
    first = steps[0]
    assert (first["task"], first["title"], first["kind"]) == ("kind-cluster", "kind.create", "kind.create")
    assert first["saved"]["100"] == pytest.approx(first["seconds"])
    assert first["worked"] + first["waited"] + first["unknown"] == pytest.approx(first["seconds"])
    assert found["floors"]["both"] <= found["seconds"]  # type: ignore[index]


def test_what_if_stands_beside_what_was() -> None:
    text = told("what-if", RECORDING, "--mode", "sequential")
    assert text.startswith("1:38 instead of 57.1s: 40.7s more\n")
    assert "tasks are taken not to slow each other" in text
    found = data("what-if", RECORDING, "--scale", "kind-cluster/kind.create=0", "--limit", "1")
    whole = data("what-if", RECORDING, "--mode", "sequential")
    assert found["makespan"] == pytest.approx(float(str(whole["makespan"])) - 22.6, abs=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--scale", "tekton"),
        ("--scale", "tekton=-1"),
        ("--scale", "tekton=nan"),
        ("--scale", "teckton=2"),
        ("--set", "tekton=-3s"),
        ("--set", "tekton=soon"),
        ("--drop-need", "tekton"),
        ("--add-need", "kind-cluster:tekton"),
        ("--limit", "0"),
        ("--cores", "0"),
        ("--cores", "nan"),
    ],
)
def test_wrong_changes_are_refused(wrong: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, ["what-if", RECORDING, *wrong])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_run_that_was_cut_off_says_so(tmp_path: Path) -> None:
    whole = (bundled_recording("workflowexecution") or tmp_path) / "events.jsonl"
    events = whole.read_text().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_text("".join(events[: len(events) // 2]))
    assert told("why", str(tmp_path)).split(";")[0].endswith("s, cut off")
    (tmp_path / "events.jsonl").write_text(events[0])
    assert told("why", str(tmp_path)).startswith("nothing has run\n")
    assert told("what-if", str(tmp_path)).startswith("0.0s instead of 0.0s: no change\n")


def test_the_report_ends_with_what_decided_and_what_was_gained() -> None:
    advice = Advice("limit", "let 4 tasks run", "", 12.0, 10.0, 14.0, 3, "", "", "")
    lines = report(read_state(Path(RECORDING)), Stands(), Style(False), advice=advice)
    assert [line.strip() for line in lines[-4:-1]] == [
        "decided by  Kind cluster 22.8s → Tekton Pipelines 25.9s → Deploy Data Storage 8.2s",
        "gained      57.1s instead of 1:38 one at a time: 1.7 times as fast",
        "advice      let 4 tasks run: saves 12.0s (10.0s to 14.0s in 3 runs) "
        "(`bringup advise 20261123-064841-774e`)",
    ]
