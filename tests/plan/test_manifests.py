from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tui.plan.faults import PlanError
from tui.plan.manifests import manifest_files, nested_directories, read_file, read_objects

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def _filled(text: str, **variables: Any) -> Any:
    return read_objects((HEAD + text).encode(), "x.yaml", variables)[0].body["data"]


def test_documents_know_their_lines_and_names() -> None:
    second = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n"
    found = read_objects(f"# first\n---\n{HEAD}---\n---\n{second}".encode(), "app.yaml")
    assert [(m.title, m.source) for m in found] == [
        ("configmap/a", "app.yaml:3"),
        ("deployment.apps/b", "app.yaml:8"),
    ]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "bad.yaml:3:2: is not YAML"),
        ("kind: Pod\nmetadata: {name: a}\n", "bad.yaml:1:1: the object has no apiVersion"),
        ("apiVersion: v1\nkind: Pod\n", "the Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n", "metadata.name is a number, not text"),
        ("\n- 1\n- 2\n", "bad.yaml:2:1: this is a list"),
        ("just words\n", "plain text"),
        ("kind: List\napiVersion: v1\nitems: [3]\n", "not a Kubernetes object"),
        (f"{HEAD}data: [*none]\n", "bad.yaml:4:8: the alias '*none' has no anchor"),
        (f"{HEAD}data: {'[' * 300}{']' * 300}\n", "nested too deeply"),
        (f"{HEAD}\tdata: x\n", "is not YAML"),
        (f"{HEAD}data: \x01\n", "bad.yaml:4:1: is not YAML: control characters"),
        (f"{HEAD}data: .nan\n", "JSON has no such number"),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "written for kustomize"),
    ],
)
def test_what_is_no_object_is_told_with_its_place(text: str, cause: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_objects(text.encode(), "bad.yaml")
    assert cause in caught.value.cause


@pytest.mark.parametrize("value", ["{{ .Values.name }}", "{{- if .Values.on }}"])
def test_a_template_is_told_to_be_one(value: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_objects(f"{HEAD}data:\n  a: {value}\n".encode(), "bad.yaml")
    assert "render the template first" in caught.value.hint


def test_aliases_cannot_multiply_without_bound() -> None:
    layers = "a: &a [x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    with pytest.raises(PlanError, match="expand without bound"):
        read_objects((HEAD + layers).encode(), "x")


@pytest.mark.parametrize(
    ("written", "value", "read"),
    [
        ("${x}", "ab #cd12", "ab #cd12"),
        ("${x}", "#x", "#x"),
        ("${x}", "a: b", "a: b"),
        ("${x}", "{{", "{{"),
        ("${x}", "on", "on"),
        ("${x}", "0644", "0644"),
        ("${x}", "two\n  lines: x\n", "two\n  lines: x\n"),
        ("${x}", 'it\'s "quoted" \\ & *', 'it\'s "quoted" \\ & *'),
        ("${x}", "${x}", "${x}"),
        ("${x}", 5432, 5432),
        ("${x}", True, True),
        ("${x}", None, None),
        ("${x}", [1, "a: b"], [1, "a: b"]),
        ("${x}", {"k": "v"}, {"k": "v"}),
        ("'${x}'", 5432, "5432"),
        ('"${x}"', 'a"b', 'a"b'),
        ("!!str ${x}", 5432, "5432"),
        ("1.${x}", 20, "1.20"),
        ("${x}:${x} # ${nowhere}", 1, "1:1"),
        ("[${x}, '${x}', a${x}]", 1, [1, "1", "a1"]),
        ("{${x}: ${x}}", 1, {"1": 1}),
        ("{'a-${x}': 1}", "b: c", {"a-b: c": 1}),
        ("$${x} $x $(X) $$", 1, "${x} $x $(X) $$"),
        ("|\n  password: ${x}\n  user: me", "ab #cd12", "password: ab #cd12\nuser: me\n"),
        (">-\n  a\n  ${x}", "b\nc", "a b\nc"),
    ],
)
def test_values_are_filled_in_after_parsing(written: str, value: object, read: object) -> None:
    found = _filled(f"data: {written}\n", x=value)
    assert found == read
    assert type(found) is type(read)


def test_json_is_filled_in_too() -> None:
    text = json.dumps(
        {"apiVersion": "v1", "kind": "X", "metadata": {"name": "${n}"}, "data": {"${n}": "\U0001f600${n}"}}
    )
    [found] = read_objects(text.encode(), "x.json", {"n": 'a"b'})
    assert (found.name, found.body["data"]) == ('a"b', {'a"b': '\U0001f600a"b'})
    bare = '{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "replicas": ${n}}'
    assert read_objects(bare.encode(), "x.json", {"n": 3})[0].body["replicas"] == 3


def test_without_variables_references_are_left_alone() -> None:
    [found] = read_objects(f"{HEAD}data: ${{x}}\n".encode(), "x")
    assert found.body["data"] == "${x}"


def test_references_that_lead_nowhere_are_told_with_their_places() -> None:
    with pytest.raises(PlanError) as caught:
        _filled("data: {a: '${prot}', b: 1}  # ${comment}\nmore: x${q}\n", port=1)
    assert [(f.place.line, f.place.column) for f in caught.value.faults] == [(4, 12), (5, 8)]
    assert caught.value.hint == "did you mean 'port'?"


def test_an_error_does_not_show_what_was_filled_in() -> None:
    for text in ("${x}", "[${x}]", "{kind: '${x}', metadata: {}}", f"{HEAD}data: {{${{y}}: 1}}"):
        with pytest.raises(PlanError) as caught:
            read_objects(text.encode(), "x.yaml", {"x": "hush: hush", "y": ["hush"]})
        assert "hush" not in f"{caught.value.cause} {caught.value.hint}"


def test_references_cannot_multiply_without_bound() -> None:
    with pytest.raises(PlanError, match="without bound"):
        _filled("data: [" + "'${x}', " * 50 + "]\n", x="x" * (1 << 17))


def test_a_directory_is_read_in_the_order_of_names_and_not_below(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "notes.txt", "deep/d.yaml", "docs/x.md", "e.yaml/f.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HEAD)
    assert [file.name for file in manifest_files(tmp_path)] == ["a.yml", "b.yaml", "c.json"]
    assert [path.name for path in nested_directories(tmp_path)] == ["deep", "e.yaml"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    for file in manifest_files(tmp_path):
        with pytest.raises(PlanError, match=r"cannot be read"):
            read_file(file)
    with pytest.raises(PlanError, match="is not a file"):
        read_file(tmp_path)


def test_a_kustomization_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    with pytest.raises(PlanError, match="written for kustomize") as caught:
        read_file(tmp_path / "kustomization.yaml")
    assert "manifests: [{kustomize: " in caught.value.hint
