"""Objects of a real cluster changed, and replaced."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.real import apply_objects, deployed, deployment, job, kubectl
from tui.actions.kubernetes.apply import apply
from tui.actions.kubernetes.patch import patch, restart
from tui.errors import ActionError
from tui.plan.steps import KubernetesApply, KubernetesPatch, KubernetesRestart

if TYPE_CHECKING:
    from tests.actions.recorder import Recorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_SCHEMA = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.three.example.com"},
    "spec": {
        "group": "three.example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": _SCHEMA}}],
    },
}
_WIDGET: dict[str, Any] = {
    "apiVersion": "three.example.com/v1",
    "kind": "Widget",
    "metadata": {"name": "w"},
    "spec": {"size": 1},
}


async def test_what_may_be_replaced_is_made_anew_where_a_change_is_refused(ctx: Recorder) -> None:
    def step(command: str) -> KubernetesApply:
        manifests = {"object": job("again", command)}
        fields = {"kind": "kubernetes.apply", "manifests": manifests, "replace": "jobs.batch/again"}
        return KubernetesApply.model_validate(fields)

    assert (await apply(step("sleep 600"), ctx)).note == "1 objects: 1 created"
    assert (await apply(step("sleep 600"), ctx)).note == "1 objects: 1 unchanged"
    assert (await apply(step("sleep 601"), ctx)).note == "1 objects: 1 replaced"
    assert ("", "job.batch/again may be replaced, and has changed: replacing it") in ctx.lines
    await asyncio.to_thread(kubectl, ctx, "delete", "job/again")


def _patching(**fields: Any) -> KubernetesPatch:
    return KubernetesPatch.model_validate({"kind": "kubernetes.patch", **fields})


async def test_objects_are_changed_once_and_it_is_told_what_has_changed(ctx: Recorder) -> None:
    name = "deployment/changed"
    changes: list[dict[str, Any]] = [
        {"strategic": {"spec": {"template": {"spec": {"containers": [{"name": "app", "tty": True}]}}}}},
        {"merge": {"spec": {"replicas": 0, "paused": None}}},
        {"json": {"op": "add", "path": "/spec/template/spec/containers/0/command/-", "value": "more"}},
        {"json": {"op": "remove", "path": "/spec/template/spec/containers/0/nothing"}},
        {"labels": {"a": "b", "nothing": None}, "annotations": {"note": True}},
    ]
    async with deployed(ctx, deployment("changed")):
        done = [await patch(_patching(objects=name, **change), ctx) for change in changes]
        assert [each.changed for each in done] == [True, True, True, False, True]
        assert not any([(await patch(_patching(objects=name, **each), ctx)).changed for each in changes])
        told = [line for _, line in ctx.lines]
        assert f"{name}: spec.replicas: 1 → 0" in told
        assert f"{name}: spec.template.spec.containers[0].tty: nothing → true" in told
        assert f'{name}: metadata.annotations.note: nothing → "true"' in told
        step = KubernetesRestart(kind="kubernetes.restart", rollouts=(name,))
        assert (await restart(step, ctx)).note == "1 rollout restarted"
        found = json.loads(await asyncio.to_thread(kubectl, ctx, "get", name, "-o", "json"))
        notes = found["spec"]["template"]["metadata"]["annotations"]
        assert notes["kubectl.kubernetes.io/restartedAt"].endswith("+00:00")
    with pytest.raises(ActionError, match="there is no deployment/nowhere in namespace default"):
        await patch(_patching(objects="deploy/nowhere", labels={"a": "b"}), ctx)


async def test_nodes_are_tainted_and_labelled_as_kubectl_does(ctx: Recorder) -> None:
    step = _patching(objects="node/*", taints=["a=b:NoSchedule", "c:NoExecute-"], labels={"zone": "x"})
    assert (await patch(step, ctx)).note == "1 of 1 object changed"
    assert not (await patch(step, ctx)).changed
    shown = await asyncio.to_thread(kubectl, ctx, "get", "nodes", "-o", "jsonpath={.items[0].spec.taints}")
    ours = [taint for taint in json.loads(shown) if taint["key"] == "a"]
    assert ours == [{"key": "a", "value": "b", "effect": "NoSchedule"}]
    assert (await patch(_patching(objects="node/*", taints="a-", labels={"zone": None}), ctx)).changed
    assert not await asyncio.to_thread(kubectl, ctx, "get", "nodes", "-l", "zone", "-o", "name")
    await apply_objects(ctx, _DEFINITION, _WIDGET)
    with pytest.raises(ActionError, match="cannot be patched") as caught:
        await patch(_patching(objects="widget.three.example.com/w", strategic={"spec": {"size": 2}}), ctx)
    assert caught.value.hint.startswith("write `merge` in place of `strategic`")
    assert (
        await patch(_patching(objects="widget.three.example.com/w", merge={"spec": {"size": 2}}), ctx)
    ).changed
