"""Giving nodes the ranges of their pods' addresses, where the cluster's controllers do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.clients.kubernetes.api import Api, Object

_RANGES = [f"10.244.{number}.0/24" for number in range(256)]  # of what kind gives to pods by default


async def give_ranges(api: Api, nodes: Iterable[Object]) -> None:
    """Give a range to each node that has none.

    Args:
        api: The cluster's.
        nodes: All its nodes.

    Raises:
        ActionError: The API server refused, or did not answer.
    """
    from tui.clients.kubernetes.api import MERGE  # whoever has an `Api` has loaded it

    nodes = list(nodes)
    taken = {node["spec"].get("podCIDR") for node in nodes}
    free = (each for each in _RANGES if each not in taken)
    for node in sorted(nodes, key=lambda node: str(node["metadata"]["name"])):
        if not node["spec"].get("podCIDR"):
            given = next(free)
            change = {"spec": {"podCIDR": given, "podCIDRs": [given]}}
            path = f"/api/v1/nodes/{node['metadata']['name']}"
            await api.request("PATCH", path, body=change, content_type=MERGE)
