"""What is shown of a plan: no secret, no control sequence, and one line for what is one thing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.writing import HEAD, write
from tui.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-Wx7tK9pQ2mZ4"
LONG = CANARY * 12
WITH_SECRET = f"""\
{HEAD}variables:
  db: {{user: shop, password: "{CANARY}"}}
  plain: "{CANARY}-2"
  long: "{LONG}"
secrets: [plain, long]
phases:
  - id: one
    tasks:
      - id: first
        FIELD
        steps: [{{kind: command, shell: "psql ${{db.password}}"}}]
"""
PLACES = {
    "a duration": 'timeout: "${db.password}"',
    "a long duration": 'timeout: "${long}"',
    "part of a duration": 'timeout: "after ${db.password} and ${long}"',
    "a host": 'host: "${plain}"',
    "a need": 'needs: ["${db.password}", "${long}"]',
    "an id": 'id2: "${plain}"',
    "a failure": 'retry: {signatures: ["${long}"]}',
    "a pattern": 'retry: {signatures: [{pattern: "(${long}"}]}',
    "a number": 'retry: {attempts: "${plain}", signatures: dns}',
    "an unknown key": '"${plain}": 5',
}


@pytest.mark.parametrize("field", PLACES.values(), ids=PLACES)
def test_errors_show_no_secret(field: str, tmp_path: Path) -> None:
    path = write(tmp_path, WITH_SECRET.replace("FIELD", field))
    for command in (["plan", "show"], ["plan", "lint"], ["up", "--env", "rehearsal"]):
        result = CliRunner().invoke(main, [*command, str(path)])
        assert result.exit_code == 2
        assert "error: " in result.output
        assert CANARY[:4] not in result.output
        assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_files_that_do_not_exist_show_no_secret(tmp_path: Path) -> None:
    wrong = [
        '{kind: image.build, tag: x, context: "/nowhere/${plain}"}',
        '{kind: http.check, url: "${db.password}"}',
        '{kind: kubernetes.wait, rollouts: "${long}"}',
        '{kind: "${db.password}"}',
    ]
    text = WITH_SECRET.replace("        FIELD\n", "").replace(
        "{kind: command", ", ".join([*wrong, "{kind: command"])
    )
    result = CliRunner().invoke(main, ["plan", "show", str(write(tmp_path, text))])
    assert result.exit_code == 2
    assert (
        len(re.findall("^error: ", result.output, re.MULTILINE)) == 5
    )  # one is for the plan without a cluster
    assert CANARY[:4] not in result.output


def test_a_plan_is_shown_without_its_secrets(tmp_path: Path) -> None:
    path = write(tmp_path, WITH_SECRET.replace("FIELD", 'title: "with ${db.password}"'))
    for output in ("text", "json"):
        result = CliRunner().invoke(main, ["plan", "show", "--output", output, str(path)])
        assert result.exit_code == 0
        assert CANARY not in result.output
        assert "with •••" in result.output
    assert json.loads(result.output)["variables"]["db"]["user"] == "shop"


HOSTILE = '"\\x1b]0;owned\\a\\x1b[2J\\x9b31mred\\r\\nnext"'


def test_no_control_sequence_reaches_the_terminal(tmp_path: Path) -> None:
    text = f"""\
{HEAD}title: {HOSTILE}
endpoints: [{{name: {HOSTILE}, url: {HOSTILE}}}]
phases:
  - id: one
    title: {HOSTILE}
    tasks:
      - id: first
        title: {HOSTILE}
        steps: [{{kind: command, title: {HOSTILE}, shell: x}}, {{kind: command, argv: [{HOSTILE}]}}]
"""
    path = write(tmp_path, text)
    for command in (["plan", "show"], ["plan", "lint"], ["up", "--env", "rehearsal", "--plain"]):
        result = CliRunner().invoke(main, [*command, str(path)])
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.output), result.output
    shown = CliRunner().invoke(main, ["plan", "show", str(path)]).output.splitlines()
    assert [line.split("  ")[0] for line in shown[:2]] == ["31mred next", "1 31mred next"]
    assert len(shown) == 5


def test_errors_have_no_control_sequence(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEAD}phases: {HOSTILE}\n{HOSTILE}: 1\nhosts: {{a: {HOSTILE}}}\n")
    result = CliRunner().invoke(main, ["plan", "show", str(path)])
    assert result.exit_code == 2
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.output), result.output


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        (
            "|\n            set -eu\n            # builds\n            make one\n            make two\n",
            "command make one …",
        ),
        ("|\n            make one\n", "command make one"),
        ('"make\\none\\n"', "command make …"),
    ],
)
def test_a_script_is_one_line_of_the_tree(shell: str, line: str, tmp_path: Path) -> None:
    task = f"    - id: first\n      steps:\n        - kind: command\n          shell: {shell}"
    text = f"{HEAD}phases:\n- id: one\n  tasks:\n{task}"
    result = CliRunner().invoke(main, ["plan", "show", str(write(tmp_path, text))])
    assert result.output.splitlines()[-1] == f"        └ {line}"


def test_a_directory_called_like_a_bundled_plan_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workflowexecution").mkdir()
    result = CliRunner().invoke(main, ["plan", "show", "workflowexecution"])
    assert result.exit_code == 0, result.output
    assert "Kind" in result.output
    (tmp_path / "workflowexecution").rmdir()
    (tmp_path / "workflowexecution").write_bytes(b"\x7fELF")
    assert CliRunner().invoke(main, ["plan", "show", "workflowexecution"]).exit_code == 0
    (tmp_path / "workflowexecution").unlink()
    write(tmp_path, WITH_SECRET.replace("FIELD", ""), "workflowexecution/plan.yaml")
    assert "demo" in CliRunner().invoke(main, ["plan", "show", "workflowexecution"]).output
