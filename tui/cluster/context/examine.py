"""The condition of a cluster that stands, by its API server."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from tui.cluster.context.reach import reach
from tui.cluster.provider import Condition
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from tui.cluster.provider import ClusterSpec
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter


async def create(cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`: it is taken as it is, whatever a made one would be like."""
    await reach(cluster, host, anew=True)
    condition = await examine(cluster, host, spec.wait)
    if condition.state != "ready":
        raise ActionError(condition.text, condition.hint)
    return Done(condition.text, changed=False)


async def examine(cluster: Cluster, host: Host, patience: float) -> Condition:
    """See `tui.cluster.provider.Provider`."""
    # Only who asks a cluster needs the library, which takes half a second to import.
    kubernetes = await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")
    await reach(cluster, host)
    named = f"the cluster of context {cluster.context}"
    why = "it took too long"
    try:
        async with asyncio.timeout(patience), kubernetes.open_api(cluster.kubeconfig, cluster.context) as api:
            answer = (await api.text("/readyz")).strip()
            if answer == "ok":
                return Condition("ready", f"{named} is ready")
            why = answer
    except TimeoutError:
        pass
    except ActionError as error:
        why = error.cause
    hint = f"is it running? `kubectl --context {cluster.context} get nodes` says"
    return Condition("unreachable", f"{named} is not ready: {why}", hint)
