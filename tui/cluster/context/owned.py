"""Taking away what a plan has made in a cluster that stands: what carries its owner's label, nothing else."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.clients.kubernetes.api import ApiError, open_api
from tui.clients.kubernetes.discovery import Discovery
from tui.cluster.context.reach import reach
from tui.errors import ActionError
from tui.plan.labels import OWNER
from tui.reporter import Done, end_of
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.kubernetes.discovery import Resource
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_AT_ONCE = 16  # requests
_GONE_WITHIN = 120.0  # seconds for what is deleted; a pod may take 30 to stop
_POLL = 0.5
_NOT_SERVED = {404, 405}  # it is gone since, or makes no lists
_MOST_NAMED = 5
_CLAIMS = "/api/v1/namespaces/{}/persistentvolumeclaims"


class _Found(NamedTuple):
    """An object that is to be deleted."""

    path: str
    title: str
    uid: str
    stage: int


async def delete(cluster: Cluster, host: Host, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`: the cluster stays, and what the plan has made in it goes."""
    await reach(cluster, host)
    async with open_api(cluster.kubeconfig, cluster.context) as api:
        own = await asyncio.to_thread(_namespace, cluster)
        found = await _owned(api, f"{OWNER}={cluster.owner}", own, report)
        for stage in sorted({each.stage for each in found}):
            await _delete(api, [each for each in found if each.stage == stage], report)
    await asyncio.to_thread(cluster.kubeconfig.unlink, missing_ok=True)
    if not found:
        return Done(f"nothing in context {cluster.context} has the label {OWNER}={cluster.owner}", False)
    return Done(f"deleted {plural(len(found), 'object')} of {cluster.owner}")


def _namespace(cluster: Cluster) -> str:
    """Return the namespace of a cluster's context, in which its user may do more than elsewhere; blocks."""
    config = json.loads(cluster.kubeconfig.read_text(encoding="utf-8"))
    return str(config["contexts"][0]["context"].get("namespace") or "")


async def _owned(api: Api, selector: str, own: str, report: Reporter) -> list[_Found]:
    """Return what is to be deleted, each object once though several API groups may serve it.

    Args:
        api: The cluster.
        selector: The label that it has.
        own: The namespace that is looked in where not all may be; empty if there is none.
        report: Takes a warning of what could not be looked at.
    """
    resources = [each for each in await Discovery(api).served() if each.deletable]
    limit = asyncio.Semaphore(_AT_ONCE)
    unseen: list[str] = []

    async def listed(resource: Resource) -> list[tuple[_Found, Object]]:
        places = [f"{resource.root}/{resource.plural}"]
        places += [resource.collection(own)] if own and resource.namespaced else []
        for place in places:
            async with limit:
                items = await _listed(api, place, selector)
            if items is not None:
                return [(_found(item, resource), item) for item in items]
            unseen.append(resource.plural)
        return []

    found: dict[str, _Found] = {}
    for lists in await asyncio.gather(*map(listed, resources)):
        for each, item in lists:
            found.setdefault(each.uid, each)
            for claim in await _claims(api, each, item):
                found.setdefault(claim.uid, claim)
    if unseen:
        names = ", ".join(sorted({*unseen}))
        where = f" outside of namespace {own}" if own else ""
        report.warn(f"may be left{where}, as the API server does not list them for this user: {names}")
    return list(found.values())


async def _listed(api: Api, path: str, selector: str = "") -> list[Object] | None:
    """Return the objects of a list; None if the API server refuses to tell."""
    try:
        found = await api.get(path, **({"labelSelector": selector} if selector else {}))
    except ApiError as error:
        return [] if error.status in _NOT_SERVED else None
    items: list[Object] = found["items"]
    return items


def _found(item: Object, resource: Resource) -> _Found:
    metadata = item["metadata"]
    path = resource.item(metadata.get("namespace") or "", metadata["name"])
    title = f"{resource.kind.lower()}/{metadata['name']}"
    return _Found(path, title, metadata["uid"], _stage(resource))


def _stage(resource: Resource) -> int:
    """Return when objects of a kind are deleted: first those that need others for their end."""
    if resource.kind == "CustomResourceDefinition":
        return 5
    if resource.kind == "Namespace":
        return 4
    if not resource.is_built_in:
        return 1  # while what finalizes them still runs
    if resource.kind in {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"}:
        return 2  # before what answers them is gone
    return 3


async def _claims(api: Api, found: _Found, item: Object) -> list[_Found]:
    """Return the volume claims that a StatefulSet has had made, which outlive it."""
    templates = (
        (item.get("spec") or {}).get("volumeClaimTemplates") or () if "/statefulsets/" in found.path else ()
    )
    if not templates:
        return []
    metadata = item["metadata"]
    names = "|".join(re.escape(each["metadata"]["name"]) for each in templates)
    made = re.compile(rf"({names})-{re.escape(metadata['name'])}-\d+")
    root = _CLAIMS.format(metadata["namespace"])
    claims = [each["metadata"] for each in await _listed(api, root) or ()]
    return [
        _Found(f"{root}/{each['name']}", f"persistentvolumeclaim/{each['name']}", each["uid"], 3)
        for each in claims
        if made.fullmatch(each["name"])
    ]


async def _delete(api: Api, found: Sequence[_Found], report: Reporter) -> None:
    """Delete objects, and wait until they are gone.

    Raises:
        ActionError: Some have not gone away in time.
    """
    limit = asyncio.Semaphore(_AT_ONCE)

    async def remove(each: _Found) -> None:
        async with limit:
            await _remove(api, each)
        report.log(f"{each.title} deleted")

    await asyncio.gather(*map(remove, found))
    end = end_of(report, _GONE_WITHIN)
    left = await _left(api, found)
    while left:
        if asyncio.get_running_loop().time() >= end:
            named = ", ".join(each.title for each in left[:_MOST_NAMED])
            more = ", …" if len(left) > _MOST_NAMED else ""
            hint = "see what holds it: `kubectl get … -o yaml` shows its finalizers and conditions"
            raise ActionError(f"deleted, but has not gone away: {named}{more}", hint)
        await asyncio.sleep(_POLL)
        left = await _left(api, left)


async def _remove(api: Api, found: _Found) -> None:
    body = {"propagationPolicy": "Background", "preconditions": {"uid": found.uid}}
    try:
        await api.request("DELETE", found.path, body=body)
    except ApiError as error:
        if error.status not in {404, 409}:  # it is gone, or is another one by now
            raise


async def _left(api: Api, found: Iterable[_Found]) -> list[_Found]:
    """Return those that are still there."""
    left = []
    for each in found:
        there = await api.find(each.path)
        if there and there["metadata"]["uid"] == each.uid:
            left.append(each)
    return left
