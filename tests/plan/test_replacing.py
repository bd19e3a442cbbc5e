"""Images and namespaces replaced as a real kustomize replaces them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.writing import faults_of, marked, one_step, write
from tui.plan.faults import PlanError
from tui.plan.manifests import Manifest, read_objects
from tui.plan.replacing import moved, with_images
from tui.plan.steps import Replacement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IMAGES = [
    {"name": "nginx", "newName": "my.registry/web", "newTag": "2"},
    {"name": "redis", "digest": "sha256:" + "a" * 64},
    {"name": "both", "newTag": "3", "digest": "sha256:" + "b" * 64},
    {"name": "localhost:5000/x", "newName": "localhost:5001/team/y"},
    {"name": "localhost:5001/team/y", "newTag": "next"},
    {"name": "a.c", "newTag": "7"},
]
NAMES = [
    *("nginx", "nginx:1", "nginx:1@sha256:12", "nginx@sha256:12", "nginx:{tag}", "mynginx:1", "team/nginx"),
    *("docker.io/library/nginx:1", "nginx.org/x", "redis:7", "redis", "both:1", "both@sha256:99", "abc:1"),
    *("localhost:5000/x", "localhost:5000/x:1", "localhost:5000/x@sha256:1", "localhost:5000/xy:1", "NGINX"),
    *("nginx:1:2", " nginx", "nginx/", ""),
]


def _pods(key: str) -> dict[str, Any]:
    return {key: [{"name": f"c{number}", "image": name} for number, name in enumerate(NAMES)]}


def _object(kind: str, name: str, namespace: str = "", version: str = "v1", **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _template(**spec: Any) -> dict[str, Any]:
    return {"template": {"spec": spec}}


WORKLOADS = [
    _object("Pod", "pod", spec={**_pods("containers"), "volumes": [{"image": {"reference": "nginx:1"}}, {}]}),
    _object("Pod", "odd", spec={"containers": [{"name": "bare"}], "volumes": {}}),
    _object("Deployment", "web", version="apps/v1", spec=_template(**_pods("initContainers"), containers=[])),
    _object(
        "CronJob",
        "nightly",
        version="batch/v1",
        spec={"jobTemplate": {"spec": _template(**_pods("containers"), **_pods("initContainers"))}},
    ),
    _object(
        "Workflow",
        "own",
        version="example.com/v1",
        spec={"templates": [_pods("containers"), {"image": "nginx", "ephemeralContainers": []}]},
    ),
    _object("ConfigMap", "text", data={"containers": "nginx:1"}),
    _object(
        "CustomResourceDefinition",
        "flows.example.com",
        version="apiextensions.k8s.io/v1",
        spec={"containers": [{"image": "nginx:1"}]},
    ),
]


def _account(name: str, namespace: str = "", kind: str = "ServiceAccount") -> dict[str, str]:
    return {"kind": kind, "name": name, **({"namespace": namespace} if namespace else {})}


def _webhook(kind: str) -> dict[str, Any]:
    services = [
        {"name": "hook", "namespace": "old", "path": "/x"},
        *({"name": "hook", "namespace": "other"}, {"name": "unknown", "namespace": "old"}),
        *({"name": "plain", "namespace": "default"}, {"name": "plain"}),
    ]
    hooks: list[dict[str, Any]] = [{"name": "u", "clientConfig": {"url": "https://x"}}, {"name": "none"}]
    hooks += [{"name": f"h{n}", "clientConfig": {"service": each}} for n, each in enumerate(services)]
    return _object(kind, "hooks", version="admissionregistration.k8s.io/v1", webhooks=hooks)


SUBJECTS = [
    *(_account("sa", "old"), _account("sa", "elsewhere"), _account("bare"), _account("bare", "default")),
    *(_account("unknown", "old"), _account("unknown"), _account("default", "elsewhere")),
    *(_account("default"), _account("others", kind="Group")),
]
_CLIENT = {"service": {"name": "hook", "namespace": "old"}}
PLACED = [
    _object("Namespace", "old"),
    *(_object("ServiceAccount", "sa", "old"), _object("ServiceAccount", "bare")),
    *(_object("Service", "hook", "old"), _object("Service", "plain"), _object("ConfigMap", "map", "third")),
    _object("RoleBinding", "rb", "old", "rbac.authorization.k8s.io/v1", subjects=SUBJECTS),
    _object("RoleBinding", "empty", "old", "rbac.authorization.k8s.io/v1"),
    _object("ClusterRoleBinding", "crb", version="rbac.authorization.k8s.io/v1", subjects=SUBJECTS),
    *(_webhook("ValidatingWebhookConfiguration"), _webhook("MutatingWebhookConfiguration")),
    _object("APIService", "v1.x.y", version="apiregistration.k8s.io/v1", spec=_CLIENT),
    _object(
        "CustomResourceDefinition",
        "foos.x.y",
        version="apiextensions.k8s.io/v1",
        spec={"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": _CLIENT}}},
    ),
    _object("Foo", "own", "old", "x.y/v1", spec={"namespace": "old"}),
]
CLUSTER_WIDE = {
    *("Namespace", "ClusterRoleBinding", "APIService", "CustomResourceDefinition"),
    *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
}


def _manifests(*objects: dict[str, Any]) -> list[Manifest]:
    return [Manifest(each, f"{number}.yaml") for number, each in enumerate(objects)]


def _kustomized(folder: Path, objects: Sequence[dict[str, Any]], **fields: Any) -> list[Manifest]:
    if not shutil.which("kustomize"):
        pytest.skip("kustomize is not installed")
    for number, each in enumerate(objects):
        (folder / f"{number}.json").write_text(json.dumps(each))
    resources = [f"{number}.json" for number in range(len(objects))]
    (folder / "kustomization.yaml").write_text(json.dumps({"resources": resources, **fields}))
    done = subprocess.run(["kustomize", "build", str(folder)], capture_output=True, check=True)
    return read_objects(done.stdout, "kustomize")


def _bodies(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """The objects by title, without what is left out of cluster-wide ones when they are applied."""
    found = {each.title: each.body for each in manifests}
    for body in found.values():
        if body["kind"] in CLUSTER_WIDE:
            body["metadata"].pop("namespace", None)
    return found


def test_images_are_replaced_as_kustomize_replaces_them(tmp_path: Path) -> None:
    replacements = [Replacement.model_validate(each) for each in IMAGES if each["name"] != "a.c"]
    # kustomize takes the name for a regular expression, in which a dot is any letter
    wanted = _kustomized(tmp_path, WORKLOADS, images=[each for each in IMAGES if each["name"] != "a.c"])
    found, unmet = with_images(_manifests(*WORKLOADS), replacements)
    assert (_bodies(found), unmet) == (_bodies(wanted), [])
    literally = [Replacement.model_validate(IMAGES[-1])]
    assert with_images(_manifests(*WORKLOADS), literally) == (_manifests(*WORKLOADS), ["a.c"])


def test_objects_are_moved_as_kustomize_moves_them(tmp_path: Path) -> None:
    wanted = _kustomized(tmp_path, PLACED, namespace="new")
    assert _bodies(moved(_manifests(*PLACED), "new")) == _bodies(wanted)


@pytest.mark.parametrize("kind", ["ConfigMap", "Namespace"])
def test_two_objects_do_not_become_one(kind: str) -> None:
    names = ("a", "b") if kind == "Namespace" else ("a", "a")
    objects = [_object(kind, name, where) for name, where in zip(names, ("", "y"), strict=True)]
    with pytest.raises(
        PlanError, match=rf"1.yaml: {kind.lower()}/. and {kind.lower()}/a of 0.yaml"
    ) as caught:
        moved(_manifests(*objects), "new")
    assert caught.value.hint


WRONG = {
    "images: {name: 'nginx:1', ▶newTag: x}": "'nginx:1' has a tag or digest",
    "images: [{▶name: nginx}]": "nothing of the image is replaced",
    "images: {name: nginx, ▶newTag: 'a b'}": "'nginx:a b' is no image's name",
    "images: {▶name: nginx, tag: x}": "unknown key 'tag'",
    "namespace: ▶a, move_to: b": "`namespace` and `move_to` exclude each other",
    "move_to: ▶A": "'A' is not the name of a namespace",
}


@pytest.mark.parametrize("more", WRONG)
def test_what_cannot_be_replaced_is_told_with_its_line(tmp_path: Path, more: str) -> None:
    text = one_step(f"{{kind: kubernetes.apply, manifests: plan.yaml, {more}}}")
    fault = next(each for each in faults_of(write(tmp_path, text)) if WRONG[more] in each.cause)
    assert fault.hint
    assert fault.place.line == marked(text, fault.place.file)[0].line
