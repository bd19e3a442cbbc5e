"""A real cluster for the actions, and what is deployed on it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.apply import apply
from tui.cluster.connect import connect
from tui.plan.steps import KubernetesApply, KubernetesWait

if TYPE_CHECKING:
    from tests.actions.recorder import Recorder
    from tui.plan.model import Cluster
    from tui.reporter import Done

NAME = os.environ.get("BRINGUP_E2E_CLUSTER", "bringup-actions")
NODE = os.environ.get("BRINGUP_E2E_NODE_IMAGE", "kindest/node:v1.20.2")
IMAGE = os.environ.get("BRINGUP_E2E_IMAGE", "debian:bookworm-slim")
POSTGRES = "postgres:15"


def runs(*argv: str) -> bool:
    return subprocess.run(argv, check=False, capture_output=True, timeout=300).returncode == 0


def given(cluster: Cluster, image: str) -> bool:
    """Give the cluster's node an image; whether the engine has it."""
    importing = f"docker exec -i {cluster.name}-control-plane ctr -n k8s.io images import -"
    return runs("sh", "-c", f"docker save {image} | {importing}")


def kubectl(ctx: Recorder, *argv: str, text: str = "") -> str:
    """What a real kubectl answers."""
    words = ["kubectl", "--kubeconfig", str(ctx.cluster.kubeconfig), *argv]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def job(name: str, command: str) -> dict[str, Any]:
    container = {"name": "app", "image": IMAGE, "command": ["sh", "-c", command]}
    spec = {"containers": [container], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": spec}},
    }


def deployment(name: str, command: str = "sleep 600", **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    main = {"name": "app", "image": IMAGE, "command": ["sh", "-c", command], **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [main]},
            },
        },
    }


async def apply_objects(ctx: Recorder, *objects: dict[str, Any]) -> Done:
    def prepare() -> KubernetesApply:
        file = ctx.folder / "objects.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return KubernetesApply(kind="kubernetes.apply", manifests=(str(file),))

    return await apply(await asyncio.to_thread(prepare), ctx)


def wait_for(*rollouts: str) -> KubernetesWait:
    return KubernetesWait(kind="kubernetes.wait", rollouts=rollouts)


def within(ctx: Recorder, seconds: float) -> Recorder:
    ctx.deadline = asyncio.get_running_loop().time() + seconds
    return ctx


@contextlib.asynccontextmanager
async def deployed(ctx: Recorder, *objects: dict[str, Any]) -> Any:
    """Deployments that are gone again after the block."""
    await apply_objects(ctx, *objects)
    try:
        yield
    finally:
        async with connect(ctx) as api:
            for each in objects:
                path = f"/apis/apps/v1/namespaces/default/deployments/{each['metadata']['name']}"
                await api.request("DELETE", path)
