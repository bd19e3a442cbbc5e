"""The registry that a cluster's nodes pull from, if images get to it that way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tui.clients.kubernetes.api import ApiError
from tui.cluster.connect import connect
from tui.plan.registry import HOSTING, KEY, LocalRegistry

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import Api
    from tui.cluster.place import Place
    from tui.plan.model import Cluster


class Registry(NamedTuple):
    """A registry.

    Attributes:
        address: How the container engine that pushes calls it, maybe with a path.
        inside: How the cluster's nodes call it.
    """

    address: str
    inside: str


async def registry_of(ctx: Place) -> Registry | None:
    """Return the registry of a plan's cluster; None if images get there otherwise.

    Raises:
        ActionError: The cluster cannot be asked.
    """
    named = _named(ctx.cluster)
    if named is not None or not ctx.cluster.stands:
        return named
    async with connect(ctx) as api:
        return await told_by(api)


async def registry_at(api: Api, cluster: Cluster) -> Registry | None:
    """Return the registry of a cluster that is connected to; see `registry_of`."""
    named = _named(cluster)
    return named if named is not None or not cluster.stands else await told_by(api)


def _named(cluster: Cluster) -> Registry | None:
    """Return the registry that the plan names."""
    registry = cluster.registry
    if isinstance(registry, LocalRegistry):
        return None if cluster.stands else Registry(registry.address, registry.address)
    return Registry(registry, registry) if registry else None


async def told_by(api: Api) -> Registry | None:
    """Return the registry that a cluster tells of; None if it does not, or not to everybody."""
    try:
        found = await api.find(HOSTING)
    except ApiError as error:
        if error.status == 403:
            return None
        raise
    try:
        told: Any = yaml.safe_load(((found or {}).get("data") or {}).get(KEY) or "")
    except yaml.YAMLError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("host"), str) or not told["host"]:
        return None
    return Registry(told["host"], str(told.get("hostFromContainerRuntime") or told["host"]))
