from __future__ import annotations

from typing import Any

import pytest

from tui.actions.kubernetes.server_side import (
    fields_taken_over,
    named,
    outcome_of,
    prepared,
    repeated_variables,
    server_fields,
)
from tui.clients.kubernetes.discovery import Resource
from tui.plan.manifests import Manifest

NAMESPACED = Resource("/api/v1", "things", namespaced=True, has_status=True)
PODS = {
    "containers": [{"name": "a", "ports": [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]}]
}


def _body(kind: str = "ConfigMap", version: str = "v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, **more}


def test_an_object_is_unchanged_by_what_controllers_write() -> None:
    before = {"metadata": {"resourceVersion": "1", "managedFields": [1]}, "spec": 1, "status": "a"}
    after = {"metadata": {"resourceVersion": "2", "managedFields": [2]}, "spec": 1, "status": "b"}
    assert outcome_of(None, after) == "created"
    assert outcome_of(before, after) == "unchanged"
    assert outcome_of(before, {**after, "spec": 2}) == "configured"


def test_what_the_server_writes_is_left_out_of_exported_objects() -> None:
    exported = _body(status={"phase": "x"}, data={"k": "v"})
    exported["metadata"] |= {
        "uid": "u",
        "resourceVersion": "3",
        "generation": 4,
        "creationTimestamp": None,
        "managedFields": [],
        "labels": {"a": "b"},
    }
    assert server_fields(exported) == ["resourceVersion", "uid"]
    sent = prepared(exported, NAMESPACED, "shop")
    assert sent == _body(data={"k": "v"}) | {
        "metadata": {"name": "a", "labels": {"a": "b"}, "namespace": "shop"}
    }
    assert "uid" in exported["metadata"]
    without_status = Resource("/apis/x/v1", "things", namespaced=False)
    assert prepared(exported, without_status, "shop")["status"] == {"phase": "x"}


@pytest.mark.parametrize(
    ("kind", "version", "spec"),
    [
        ("Pod", "v1", PODS),
        ("Deployment", "apps/v1", {"template": {"spec": PODS}}),
        ("CronJob", "batch/v1", {"jobTemplate": {"spec": {"template": {"spec": PODS}}}}),
    ],
)
def test_ports_of_containers_get_their_protocol(kind: str, version: str, spec: dict[str, Any]) -> None:
    sent = str(prepared(_body(kind, version, spec=spec), NAMESPACED, "shop"))
    assert "{'containerPort': 1, 'protocol': 'TCP'}" in sent
    assert "{'containerPort': 2, 'protocol': 'UDP'}" in sent


def test_ports_of_services_get_their_protocol_and_others_none() -> None:
    spec = {"ports": [{"port": 80}, "wrong"], "template": 3}
    assert prepared(_body("Service", spec=spec), NAMESPACED, "x")["spec"]["ports"][0]["protocol"] == "TCP"
    other = Resource("/apis/serving.example/v1", "services", namespaced=True)
    assert prepared(_body("Service", "serving.example/v1", spec=spec), other, "x")["spec"] == spec


@pytest.mark.parametrize("spec", [None, 3, [], {"template": None}, {"containers": 3}, {"containers": [3]}])
def test_objects_of_any_shape_are_sent_as_they_are(spec: object) -> None:
    assert prepared(_body("Pod", spec=spec), NAMESPACED, "x")["spec"] == spec


def test_quantities_are_text() -> None:
    resources = {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": 0.5}}
    volumes = [{"name": "v", "emptyDir": {"sizeLimit": 1000}}]
    spec = {"containers": [{"name": "a", "resources": resources}], "volumes": volumes, "replicas": 2}
    sent = prepared(_body("Pod", spec=spec), NAMESPACED, "x")["spec"]
    assert sent["containers"][0]["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "0.5"},
    }
    assert sent["volumes"][0]["emptyDir"] == {"sizeLimit": "1000"}
    assert sent["replicas"] == 2
    limits = [{"type": "Container", "max": {"cpu": 2}, "defaultRequest": {"cpu": 0.1}}]
    sent = prepared(_body("LimitRange", spec={"limits": limits}), NAMESPACED, "x")["spec"]
    assert sent["limits"] == [{"type": "Container", "max": {"cpu": "2"}, "defaultRequest": {"cpu": "0.1"}}]
    metric = {"type": "AverageValue", "averageValue": 30}
    sent = prepared(_body("HorizontalPodAutoscaler", spec={"target": metric}), NAMESPACED, "x")["spec"]
    assert sent["target"]["averageValue"] == "30"


def test_the_last_of_variables_that_stand_twice_stays() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {}, {"name": []}, {"name": "A"}, {}]
    template = {"spec": {"containers": [{"name": "app", "env": env}], "initContainers": [{"name": "first"}]}}
    body = _body("CronJob", spec={"jobTemplate": {"spec": {"template": template}}})
    sent = prepared(body, NAMESPACED, "x")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert sent["containers"][0]["env"] == env[1:]
    assert sent["initContainers"] == [{"name": "first"}]
    assert repeated_variables(body) == ["app: A"]


def test_objects_of_the_whole_cluster_lose_their_namespace() -> None:
    body = _body("ClusterRole")
    body["metadata"]["namespace"] = "shop"
    whole = Resource("/apis/rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False)
    assert prepared(body, whole, "x")["metadata"] == {"name": "a"}


def test_a_name_is_made_of_generate_name() -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "run-"}}
    names = {named(Manifest(body, "x")).name for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("run-") and len(name) == 9 for name in names)
    assert named(Manifest(_body(), "x")).name == "a"


def _entry(manager: str, operation: str, **fields: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields}


APPLIED: dict[str, Any] = {
    "f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}, ".": {}}
}


def test_fields_that_kubectl_applied_become_ours() -> None:
    theirs = _entry("kubectl-client-side-apply", "Update", **{"f:metadata": APPLIED, "f:data": {"f:a": {}}})
    other = _entry("controller", "Update", **{"f:status": {}})
    found = {"metadata": {"managedFields": [theirs, other]}}
    assert fields_taken_over(found) == [{**theirs, "manager": "bringup", "operation": "Apply"}, other]
    ours = _entry("bringup", "Apply", **{"f:data": {"f:b": {}}})
    [merged, rest] = fields_taken_over({"metadata": {"managedFields": [theirs, other, ours]}}) or []
    assert merged["fieldsV1"] == {"f:metadata": APPLIED, "f:data": {"f:a": {}, "f:b": {}}}
    assert rest == other


def test_fields_of_others_stay_theirs() -> None:
    for entries in ([], [_entry("kubectl-create", "Update", **{"f:data": {}})], [_entry("helm", "Apply")]):
        assert fields_taken_over({"metadata": {"managedFields": entries}}) is None
    assert fields_taken_over({"metadata": {}}) is None
