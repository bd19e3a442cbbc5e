"""The published JSON Schema says of a plan what reading it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from tests.plan.faulty import FAULTY
from tests.plan.writing import CLUSTER, load, marked, one_step, one_task, write
from tui.cli import main
from tui.plan.bundled import bundled_plans, find_plan, manifests_folder
from tui.plan.document import read_document
from tui.plan.messages import STEP_KINDS
from tui.plan.schema import plan_schema
from tui.plan.steps import STEPS

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = Draft202012Validator(plan_schema())

RIGHT = {
    "one in place of a list": one_task("retry: {signatures: dns, backoff: 5}", "variables: {}\n"),
    "a reference for a number": one_task("timeout: ${a}", "variables: {a: 5}\nlimit: ${a}\n"),
    "a reference for a list": one_task("needs: ${a}", "variables: {a: []}\n"),
    "a reference within a list": one_task(
        "retry: {signatures: ['${a}'], backoff: ['${b}']}", "variables: {a: dns, b: 1s}\n"
    ),
    "a reference for a mapping": one_task("retry: ${a}", "variables: {a: {signatures: [dns]}}\n"),
    "a reference for a step": one_task(
        "", "variables: {a: {kind: command, shell: x}}\n", "        steps: ['${a}']\n"
    ),
    "a pinned manifest": one_step(
        "{kind: kubernetes.apply, manifests: {url: 'https://x/y', sha256: " + "a" * 64 + "}}"
    ),
    "a signature of one's own": one_task("retry: {signatures: [dns, {pattern: x, hint: y}]}"),
    "what is there for anchors": one_task("", "x-a: &a {b: c}\n"),
    "null for what may be absent": one_step("{kind: kind.create, image: null, timeout: null}"),
}
STRUCTURE = [
    "unknown key of a plan", "need for needs", "unknown key of a step", "unknown key deep inside",
    "missing key",
    "unknown kind", "no kind", "a step of text", "duration in words", "duration of a wrong type",
    "duration of truth", "negative duration", "port of text", "port out of range", "truth for text",
    "a mapping for a list", "nothing for a list", "an empty list", "limit of nothing", "not an id",
    "another version", "not a URL", "too many attempts", "variables of a wrong type", "a list", "a text",
    "a key called folder",
]  # fmt: skip


def errors_of(path: Path) -> list[str]:
    value = read_document(path).value
    return [error.message for error in VALIDATOR.iter_errors(value)]


def test_the_published_file_is_the_schema() -> None:
    """If this fails: `bringup plan schema > manifests/plan.schema.json`."""
    printed = CliRunner().invoke(main, ["plan", "schema"])
    assert printed.exit_code == 0
    assert (manifests_folder() / "plan.schema.json").read_text(encoding="utf-8") == printed.output
    assert json.loads(printed.output) == plan_schema()


def test_the_published_reference_is_that_of_the_models() -> None:
    """If this fails: `bringup plan reference > manifests/README.md`."""
    printed = CliRunner().invoke(main, ["plan", "reference"])
    assert printed.exit_code == 0
    assert (manifests_folder() / "README.md").read_text(encoding="utf-8") == printed.output
    names = {*STEPS, *plan_schema()["properties"]}
    assert [name for name in names if f"`{name}`" not in printed.output] == []


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("name", bundled_plans())
def test_bundled_plans_agree_with_it_as_they_are_written(name: str) -> None:
    path = find_plan(name)
    assert errors_of(path) == []
    assert path.read_text(encoding="utf-8").startswith(
        "# yaml-language-server: $schema=../plan.schema.json\n"
    )


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_can_be_read_agrees_with_it(text: str, tmp_path: Path) -> None:
    load(tmp_path, text)
    assert errors_of(tmp_path / "plan.yaml") == []


@pytest.mark.parametrize("name", STRUCTURE)
def test_mistakes_in_a_plans_shape_do_not(name: str, tmp_path: Path) -> None:
    text = FAULTY[name][0]
    assert marked(text, "plan.yaml")
    assert errors_of(write(tmp_path, text)) != []


def test_it_names_every_kind_of_step_and_explains_every_one() -> None:
    definitions: dict[str, Any] = plan_schema()["$defs"]
    kinds = {
        kind: part
        for part in definitions.values()
        if (field := part["properties"].get("kind", {})).keys() & {"const", "enum"}
        for kind in field.get("enum") or [field["const"]]
    }
    assert tuple(sorted(kinds)) == STEP_KINDS
    assert all(part["description"] for part in kinds.values())


def test_cluster_keys_are_told_by_editors_and_by_reading_alike(tmp_path: Path) -> None:
    path = write(tmp_path, one_task("", CLUSTER.replace("kubeconfig", "kubeconf")))
    assert any("kubeconf" in message for message in errors_of(path))
