"""Each kind of step says what it is: its action, and what the schema tells editors of its keys."""

from __future__ import annotations

import importlib

import pytest

from tui.plan.schema import plan_schema
from tui.plan.steps import STEPS, KubernetesWait


@pytest.mark.parametrize("kind", STEPS)
def test_a_kind_names_an_action_that_exists(kind: str) -> None:
    module, _, name = STEPS[kind].action.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_every_property_of_the_schema_is_described() -> None:
    schema = plan_schema()
    models = {"Plan": schema, **schema["$defs"]}
    bare = [
        f"{model}.{name}"
        for model, part in models.items()
        for name, field in part["properties"].items()
        if not field.get("description")
    ]
    assert bare == []
    assert all(part.get("description") for part in models.values())


@pytest.mark.parametrize(
    "kind", ["deploy", "deployments", "Deployment", "deployment.apps", "deployments.apps"]
)
def test_kinds_of_rollouts_may_be_written_as_for_kubectl(kind: str) -> None:
    rollouts = [f"{kind}/a.b", "sts/b", "ds/c"]
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", "rollouts": rollouts})
    assert step.rollouts == ("deployment/a.b", "statefulset/b", "daemonset/c")


def test_only_what_a_provider_itself_does_needs_its_program() -> None:
    assert {name for name, step in STEPS.items() if step.needs_provider} == {
        *("cluster.create", "cluster.delete", "cluster.logs"), *("kind.create", "kind.delete", "kind.logs")
    }  # fmt: skip
