"""Waiting for a cluster of containers: until its API server answers, and then until its nodes are ready."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from tui.cluster.containers.pod_ranges import give_ranges
from tui.cluster.containers.reach import context_of
from tui.cluster.containers.stale import find_stale, free_leases
from tui.errors import ActionError
from tui.reporter import end_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.clients.kubernetes.api import Api
    from tui.cluster.provider import Node
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_POLL = 0.2  # seconds between looks at the API server
_SERVER = "its API server"


async def await_ready(
    cluster: Cluster,
    nodes: Sequence[Node],
    patience: float,
    report: Reporter,
    *,
    restarted: str = "",
    ranges: bool = False,
) -> dict[str, str]:
    """Wait until the API server answers, and then until nodes are ready.

    Args:
        cluster: The cluster.
        nodes: The nodes that are waited for.
        patience: Seconds that all this may take.
        report: Takes a span for each of both.
        restarted: When the first of the cluster's nodes was started again, if all were: then it is also
            waited for that the API tells of what is since.
        ranges: Give nodes that have none the ranges of their pods.

    Returns:
        Why each of those that are not is not, by their names; empty when all are ready.

    Raises:
        ActionError: The kubeconfig is not usable, or leads to another server.
    """
    # Only who waits for a cluster needs the library, which takes half a second to import.
    kubernetes = await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")
    names = [node.name for node in nodes if node.runs_pods]
    unready = {_SERVER: "no answer"}
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout_at(end_of(report, patience)),
            kubernetes.open_api(cluster.kubeconfig, context_of(cluster)) as api,
        ):
            with report.span("answer", "API server"):
                while True:
                    if not (unready := await _unready(api, ())):
                        break
                    await asyncio.sleep(_POLL)
            if restarted:
                await _free_leases(api, restarted, report)
            unready = {f"node {name}": "no answer" for name in names}
            with report.span("ready", cluster.name):
                while True:
                    if not (unready := await _unready(api, names, ranges=ranges)):
                        break
                    await asyncio.sleep(_POLL)
            if restarted:
                unready = {"its pods": "no answer"}
                with report.span("restart", cluster.name):
                    while True:
                        if not (unready := await _stale(api, restarted)):
                            break
                        await asyncio.sleep(_POLL)
    return unready


async def _free_leases(api: Api, restarted: str, report: Reporter) -> None:
    with contextlib.suppress(ActionError):  # without, it only takes longer
        if freed := await free_leases(api, restarted):
            report.log(f"freed {', '.join(freed)}: leases of what ended with the node")


async def _stale(api: Api, restarted: str) -> dict[str, str]:
    try:
        return await find_stale(api, restarted)
    except ActionError as error:
        return {_SERVER: error.cause}


async def _unready(api: Api, names: Sequence[str], *, ranges: bool = False) -> dict[str, str]:
    """Return why the API server, or else each of some nodes, is not ready.

    Raises:
        UntrustedError: Another server answers.
    """
    from tui.clients.kubernetes.api import UntrustedError  # whoever has an `Api` has loaded it

    try:
        if not names:
            answer = (await api.text("/readyz")).strip()
            return {} if answer == "ok" else {_SERVER: answer}
        items = (await api.get("/api/v1/nodes"))["items"]
        if ranges:
            await give_ranges(api, items)
    except UntrustedError:  # to wait would be in vain
        raise
    except ActionError as error:
        return {_SERVER: error.cause}
    found = {item["metadata"]["name"]: item for item in items}
    why = {name: _why(found.get(name, {})) for name in names}
    return {f"node {name}": f"node {name}: {text}" for name, text in why.items() if text}


def _why(node: dict[str, Any]) -> str:
    """Return why a node is not ready; empty if it is."""
    conditions = node.get("status", {}).get("conditions") or ()
    ready: dict[str, Any] = next((each for each in conditions if each["type"] == "Ready"), {})
    if ready.get("status") == "True":
        return ""
    return ready.get("message") or "the node has not joined the cluster"
