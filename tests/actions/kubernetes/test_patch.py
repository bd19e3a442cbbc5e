"""What patches would change, and what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.writing import MARK, faults_of, load, marked, one_step, write
from tui.actions.kubernetes.differences import differences
from tui.actions.kubernetes.patch import _patches
from tui.plan.steps import KubernetesPatch

if TYPE_CHECKING:
    from pathlib import Path

OLD: dict[str, Any] = {"key": "a", "value": "b", "effect": "NoSchedule"}
BEFORE: dict[str, Any] = {
    "metadata": {"name": "x"},
    "spec": {"args": ["--a"], "map": {"k/v": 1}, "taints": [OLD]},
}


def _sent(**fields: Any) -> list[Any]:
    step = KubernetesPatch.model_validate({"kind": "kubernetes.patch", "objects": "node/x", **fields})
    return [body for body, _ in _patches(step, BEFORE)]


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        ({"op": "add", "path": "/spec/args/-", "value": "--a"}, False),
        ({"op": "add", "path": "/spec/args/-", "value": "--b"}, True),
        ({"op": "add", "path": "/spec/args/0", "value": "--a"}, True),
        ({"op": "add", "path": "/spec/new", "value": 1}, True),
        ({"op": "remove", "path": "/spec/args"}, True),
        ({"op": "remove", "path": "/spec/map/k~1v"}, True),
        ({"op": "remove", "path": "/spec/map/other"}, False),
        ({"op": "remove", "path": "/spec/none/other"}, False),
        ({"op": "test", "path": "/spec/args", "value": []}, True),
    ],
)
def test_an_operation_that_was_done_is_not_sent_again(operation: dict[str, Any], sent: bool) -> None:
    assert _sent(json=operation) == ([[operation]] if sent else [])


@pytest.mark.parametrize(
    ("taint", "taints"),
    [
        ("a=b:NoSchedule", [OLD]),
        ("a=c:NoSchedule", [OLD | {"value": "c"}]),
        ("a:NoExecute", [OLD, {"key": "a", "effect": "NoExecute"}]),
        ("a-", None),
        ("a:NoExecute-", [OLD]),
        ("a:NoSchedule-", None),
        ("b-", [OLD]),
    ],
)
def test_taints_are_added_replaced_and_removed(taint: str, taints: list[Any] | None) -> None:
    assert _sent(taints=taint) == ([] if taints == [OLD] else [{"spec": {"taints": taints}}])


def test_differences_are_told_without_what_the_server_writes_and_what_is_secret() -> None:
    before = {"metadata": {"name": "x", "resourceVersion": "1"}, "spec": {"a": [1, {"b": 2}], "c": 1}}
    after = {"metadata": {"name": "x", "resourceVersion": "2"}, "spec": {"a": [1, {"b": 3}], "d": "x"}}
    lines = ["spec.a[1].b: 2 → 3", "spec.c: 1 → nothing", 'spec.d: nothing → "x"']
    assert differences(before, after) == lines
    assert differences(before, after, secret=True) == [
        "spec.a[1].b: changed",
        "spec.c: changed",
        "spec.d: changed",
    ]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(old=_VALUES, new=_VALUES)
def test_there_are_differences_where_values_differ(old: Any, new: Any) -> None:
    one, other = ({"metadata": {}, "spec": value} for value in (old, new))
    assert bool(differences(one, other)) is (repr(old) != repr(new)) or old == new


WRONG = {
    "▶{kind: kubernetes.patch, objects: node/x}": "steps, item 1: the step changes nothing",
    "{kind: kubernetes.patch, objects: ▶node, labels: {a: b}}": "objects: 'node' does not name an object",
    "{kind: kubernetes.patch, objects: node/*, taints: ▶a=b}": "taints: 'a=b' is not a taint",
    "{kind: kubernetes.patch, objects: pod/x, json: ▶{op: put, path: /a}}": (
        "json: this is not an operation of JSON Patch"
    ),
}


@pytest.mark.parametrize("step", WRONG)
def test_what_is_wrong_with_a_patch_is_told_with_its_place(tmp_path: Path, step: str) -> None:
    fault = faults_of(write(tmp_path, text := one_step(step)))[0]
    assert fault.cause == WRONG[step]
    assert fault.hint
    assert fault.place == marked(text, fault.place.file)[0]


def test_a_patch_is_described_by_its_objects(tmp_path: Path) -> None:
    text = one_step("{kind: kubernetes.patch, objects: [node/*, cm/x], labels: {a: null, b: true}}").replace(
        MARK, ""
    )
    step = load(tmp_path, text).plan.tasks[0].steps[0]
    assert isinstance(step, KubernetesPatch)
    assert (step.describe(), step.labels) == ("kubernetes.patch node/*, cm/x", {"a": None, "b": "true"})
