"""A cluster kept as it stands and restored, at another address too; refused, and pruned."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NODE_IMAGE, Bringup, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CLUSTER, IMAGE, HOLDER = "bringup-e2e-kept", "debian:bookworm-slim", "bringup-e2e-holder"
PLAN = f"""
apiVersion: bringup/v1
name: kept
cluster: {{name: {CLUSTER}, kubeconfig: .kube/{CLUSTER}-config}}
phases:
  - id: create
    tasks:
      - {{id: cluster, steps: [{{kind: kind.create, image: "{NODE_IMAGE}"}}]}}
  - id: infra
    tasks:
      - id: sleeper
        needs: [cluster]
        steps:
          - {{kind: kind.load, images: "{IMAGE}"}}
          - {{kind: kubernetes.apply, manifests: sleeper.yaml}}
          - {{kind: kubernetes.wait, rollouts: deployment/sleeper, timeout: 2m}}
  - id: use
    tasks:
      - {{id: later, needs: [sleeper], steps: [{{kind: kubernetes.namespace, names: later}}]}}
down: [{{kind: kind.delete}}]
"""
SLEEPER = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: sleeper}}
spec:
  selector: {{matchLabels: {{app: sleeper}}}}
  template:
    metadata: {{labels: {{app: sleeper}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{{name: main, image: "{IMAGE}", command: [sleep, "3600"]}}]
"""


@pytest.fixture
def home(engine: None, tmp_path: Path) -> Iterator[Bringup]:
    """A directory with a plan, whose cluster and snapshots are gone after the test."""
    (tmp_path / "sleeper.yaml").write_text(SLEEPER)
    (tmp_path / "kept.yaml").write_text(PLAN)
    bringup = Bringup(tmp_path, CLUSTER, 0)
    yield bringup
    run("docker", "rm", "--force", HOLDER, check=False)
    run("kind", "delete", "cluster", "--name", CLUSTER, "--kubeconfig", str(tmp_path / "none"), check=False)
    for each in snapshots():
        bringup.snapshots("remove", each)


def snapshots() -> list[str]:
    found = run("docker", "images", "--format", "{{.Tag}}", "bringup-snapshot").split()
    labels = (run("docker", "image", "inspect", f"bringup-snapshot:{tag}") for tag in found)
    return [tag for tag, label in zip(found, labels, strict=True) if CLUSTER in label]


def address(node: str) -> str:
    return run("docker", "inspect", "--format", "{{.NetworkSettings.Networks.kind.IPAddress}}", node).strip()


def test_a_cluster_is_restored_from_a_snapshot(home: Bringup, tmp_path: Path) -> None:
    plan, node = tmp_path / "kept.yaml", f"{CLUSTER}-control-plane"
    code, output = home.plan("snapshot", plan, "--after", "infra")
    assert code == 0, output
    assert "took snapshot" in output
    (id_,) = snapshots()
    before, pod = address(node), home.kubectl("get", "pods", "-o", "name")
    assert home.plan("down", plan)[0] == 0

    run("docker", "run", "--detach", "--name", HOLDER, "--network", "kind", IMAGE, "sleep", "300")
    code, output = home.plan("up", plan, "--no-tui", "--mode", "eager")
    assert code == 0, output
    assert re.search(f"starts from snapshot {id_}, taken .* after infra", output)
    assert f"restored cluster {CLUSTER} from snapshot {id_}" in output
    assert "deployment.apps/sleeper unchanged" in output
    assert address(node) != before == address(HOLDER)
    assert home.kubectl("get", "pods", "-o", "name") == pod  # the very same, which runs again
    assert home.kubectl("get", "namespace", "later", "-o", "name") == "namespace/later\n"
    home.kubectl("create", "deployment", "another", f"--image={IMAGE}", "--", "sleep", "3600")
    home.kubectl("rollout", "status", "deployment/another", "--timeout=60s")  # the controllers work

    code, output = home.plan("snapshot", plan, "--after", "infra")
    assert (code, "has done more than that: later" in output) == (2, True), output
    home.kubectl("create", "secret", "generic", "mine", "--from-literal=key=value")
    code, output = home.plan("snapshot", plan)
    assert (code, "default/mine" in output) == (2, True), output
    assert home.plan("down", plan)[0] == 0

    (tmp_path / "sleeper.yaml").write_text(SLEEPER.replace("3600", "7200"))
    code, output = home.plan("up", plan, "--no-tui", "--from-snapshot", id_)
    assert (code, "does not fit: files of sleeper have changed" in output) == (2, True), output
    assert not home.containers()
    code, output = home.snapshots("list", "--output", "json")
    assert [each["id"] for each in json.loads(output) if each["cluster"] == CLUSTER] == [id_]
    assert home.snapshots("remove", id_)[0] == 0
    assert snapshots() == []
    assert id_ not in run("docker", "volume", "ls", "--quiet")
