"""What the API of a cluster that was started again tells of before that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tui.clients.kubernetes.api import ApiError
from tui.cluster.containers.stale import find_stale, free_leases

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import Api

SINCE = "2026-01-02T03:04:05.678901234Z"
OLD, NEW = "2026-01-02T03:04:04Z", "2026-01-02T03:04:05Z"


def pod(started: str | None, owner: str, *, ready: bool) -> dict[str, Any]:
    state = {"running": {"startedAt": started}} if started else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "metadata": {
            "namespace": "shop",
            "name": "pod",
            "ownerReferences": [{"uid": owner, "controller": True}],
        },
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"state": state}],
        },
    }


class Cluster:
    """An API with one pod of a Deployment, through its ReplicaSet."""

    def __init__(self, renewed: str, told: dict[str, Any], *pods: dict[str, Any]) -> None:
        self.renewed, self.told, self.pods = renewed, told, pods

    async def find(self, path: str) -> dict[str, Any] | None:
        return {"spec": {"renewTime": self.renewed}} if self.renewed else None

    async def get(self, path: str) -> dict[str, Any]:
        found: dict[str, list[Any]] = {
            "pods": [*self.pods],
            "replicasets": [
                {
                    "metadata": {
                        "uid": "set",
                        "name": "s",
                        "ownerReferences": [{"uid": "deployment", "controller": True}],
                    }
                }
            ],
            "deployments": [
                {"metadata": {"uid": "deployment", "namespace": "shop", "name": "web"}, "status": self.told}
            ],
        }
        return {"items": found.get(path.rpartition("/")[2], [])}


@pytest.mark.parametrize(
    ("cluster", "stale"),
    [
        (Cluster(OLD, {"readyReplicas": 1}, pod(NEW, "set", ready=True)), "its controller manager"),
        (Cluster(NEW, {"readyReplicas": 1}, pod(OLD, "set", ready=True)), "shop/pod"),
        (Cluster(NEW, {"readyReplicas": 1}, pod(NEW, "set", ready=False)), "shop/web"),
        (Cluster(NEW, {}, pod(NEW, "set", ready=True)), "shop/web"),
        (Cluster(NEW, {"readyReplicas": 1}, pod(NEW, "set", ready=True)), ""),
        (Cluster(NEW, {}, pod(None, "set", ready=False)), ""),
        (Cluster("", {}, pod(None, "set", ready=False)), ""),
    ],
)
async def test_what_is_of_before_the_restart_is_not_believed(cluster: Cluster, stale: str) -> None:
    assert ", ".join(await find_stale(cast("Api", cluster), SINCE)) == stale


class Leases:
    """An API with leases; one is taken between a look and a change."""

    def __init__(self, *leases: dict[str, Any], taken: str = "") -> None:
        self.leases, self.taken, self.patched = leases, taken, dict[str, Any]()

    async def get(self, path: str) -> dict[str, Any]:
        assert path == "/apis/coordination.k8s.io/v1/leases"
        return {"items": self.leases}

    async def request(self, method: str, path: str, *, body: Any, content_type: str) -> dict[str, Any]:
        if path.endswith(f"/{self.taken}"):
            raise ApiError(409, "the object has been modified")
        self.patched[path.partition("/namespaces/")[2]] = body
        return {}


def lease(namespace: str, name: str, **spec: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name, "resourceVersion": "7"}, "spec": spec}


async def test_only_leases_whose_holders_ended_with_the_node_are_freed() -> None:
    api = Leases(
        lease("kube-system", "kube-scheduler", holderIdentity="a", renewTime=OLD),
        lease("kube-system", "kube-controller-manager", holderIdentity="a", renewTime=NEW),
        lease("kube-node-lease", "node", holderIdentity="node", renewTime=OLD),
        lease("shop", "operator", holderIdentity="a", renewTime=OLD),
        lease("shop", "taken", holderIdentity="a", renewTime=OLD),
        lease("shop", "free", renewTime=OLD),
        lease("shop", "own", holderIdentity="a"),
        taken="taken",
    )
    assert await free_leases(cast("Api", api), SINCE) == ["kube-system/kube-scheduler", "shop/operator"]
    change = {"metadata": {"resourceVersion": "7"}, "spec": {"holderIdentity": None}}
    assert api.patched == {"kube-system/leases/kube-scheduler": change, "shop/leases/operator": change}
