"""Directories as projects have them: what is in their files, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOCKERFILE = "FROM debian:bookworm-slim\nCMD sleep 1000\n"
COPYING = "FROM golang AS b\nCOPY go.mod ./\nCOPY cmd/ cmd/\nFROM scratch\nCOPY --from=b /x /x\n"
KIND = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}]\n"
K3D = "apiVersion: k3d.io/v1alpha5\nkind: Simple\nports: [{port: '8080:80'}]\n"
CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
VALUES = "image:\n  repository: acme/web\n  tag: ''\n"
MIGRATION = "-- +goose Up\ncreate table t (id int);\n-- +goose Down\ndrop table t;\n"
MAKEFILE = "X := 1\nIMG ?= controller:latest\n.PHONY: test\ntest-e2e: build\n\tgo test\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.acme.io}
spec: {group: acme.io, scope: Namespaced, names: {kind: Shop, plural: shops}, versions: []}
"""
CUSTOM = "apiVersion: acme.io/v1\nkind: Shop\nmetadata: {name: s}\n"
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name }}}\n"
DATABASE = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: db
          image: postgres:15
          env: [{name: POSTGRES_USER, value: shop}, {name: POSTGRES_PASSWORD, value: p4ssw0rd-of-shop}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 5432}]}
"""


def deployment(image: str, name: str = "web", namespace: str = "shop") -> str:
    """A manifest of a Deployment."""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n"
        f"    metadata: {{labels: {{app: {name}}}}}\n"
        f"    spec: {{containers: [{{name: main, image: {image!r}}}]}}\n"
    )


def kustomization(*resources: str) -> str:
    """A file for kustomize."""
    return f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: {[*resources]}\n"


def lay(root: Path, files: Mapping[str, str]) -> Path:
    """Write files into a directory."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


SHAPES: dict[str, dict[str, str]] = {
    "empty": {},
    "an operator, by kustomize": {
        "Dockerfile": COPYING,
        "go.mod": "",
        "cmd/main.go": "",
        "Makefile": MAKEFILE,
        "config/default/kustomization.yaml": kustomization("../manager", "../crd"),
        "config/crd/kustomization.yaml": kustomization("crd.yaml"),
        "config/crd/crd.yaml": CRD,
        "config/manager/kustomization.yaml": kustomization("manager.yaml"),
        "config/manager/manager.yaml": NAMESPACE + "---\n" + deployment("controller:latest", "manager"),
        "config/prometheus/kustomization.yaml": kustomization("monitor.yaml"),
        "config/prometheus/monitor.yaml": CUSTOM,
        "config/samples/kustomization.yaml": kustomization("shop.yaml"),
        "config/samples/shop.yaml": CUSTOM,
    },
    "a chart": {
        "Dockerfile": DOCKERFILE,
        "charts/web/Chart.yaml": CHART,
        "charts/web/values.yaml": VALUES,
        "charts/web/templates/deployment.yaml": TEMPLATE,
        "charts/web/charts/inner/Chart.yaml": CHART,
        "charts/common/Chart.yaml": CHART + "type: library\n",
        "hack/kind-config.yaml": KIND,
    },
    "a chart with dependencies": {"deploy/Chart.yaml": CHART + "dependencies: [{name: x, version: 1}]\n"},
    "plain manifests": {
        "Dockerfile": DOCKERFILE,
        "k8s/namespace.yaml": NAMESPACE,
        "k8s/web.yaml": deployment("acme/web:dev"),
        "k8s/db.yaml": DATABASE,
        "migrations/00001_init.sql": MIGRATION,
    },
    "environments": {
        f"deploy/{name}/web.yaml": deployment("acme/web:v1") for name in ("prod", "dev", "staging")
    },
    "overlays": {
        "k8s/base/kustomization.yaml": kustomization("web.yaml"),
        "k8s/base/web.yaml": deployment("acme/web:v1"),
        "k8s/overlays/test/kustomization.yaml": kustomization("../../base"),
        "k8s/overlays/prod/kustomization.yaml": kustomization("../../base"),
    },
    "a monorepo": {
        **{f"services/s{n}/Dockerfile": DOCKERFILE for n in range(30)},
        **{f"services/s{n}/k8s/s.yaml": deployment(f"acme/s{n}:dev", f"s{n}") for n in range(30)},
    },
    "dockerfiles beside each other": {
        "build/Dockerfile.api": COPYING,
        "build/web.Dockerfile": DOCKERFILE,
        "build/Dockerfile.web.dockerignore": "",
        "Containerfile": DOCKERFILE,
        "Dockerfile.j2": "FROM {{ base }}",
        "dockerfile.py": '"""Reads one."""\n\nFROM = 1\n',
    },
    "custom resources without their definition": {"k8s/web.yaml": deployment("a:b"), "crs/shop.yaml": CUSTOM},
    "templates": {"k8s/web.yaml": TEMPLATE, "k8s/x.yaml": NAMESPACE.replace("shop", "${NAMESPACE}")},
    "someone else's": {
        "node_modules/x/Dockerfile": DOCKERFILE,
        "vendor/y/k8s/web.yaml": deployment("a:b"),
        ".github/kind.yaml": KIND,
        "testdata/Dockerfile": DOCKERFILE,
    },
    "a migration without a database": {"db/1_x.sql": MIGRATION},
    "names that mean something": {
        "~root/Dockerfile": DOCKERFILE,
        "a $(b)/Dockerfile": DOCKERFILE,
        "true/Dockerfile": DOCKERFILE,
        "12/Dockerfile": DOCKERFILE,
        "q\"u: #o'te/Dockerfile": DOCKERFILE,
        "[x]*/web.yaml": deployment("a:b"),
        "ünïcödé 名/Dockerfile": DOCKERFILE,
        "new\nline/Dockerfile": DOCKERFILE,
        "- x/k8s/web.yaml": deployment("a:b", "other"),
    },
    "objects that no server takes": {
        "k8s/a.yaml": deployment("a:b", "Not_A_Name"),
        "k8s/b.yaml": deployment("UPPER/${x}", "fine"),
        "k8s/c.yaml": deployment("a:b", "c", "no.name_space"),
        "k8s/d.yaml": "apiVersion: v1\nkind: List\nitems: [5]\n",
        "k8s/e.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}',
        "k8s/f.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed}\nspec: {}\n",
    },
    "a configuration of k3d": {"Dockerfile": DOCKERFILE, "hack/k3d.yaml": K3D},
    "configurations that kind refuses": {"kind.yaml": KIND + "x: 1\n", "k/kind.yaml": KIND + "name: ${x}\n"},
}
