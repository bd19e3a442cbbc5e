"""A plan in a cluster that stands, by its context: with a registry, and only what was there is left."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NODE_IMAGE, Bringup, free_port, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NAME, REGISTRY, IMAGE = "bringup-e2e-ctx", "bringup-e2e/registry:1", "bringup-e2e/shop:dev"
CONFIG = """
version: 0.1
storage: {filesystem: {rootdirectory: /images}}
http: {addr: ":5000"}
"""
CLUSTER = """
apiVersion: bringup/v1
name: there
cluster: {{name: {name}, kubeconfig: kubeconfig, registry: {{port: {port}, image: "{registry}"}}}}
phases:
  - {{id: one, tasks: [{{id: cluster, steps: [{{kind: kind.create, image: "{node}"}}]}}]}}
down: [{{kind: kind.delete}}]
"""
PLAN = """
apiVersion: bringup/v1
name: shop
variables: {context: kind-bringup-e2e-ctx}
cluster: {context: "${context}"}
phases:
  - id: one
    tasks:
      - id: image
        steps:
          - {kind: image.build, tag: "bringup-e2e/shop:dev", context: image}
          - {kind: image.deliver, images: "bringup-e2e/shop:dev"}
      - {id: names, steps: [{kind: kubernetes.namespace, names: [shop, old]}]}
  - id: two
    tasks:
      - id: shop
        steps:
          - kind: kubernetes.apply
            namespace: shop
            manifests:
              - object:
                  {apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: old}, data: {a: "b"}}
              - object:
                  {apiVersion: v1, kind: ConfigMap, metadata: {name: made, namespace: old}, data: {a: "b"}}
              - object:
                  apiVersion: apps/v1
                  kind: Deployment
                  metadata: {name: shop}
                  spec:
                    selector: {matchLabels: {app: shop}}
                    template:
                      metadata: {labels: {app: shop}}
                      spec:
                        terminationGracePeriodSeconds: 0
                        containers: [{name: shop, image: "bringup-e2e/shop:dev", command: [sleep, infinity]}]
          - {kind: kubernetes.wait, rollouts: deployment/shop, namespace: shop, timeout: 60s}
"""
TEAM = """
apiVersion: bringup/v1
name: team
variables: {context: kind-bringup-e2e-ctx, user: ann}
cluster: {context: "${context}", namespaces: {prefix: "${user}-"}}
phases:
  - id: one
    tasks:
      - id: team
        steps:
          - {kind: kubernetes.namespace, names: shop}
          - kind: kubernetes.apply
            namespace: shop
            manifests:
              - object: {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}
              - object: {apiVersion: v1, kind: ConfigMap, metadata: {name: at}, data: {web: web.shop.svc}}
              - object:
                  apiVersion: rbac.authorization.k8s.io/v1
                  kind: RoleBinding
                  metadata: {name: view}
                  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
                  subjects: [{kind: ServiceAccount, name: default, namespace: shop}]
"""
OBJECTS = ("get", "namespaces,configmaps,deployments", "-A", "-o", "name")
LATE = "configmap/kube-root-ca.crt"  # each namespace gets it by and by


@pytest.fixture
def home(engine: None, tmp_path: Path) -> Iterator[Bringup]:
    """A directory with a plan that makes a cluster with a registry, and one for a cluster that stands."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    for directory, lines in (
        ("image", "FROM debian:bookworm-slim\nRUN echo shop > /shop\n"),
        ("registry", "FROM debian:bookworm-slim\nCOPY docker-registry config.yml /\n"
         'CMD ["/docker-registry", "serve", "/config.yml"]\n'),
    ):  # fmt: skip
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "Dockerfile").write_text(lines)
    (tmp_path / "registry" / "config.yml").write_text(CONFIG)
    shutil.copy(program, tmp_path / "registry" / "docker-registry")
    run("docker", "build", "-q", "-t", REGISTRY, str(tmp_path / "registry"), DOCKER_BUILDKIT="0")
    port = free_port()
    cluster = CLUSTER.format(name=NAME, port=port, registry=REGISTRY, node=NODE_IMAGE)
    (tmp_path / "cluster.yaml").write_text(cluster)
    (tmp_path / "shop.yaml").write_text(PLAN)
    (tmp_path / "team.yaml").write_text(TEAM)
    made = Bringup(tmp_path, NAME, port)
    yield made
    made.plan("down", tmp_path / "cluster.yaml")
    pushed = run("docker", "images", "-q", f"localhost:{made.port}/*/*").split()
    for image in (IMAGE, *pushed, REGISTRY):
        run("docker", "rmi", "--force", image, check=False)


def test_a_plan_comes_and_goes_in_a_cluster_that_stands(
    home: Bringup, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, plan = home.home / "cluster.yaml", home.home / "shop.yaml"
    code, output = home.plan("up", cluster)
    assert code == 0, output[-4000:]
    kubeconfig = str(home.home / "kubeconfig")
    monkeypatch.setenv("KUBECONFIG", f"{home.home / 'absent'}{os.pathsep}{kubeconfig}")

    def kubectl(*arguments: str) -> str:
        return run("kubectl", "--kubeconfig", kubeconfig, *arguments)

    def objects() -> set[str]:
        return {*kubectl(*OBJECTS).split()} - {LATE}

    kubectl("create", "namespace", "old")
    kubectl("create", "configmap", "kept", "-n", "old", "--from-literal=a=old")
    kubectl("config", "set-context", "prod", f"--cluster=kind-{NAME}", f"--user=kind-{NAME}")
    kubectl("wait", "--for=condition=Ready", "node", "--all")
    before = objects()

    code, output = home.plan("up", plan, "--set", "context=prod")
    assert (code, "bringup up --allow-context prod" in output) == (3, True), output
    assert objects() == before

    code, output = home.plan("up", plan)
    assert code == 0, output[-4000:]
    pods = kubectl("get", "pods", "-n", "shop", "-o", "jsonpath={.items[*].spec.containers[*].image}")
    assert re.fullmatch(rf"localhost:{home.port}/bringup-e2e/shop:dev-[0-9a-f]{{12}}", pods)
    code, output = home.plan("up", plan)
    assert code == 0, output[-4000:]
    assert "the registry has all images already" in output
    assert "3 unchanged" in output
    code, output = home.plan("status", plan)
    assert (code, f"the cluster of context kind-{NAME} is ready" in output) == (0, True), output
    code, output = home.plan("run", plan, "--", "kubectl", "config", "current-context")
    assert (code, output.splitlines()[0]) == (0, f"kind-{NAME}")

    code, output = home.plan("down", plan)
    assert code == 0, output[-4000:]
    assert objects() == before
    assert kubectl("get", "configmap", "kept", "-n", "old", "-o", "jsonpath={.data.a}") == "b"

    team = home.home / "team.yaml"
    for user in ("ann", "bob"):
        code, output = home.plan("up", team, "--set", f"user={user}")
        assert code == 0, output[-4000:]
    for user in ("ann", "bob"):
        at = kubectl("get", "configmap", "at", "-n", f"{user}-shop", "-o", "jsonpath={.data.web}")
        assert at == f"web.{user}-shop.svc"
        account = f"--as=system:serviceaccount:{user}-shop:default"
        assert kubectl("auth", "can-i", "list", "pods", "-n", f"{user}-shop", account).strip() == "yes"
    code, output = home.plan("down", team, "--set", "user=ann")
    assert code == 0, output[-4000:]
    names = {*kubectl("get", "namespaces", "-o", "name").split()}
    assert ("namespace/ann-shop" in names, "namespace/bob-shop" in names) == (False, True)
    code, output = home.plan("down", team, "--set", "user=bob")
    assert code == 0, output[-4000:]
    assert objects() == before
