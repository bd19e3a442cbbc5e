"""Plans of several users of a cluster: namespaces with a prefix, and what is remarked on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.writing import faults_of, load, marked, one_step, write
from tui.engine.outputs import RunOutputs
from tui.plan.lint import lint
from tui.plan.own_namespaces import OWN_NAME, Namespaces

if TYPE_CHECKING:
    from pathlib import Path

CLUSTER = 'cluster: {context: kind-team, namespaces: {prefix: "${user}-", shared: certs}}\n'
TOP = f"variables: {{user: ann}}\n{CLUSTER}"
ANN = Namespaces(prefix="ann-", shared=("certs",))
PLAN = f"""apiVersion: bringup/v1
name: demo
{TOP}forwards: [{{service: web, namespace: shop, port: 8080}}]
phases:
  - id: one
    tasks:
      - id: first
        steps:
          - {{kind: kubernetes.namespace, names: [shop, ann-more, certs, kube-system]}}
          - {{kind: kubernetes.apply, manifests: [{{tls: hook, names: [hook.shop.svc, hook.example.com]}}],
             namespace: shop}}
          - {{kind: kubernetes.wait, gone: [namespace/old, pod/old], namespace: shop, timeout: 1m}}
          - {{kind: kubernetes.wait, nodes: all, timeout: 1m}}
          - {{kind: kubernetes.patch, objects: [ns/shop, "node/*"], labels: {{a: b}}}}
          - {{kind: postgres.verify, tables: a, connection:
             {{service: a, namespace: shop, user: b, password: c, database: d}}}}
          - {{kind: kubernetes.probe,
             manifest: {{apiVersion: v1, kind: A, metadata: {{name: a, namespace: shop}}}}}}
          - {{kind: command, shell: echo more, output: name}}
          - {{kind: helm.install, release: a, chart: oci://a/b, namespace: shop, version: "${{output.name}}"}}
"""


def test_namespaces_in_fields_of_a_plan_get_the_prefix(tmp_path: Path) -> None:
    plan = load(tmp_path, PLAN).plan
    names, apply, gone, nodes, patch, verify, probe, _, _ = (dict(step) for step in plan.tasks[0].steps)
    assert names["names"] == ("ann-shop", "ann-more", "certs", "kube-system")
    assert apply["namespace"] == "ann-shop"
    assert apply["manifests"][0].names == ("hook.ann-shop.svc", "hook.example.com")
    assert (gone["gone"], gone["namespace"]) == (("namespace/ann-old", "pod/old"), "ann-shop")
    assert nodes["namespace"] == "default"
    assert patch["objects"] == ("ns/ann-shop", "node/*")
    assert verify["connection"].namespace == "ann-shop"
    assert probe["manifest"]["metadata"]["namespace"] == "ann-shop"
    assert plan.forwards[0].namespace == "ann-shop"
    filled = asyncio.run(RunOutputs(plan, {"name": "1.2"}, assume=False).fill(plan.tasks[0].steps[-1]))
    assert (dict(filled)["version"], dict(filled)["namespace"]) == ("1.2", "ann-shop")
    unprefixed = load(tmp_path, PLAN.replace("user: ann", 'user: ""').replace("${user}-", "${user}")).plan
    assert unprefixed.forwards[0].namespace == "shop"


def _object(kind: str, version: str = "v1", **rest: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **rest}


OBJECTS = {
    "its namespace": (
        {"metadata": {"name": "x", "namespace": "shop"}}, {"metadata": {"name": "x", "namespace": "ann-shop"}}
    ),
    "shared": ({"metadata": {"namespace": "certs"}}, {"metadata": {"namespace": "certs"}}),
    "a namespace": (
        {"kind": "Namespace", "metadata": {"name": "shop"}}, {"metadata": {"name": "ann-shop"}}
    ),
    "somebody else's Namespace": (
        {"kind": "Namespace", "apiVersion": "a/v1", "metadata": {"name": "shop"}},
        {"metadata": {"name": "shop"}},
    ),
    "a service account": (
        {"kind": "ClusterRoleBinding",
         "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "shop"}]},
        {"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "ann-shop"}]},
    ),
    "all service accounts": (
        {"kind": "RoleBinding", "subjects": [{"kind": "Group", "name": "system:serviceaccounts:shop"}]},
        {"subjects": [{"kind": "Group", "name": "system:serviceaccounts:ann-shop"}]},
    ),
    "a webhook": (
        {"kind": "ValidatingWebhookConfiguration",
         "webhooks": [{"clientConfig": {"service": {"name": "a", "namespace": "shop"}}}]},
        {"webhooks": [{"clientConfig": {"service": {"name": "a", "namespace": "ann-shop"}}}]},
    ),
    "a definition": (
        {"kind": "CustomResourceDefinition",
         "spec": {"description": "as web.shop.svc", "conversion": {"webhookClientConfig":
            {"service": {"name": "a", "namespace": "shop"}}}}},
        {"spec": {"description": "as web.shop.svc", "conversion": {"webhookClientConfig":
            {"service": {"name": "a", "namespace": "ann-shop"}}}}},
    ),
    "addresses": (
        {"data": {"a": "//web.shop.svc:80/x,_db._tcp.pg.shop.svc.cluster.local b.certs.svc"}},
        {"data": {"a": "//web.ann-shop.svc:80/x,_db._tcp.pg.ann-shop.svc.cluster.local b.certs.svc"}},
    ),
    "no addresses": (
        {"data": {"a": "web.shop shop.svc web.shop.svc-x a.shop.svcs", "namespace": "shop"}},
        {"data": {"a": "web.shop shop.svc web.shop.svc-x a.shop.svcs", "namespace": "shop"}},
    ),
    "a selector": (
        {"spec": {"matchLabels": {OWN_NAME: "shop"}}}, {"spec": {"matchLabels": {OWN_NAME: "ann-shop"}}}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given_", "wanted"), OBJECTS.values(), ids=OBJECTS)
def test_namespaces_in_objects_get_the_prefix(given_: dict[str, Any], wanted: dict[str, Any]) -> None:
    body = {**_object("ConfigMap"), **given_}
    before = repr(body)
    assert ANN.placed(body) == {**body, **wanted}
    assert repr(body) == before


@given(st.lists(st.text("ab.-: shopsvc", max_size=24), max_size=3), st.text("ab-", max_size=6))
def test_what_has_its_prefix_keeps_it(value: Any, name: str) -> None:
    placed = ANN.placed(_object("A", data={"a": value, OWN_NAME: name}))
    assert ANN.placed(placed) == placed


@pytest.mark.parametrize("name", ["a" * 60, "A"])
def test_a_namespace_must_have_a_name_with_its_prefix(name: str, tmp_path: Path) -> None:
    text = one_step(f"{{kind: kubernetes.namespace, names: [▶{name}]}}", TOP)
    (fault,) = faults_of(write(tmp_path, text))
    assert "namespace" in fault.cause
    assert fault.hint


def test_a_prefix_ends_with_a_dash(tmp_path: Path) -> None:
    (fault,) = faults_of(write(tmp_path, one_step("{kind: kind.create}", TOP.replace("${user}-", "${user}"))))
    assert "prefix" in fault.cause + fault.hint or "ann" in fault.cause


MADE = "{kind: kubernetes.namespace, names: shop}"
REMARKS = {
    "a command": ("unprefixed", "▶{kind: command, shell: kubectl get pods -n shop}"),
    "an address in a command": ("unprefixed", "▶{kind: command, shell: 'curl http://web.shop.svc/x'}"),
    "a chart's values": (
        "unprefixed",
        "▶{kind: helm.install, release: a, chart: 'oci://a/b', values: {db: 'pg.shop:5432'}}",
    ),
    "a field of a custom resource": (
        "unprefixed",
        "▶{kind: kubernetes.apply, namespace: shop, manifests: {object: {apiVersion: a/v1, kind: A,"
        " metadata: {name: a}, spec: {secretNamespace: shop, other: shop}}}}",
    ),
    "an expression": (
        "unprefixed",
        "▶{kind: kubernetes.apply, namespace: shop, manifests: {object: {apiVersion: a/v1, kind: A,"
        f" metadata: {{name: a}}, spec: [{{key: {OWN_NAME}, operator: In, values: [shop]}}]}}}}}}",
    ),
    "in no namespace": (
        "shared",
        "▶{kind: kubernetes.apply, namespace: shop, manifests: {object:"
        " {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}}}}",
    ),
    "in the default namespace": (
        "shared",
        "▶{kind: kubernetes.apply, manifests: {object: {apiVersion: v1, kind: A, metadata: {name: a}}}}",
    ),
    "nothing": (
        "",
        "{kind: kubernetes.apply, manifests: {object: {apiVersion: v1, kind: ConfigMap, metadata:"
        " {name: a, namespace: shop}, data: {a: web.shop.svc, b: shop}}}}",
    ),
    "a command with the prefix": ("", "{kind: command, shell: 'kubectl get -n ${user}-shop web.shopping'}"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "step"), REMARKS.values(), ids=REMARKS)
def test_what_gets_no_prefix_is_remarked_on(rule: str, step: str, tmp_path: Path) -> None:
    text = one_step(f"{MADE}\n          - {step}", TOP)
    remarks = [each for each in lint(load(tmp_path, text)) if each.rule.startswith("namespace")]
    assert [each.rule for each in remarks] == [f"namespace-{rule}"] * bool(rule)
    assert [each.place for each in remarks] == marked(text, str(tmp_path / "plan.yaml"))
    if rule == "unprefixed":
        assert "'ann-shop'" in remarks[0].text
