"""Two clusters in one plan: each has its own, one is reached from the other's command, and both go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NODE_IMAGE, Bringup, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MANAGER, WORKER, IMAGE = "bringup-e2e-manager", "bringup-e2e-worker", "bringup-e2e/agent:1"
# Without a pod network nodes are not waited for, which nothing here needs.
CREATE = f"""{{kind: kind.create, image: "{NODE_IMAGE}", config: {{kind: Cluster,
              apiVersion: kind.x-k8s.io/v1alpha4, networking: {{disableDefaultCNI: true}}}}}}"""
WHERE = "object: {apiVersion: v1, kind: ConfigMap, metadata: {name: where}, data: "
PLAN = f"""
apiVersion: bringup/v1
name: fleet
clusters:
  manager: {{name: {MANAGER}, kubeconfig: kube/manager}}
  worker: {{name: {WORKER}, kubeconfig: kube/worker}}
phases:
  - id: create
    tasks:
      - id: manager
        steps:
          - {CREATE}
      - id: worker
        cluster: worker
        steps:
          - {CREATE}
      - {{id: image, steps: [{{kind: image.build, tag: "{IMAGE}", context: image}}]}}
  - id: use
    tasks:
      - id: load
        needs: [worker, image]
        cluster: worker
        steps:
          - {{kind: image.deliver, images: "{IMAGE}"}}
      - id: connect
        needs: [manager, worker]
        steps:
          - kind: kubernetes.apply
            manifests: {{{WHERE}{{is: manager}}}}}}
          - kind: kubernetes.apply
            cluster: worker
            manifests: {{{WHERE}{{is: worker}}}}}}
          - {{kind: command, output: own, shell: "kubectl get configmap where -o 'jsonpath={{.data.is}}'"}}
          - kind: command
            output: other
            shell: "kubectl --context kind-{WORKER} get configmap where -o 'jsonpath={{.data.is}}'"
          - {{kind: command, shell: 'test "${{output.own}} ${{output.other}}" = "manager worker"'}}
down:
  - {{kind: kind.delete, cluster: worker}}
  - {{kind: kind.delete}}
"""


def nodes() -> Sequence[str]:
    label = "label=io.x-k8s.kind.cluster="
    argv = ("docker", "ps", "--all", "--format", "{{.Names}}", "--filter")
    return [name for cluster in (MANAGER, WORKER) for name in run(*argv, label + cluster).split()]


@pytest.fixture
def home(engine: None, tmp_path: Path) -> Iterator[Bringup]:
    """A directory with a plan of two clusters, which are gone after the test."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    (tmp_path / "fleet.yaml").write_text(PLAN)
    yield Bringup(tmp_path, MANAGER, 0)
    for name in (MANAGER, WORKER):
        run("kind", "delete", "cluster", "--name", name, "--kubeconfig", str(tmp_path / "none"), check=False)
    run("docker", "rmi", "--force", IMAGE, check=False)


def test_a_plan_of_two_clusters_comes_and_goes(home: Bringup) -> None:
    plan = home.home / "fleet.yaml"
    code, output = home.plan("up", plan, "--mode", "eager")
    assert code == 0, output[-4000:]
    assert sorted(nodes()) == [f"{MANAGER}-control-plane", f"{WORKER}-control-plane"]
    has = {
        node: IMAGE.partition(":")[0] in run("docker", "exec", node, "crictl", "images") for node in nodes()
    }
    assert has == {f"{MANAGER}-control-plane": False, f"{WORKER}-control-plane": True}

    code, output = home.plan("status", plan)
    assert code == 0, output
    assert all(f"cluster {name} is healthy" in output for name in (MANAGER, WORKER))
    for options, context in ((), MANAGER), (("--cluster", "worker"), WORKER):
        code, output = home.plan("run", plan, *options, "--", "kubectl", "config", "current-context")
        assert (code, output.splitlines()[0]) == (0, f"kind-{context}")
    code, output = home.plan("up", plan, "--resume")
    assert code == 0, output[-4000:]

    code, output = home.plan("down", plan)
    assert code == 0, output[-4000:]
    assert nodes() == []
    assert not [*(home.home / "kube").iterdir()]
