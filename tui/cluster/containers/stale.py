"""What a cluster still has of before its nodes were started again.

After a restart the API server answers with the state that was stored: pods that are dead are told to be
ready, until the kubelet and the controllers, which wait for their leases, have looked at them. The cgroups
of dead pods are left, too, where the kernel's are of version 1.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.clients.engine_api import EngineApi
    from tui.clients.kubernetes.api import Api, Object

_LEASES = "/apis/coordination.k8s.io/v1/{}leases"
_LEASE = _LEASES.format("namespaces/kube-system/") + "/kube-controller-manager"
_KUBELETS = "kube-node-lease"  # whose leases say that nodes live: each has one holder for ever
_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_SECONDS = len("2026-01-02T03:04:05")
# Some hierarchies are shared with other clusters, so that only those of the node's own pods are removed. The
# node mounts them as it starts; once containerd answers, they are there, and the kubelet begins to look.
_REMOVE_CGROUPS = """\
own=$(ls /var/lib/kubelet/pods | sed 'p; s/-/_/g') && [ "$own" ] || exit 0
for try in $(seq 100); do
  [ -S /run/containerd/containerd.sock ] && try=last
  find /sys/fs/cgroup -depth -type d -path '*kubepods*' | grep -F "$own" | xargs -r rmdir 2>/dev/null
  [ "$try" = last ] && exit
  sleep 0.1
done
"""


async def remove_cgroups(api: EngineApi, node: str) -> None:
    """Remove the empty cgroups that a node's pods had before it was started again.

    Its kubelet would first look for the containers of each, for 1.5 seconds: for a minute and a half where
    there were 15 pods.

    Args:
        api: The API of the engine that the node runs in.
        node: The node's container, which has just been started.
    """
    with contextlib.suppress(ActionError):  # it only costs time then
        await api.run_in(node, ("sh", "-c", _REMOVE_CGROUPS))


async def free_leases(api: Api, since: str) -> list[str]:
    """Free the leases of holders that ended with the node.

    Their successors would each wait for as long as the lease lasts, from when they first see it: controller
    manager and scheduler 15 s, operators up to a minute.

    Args:
        api: The cluster's.
        since: When the first of its nodes was started, as an RFC 3339 time of the node's host.

    Returns:
        The leases' names, each with its namespace.

    Raises:
        ActionError: The API server cannot be asked.
    """
    from tui.clients.kubernetes.api import MERGE  # whoever has an `Api` has loaded it

    freed = []
    for lease in (await api.get(_LEASES.format("")))["items"]:
        metadata, spec = lease["metadata"], lease.get("spec") or {}
        renewed = str(spec.get("renewTime") or "")[:_SECONDS]
        if metadata["namespace"] == _KUBELETS or not spec.get("holderIdentity") or not renewed:
            continue
        if renewed >= since[:_SECONDS]:
            continue
        path = _LEASES.format(f"namespaces/{metadata['namespace']}/") + f"/{metadata['name']}"
        # Unless it was taken just now.
        body = {
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "spec": {"holderIdentity": None},
        }
        with contextlib.suppress(ActionError):
            await api.request("PATCH", path, body=body, content_type=MERGE)
            freed.append(_name(lease))
    return freed


async def find_stale(api: Api, since: str) -> dict[str, str]:
    """Return why what the API tells is not to be believed yet, by what it tells it of.

    Args:
        api: The cluster's.
        since: When the first of its nodes was started, as an RFC 3339 time of the node's host.

    Raises:
        ActionError: The API server cannot be asked.
    """
    since = since[:_SECONDS]
    lease = await api.find(_LEASE)
    if lease and str(lease["spec"].get("renewTime") or "")[:_SECONDS] < since:
        return {"its controller manager": "the controller manager waits for its lease"}
    lists = ("/api/v1/pods", *(f"/apis/apps/v1/{kind}" for kind in ("replicasets", *_WORKLOADS)))
    pods, sets, *workloads = [each["items"] for each in await asyncio.gather(*map(api.get, lists))]
    stale = {_name(pod): f"pod {_name(pod)} has not been looked at" for pod in pods if _is_old(pod, since)}
    return stale or _miscounted(pods, sets, [each for found in workloads for each in found])


def _is_old(pod: Object, since: str) -> bool:
    """Return whether a pod is told to run containers that ended with the node."""
    states = (each.get("state") or {} for each in pod["status"].get("containerStatuses") or ())
    return any("running" in state and state["running"]["startedAt"][:_SECONDS] < since for state in states)


def _miscounted(
    pods: Iterable[Object], sets: Iterable[Object], workloads: Iterable[Object]
) -> dict[str, str]:
    """Return the workloads that are told to have another number of ready pods than there are."""
    owners = {each["metadata"]["uid"]: _owner(each) for each in sets}
    counted = Counter(owners.get(_owner(pod), _owner(pod)) for pod in pods if _is_ready(pod))
    stale = {}
    for each in workloads:
        status = each.get("status") or {}
        told = status.get("readyReplicas") or status.get("numberReady") or 0
        if told != counted[each["metadata"]["uid"]]:
            stale[_name(each)] = f"{_name(each)} is told to have {told} ready pods, and has another number"
    return stale


def _is_ready(pod: Object) -> bool:
    """Return whether a workload counts a pod as ready: one that is being deleted is not."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = pod["status"].get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _owner(item: Object) -> Any:
    return next(
        (each["uid"] for each in item["metadata"].get("ownerReferences") or () if each.get("controller")), ""
    )


def _name(item: Object) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
