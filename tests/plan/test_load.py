"""What a plan's author is told: the cause, the place and a hint, for all faults at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.faulty import FAULTY
from tests.plan.writing import CLUSTER, HEAD, STEPS, faults_of, load, marked, one_step, one_task, write
from tui.cli import main
from tui.plan.faults import MOST_FAULTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("text", "cause", "hint"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_told_with_its_place_and_a_hint(
    text: str, cause: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    faults = faults_of(write(tmp_path, text))
    assert len(faults) == 1, faults
    assert cause in faults[0].cause
    assert hint in faults[0].hint
    assert [faults[0].place] == marked(text, "plan.yaml")


def test_all_faults_are_told_at_once_in_the_order_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        f"{HEAD}variables: {{a: '▶${{nowhere}}', ▶folder: x}}\nsecrets: [▶none]\n▶extra: 1\nphases:\n"
        "  - id: one\n    tasks:\n      - id: first\n        needs: [▶second]\n        timeout: ▶soon\n"
        "        steps:\n          - {kind: command, ▶shel: x, title: '▶${undefined}'}\n"
        f"  - id: ▶one\n    tasks:\n      - id: ▶first\n        timeout: ${{a}}\n{STEPS}"
    )
    found = [fault.place for fault in faults_of(write(tmp_path, text))]
    # Of a command without argv and shell it is said twice over: the wrong key, and what is missing for it.
    assert sorted(set(found)) == marked(text, "plan.yaml")


def test_faults_that_follow_from_an_undefined_variable_are_left_out(tmp_path: Path) -> None:
    text = one_task("timeout: ${t}\nneeds: ['${n}']\nretry: ${r}")
    causes = [fault.cause for fault in faults_of(write(tmp_path, text))]
    assert causes == [f"variable {name!r} is not defined" for name in "tnr"]


def test_of_very_many_faults_the_first_are_told(tmp_path: Path) -> None:
    keys = "".join(f"key-{i}: ${{a{i}}}\n" for i in range(5000))
    assert len(faults_of(write(tmp_path, HEAD + keys))) == MOST_FAULTS


def test_a_circle_of_tasks_is_named_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = one_task("needs: [free, ▶second]") + "".join(
        f"      - id: {id_}\n        needs: [{need}]\n{STEPS}"
        for id_, need in (("second", "third"), ("third", "first"), ("free", ""), ("hanging", "third"))
    )
    [fault] = faults_of(write(tmp_path, text))
    assert fault.cause == "tasks need each other in a circle: first → second → third → first"
    assert [fault.place] == marked(text, "plan.yaml")


@pytest.mark.parametrize(
    "step",
    [
        "{kind: kubernetes.apply, manifests: files/b.yaml, substitute: true}",
        "{kind: kubernetes.apply, manifests: [files], substitute: true}",
        "{kind: kind.create, config: files/b.yaml}",
    ],
)
def test_undefined_variables_in_files_are_found_before_anything_runs(step: str, tmp_path: Path) -> None:
    text = "a: ${word}\nb: $${plain}\nc: ▶${nowhere} ▶${word.deep}\n"
    manifest = write(tmp_path, text, "files/b.yaml")
    write(tmp_path, "not a manifest: ${nowhere}", "files/notes.txt")
    path = write(tmp_path, one_step(step, f"{CLUSTER}variables: {{word: hello}}\n"))
    faults = faults_of(path)
    assert [fault.place for fault in faults] == marked(text, str(manifest))
    assert [fault.hint for fault in faults] == ["known here: folder, word", "did you mean 'word'?"]


def test_files_that_are_not_filled_in_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, "${nowhere}", "a.yaml")
    load(tmp_path, one_step("{kind: kubernetes.apply, manifests: a.yaml}"))


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"a: \xff", "is not UTF-8 text"), (b"a" * (1 << 24) + b"a", "is larger than 16 MiB")],
    ids=["no text", "too large"],
)
def test_a_manifest_that_cannot_be_filled_in(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    text = one_step("{kind: kubernetes.apply, manifests: a.yaml, substitute: true}")
    [fault] = faults_of(write(tmp_path, text))
    assert (fault.place.file, fault.cause) == (str(tmp_path / "a.yaml"), cause)


def test_text_that_is_not_utf8_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes("a: b\nä: ".encode() + b"\xff\n")
    [fault] = faults_of(path)
    assert fault.cause == "is not UTF-8 text"
    assert (fault.place.line, fault.place.column) == (2, 4)


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + one_task("").encode())
    assert faults_of(write(tmp_path, one_task("need: a"), "other.yaml"))
    assert CliRunner().invoke(main, ["plan", "show", str(path)]).exit_code == 0


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.yaml")[0].cause == "cannot be read: No such file or directory"
    assert faults_of(tmp_path)[0].cause == "cannot be read: Is a directory"
    assert "cannot be read" in faults_of(tmp_path / ("a" * 5000))[0].cause
    assert "cannot be read" in faults_of(tmp_path / "a\0b")[0].cause
    (tmp_path / "circle.yaml").symlink_to(tmp_path / "circle.yaml")
    assert "cannot be read" in faults_of(tmp_path / "circle.yaml")[0].cause


def test_a_plan_in_a_strangely_named_folder(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff")
    [fault] = faults_of(write(folder, one_task("need: a")))
    assert "\ufffd" in str(fault)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    step = (
        "{kind: command, shell: x, env: {A: 1.20, B: 0644, C: yes, D: 1:30, E: 8080, F: '', G: 1e3, H: 1.5}, "
        "timeout: 1m30s, title: 007}"
    )
    top = "variables: {none: null, truth: true, whole: 3, text: '3', empty: , long: " + "1" * 5000 + "}\n"
    loaded = load(tmp_path, one_step(step, top))
    step_data = loaded.plan.tasks[0].steps[0].model_dump()
    assert step_data["env"] == {
        "A": "1.20", "B": "0644", "C": "yes", "D": "1:30", "E": "8080", "F": "", "G": "1e3", "H": "1.5",
    }  # fmt: skip
    assert (step_data["timeout"], step_data["title"]) == (90.0, "007")
    assert loaded.variables == {
        "none": None, "truth": True, "whole": 3, "text": "3", "empty": None, "long": "1" * 5000,
    }  # fmt: skip


def test_merged_mappings_and_aliases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    variables = "variables:\n  a: &a {x: 1, y: ▶2}\n  b: {y: 5}\n"
    step = "{kind: command, shell: x, env: {y: '3', <<: [{x: 9}, *a]}}"
    text = one_step(step, variables)
    loaded = load(tmp_path, text)
    assert loaded.plan.tasks[0].steps[0].model_dump()["env"] == {"x": "9", "y": "3"}
    assert [loaded.document.place(("variables", "a", "y"))] == marked(text, "plan.yaml")


def test_the_digest_changes_with_the_work_alone(tmp_path: Path) -> None:
    text = one_task("title: ${a}", "variables: {a: b}\n")
    digest = load(tmp_path, text).digest
    assert load(tmp_path, f"# a remark\n{text}\n").digest == digest
    assert load(tmp_path, text, settings=["a=b"]).digest == digest
    assert load(tmp_path, text, settings=["a=c"]).digest != digest
    assert load(tmp_path, text.replace("first", "other")).digest != digest


def test_secrets_are_the_variables_values(tmp_path: Path) -> None:
    text = one_task("", "variables: {a: {b: '${c}'}, c: hidden, d: 12345, e: null}\nsecrets: [a.b, d, e]\n")
    assert load(tmp_path, text).plan.secret_values == ("hidden", "12345")


def test_the_command_says_each_fault_and_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, one_task("need: [x]\ntimeout: soon"), "bringup.yaml")
    for command in ("show", "lint"):
        result = CliRunner().invoke(main, ["plan", command])
        assert result.exit_code == 2
        assert result.stderr == (
            "error: bringup.yaml:7:9: unknown key 'need'\n  hint: did you mean 'needs'?\n"
            "error: bringup.yaml:8:18: timeout: 'soon' is not a duration\n"
            "  hint: write it as 90s, 5m or 1h30m\n"
        )
