"""The Secrets of a cluster that nobody would put there again if it were made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import FIELD_MANAGER, open_api
from tui.cluster.connect import reach
from tui.cluster.snapshots.snapshot import epoch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.clients.kubernetes.api import Object
    from tui.hosts.host_set import ClusterAt

_MADE_BY_CLUSTERS = ("kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token")
_SLACK = 2.0  # seconds by which clocks of nodes, told in whole seconds, may differ from ours


async def others_secrets(at: ClusterAt, runs: Sequence[tuple[float, float]]) -> list[str]:
    """Return the Secrets that somebody put into a cluster while nothing was brought up there.

    Left out are those that bringup applied, that clusters make for themselves, and that belong to something
    else that is there.

    Args:
        at: The cluster.
        runs: When runs went on there, in seconds since 1970.

    Returns:
        Their namespaces and names, as `shop/key`.

    Raises:
        ActionError: The cluster cannot be asked.
    """
    context = await reach(*at)
    async with open_api(at.cluster.kubeconfig, context, answered=True) as api:
        found = (await api.get("/api/v1/secrets"))["items"]
    return sorted(_name(each) for each in found if not is_known(each, runs))


def _name(secret: Object) -> str:
    return f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"


def is_known(secret: Object, runs: Sequence[tuple[float, float]]) -> bool:
    """Return whether a Secret comes of a run, or of what is in the cluster."""
    metadata = secret["metadata"]
    if secret.get("type") in _MADE_BY_CLUSTERS or metadata.get("ownerReferences"):
        return True
    return all(
        any(begin - _SLACK <= moment <= end + _SLACK for begin, end in runs) for moment in _moments(metadata)
    )


def _moments(metadata: Object) -> Iterator[float]:
    """Yield when others than bringup wrote to an object, in seconds since 1970."""
    entries = metadata.get("managedFields") or ()
    writers = {str(entry.get("manager")) for entry in entries}
    if FIELD_MANAGER not in writers:
        yield epoch(metadata["creationTimestamp"])
    for entry in entries:
        if str(entry.get("manager", "")).startswith("kubectl") and entry.get("time"):
            yield epoch(entry["time"])
