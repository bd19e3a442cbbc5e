"""Asking the clusters and the endpoints of a plan whether they are there."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.cluster.provider import provider_of
from tui.doctor.checks import judge_cluster
from tui.doctor.finding import Finding
from tui.errors import BringupError
from tui.plan.address import port_of
from tui.plan.placement import placement

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt, Hosts
    from tui.plan.model import Endpoint, Plan

_PATIENCE = 3.0


async def examine_standing(plan: Plan, hosts: Hosts) -> list[Finding]:
    """Ask the plan's clusters and endpoints whether they are there, all at once, each for some seconds.

    Raises:
        NotReadyError: The host of a cluster cannot be reached.
    """
    places = placement(plan)
    await hosts.connect((places.main, *places.clusters.values()))
    main, clusters = hosts.of(places.main), hosts.clusters(plan, places)
    asked = [_at(at.host, _cluster(name, at)) for name, at in clusters.items()]
    asked += [_at(main, _endpoint(endpoint, main)) for endpoint in plan.endpoints]
    by_forward = {each.name for each in plan.endpoints if _is_forward(each, plan)}
    return [
        replace(each, level="ok", text=f"{each.text}; its forward is not held open", hint="")
        if each.level == "fault" and each.check in by_forward
        else each
        for each in await asyncio.gather(*asked)
    ]


async def _at(host: Host, looking: Coroutine[None, None, Finding]) -> Finding:
    return replace(await looking, host=host.location)


def _is_forward(endpoint: Endpoint, plan: Plan) -> bool:
    """Return whether an endpoint is there only while a forward of the plan is held."""
    with contextlib.suppress(ValueError):
        return port_of(endpoint.url) in {each.wanted for each in plan.forwards}
    return False


async def _cluster(name: str, at: ClusterAt) -> Finding:
    try:
        provider = await provider_of(at.cluster)
        found = judge_cluster(await provider.examine(at.cluster, at.host, _PATIENCE), wanted=True)
    except BringupError as error:
        found = Finding("cluster", "fault", error.cause, error.hint)
    return replace(found, check=f"cluster {name}") if name else found


async def _endpoint(endpoint: Endpoint, host: Host) -> Finding:
    http = await asyncio.to_thread(importlib.import_module, "tui.actions.http")
    import aiohttp

    limit = aiohttp.ClientTimeout(total=_PATIENCE)
    try:
        connector = await http.connector_to(host, endpoint.url)
        async with (
            aiohttp.ClientSession(timeout=limit, connector=connector) as session,
            session.get(endpoint.url) as answer,
        ):
            return Finding(endpoint.name, "ok", f"{endpoint.url} answers ({answer.status})")
    except (aiohttp.ClientError, OSError) as error:
        why = "it took too long" if isinstance(error, TimeoutError) else http.explain(error, host)
        return Finding(endpoint.name, "fault", f"{endpoint.url} does not answer: {why}")
