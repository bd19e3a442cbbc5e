"""Servers on this machine that stand in for an API server or a release server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.actions.recorder import Recorder
from tui.cluster.connect import connect
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tui.clients.kubernetes.api import Api


@contextlib.asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """A server on a free port; gives its URL."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def recorder(folder: Path, server: str = "", namespace: str = "") -> Recorder:
    """A context whose cluster is at a URL, and whose kubeconfig may name a namespace."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "current-context": "it",
                "contexts": [
                    {"name": "it", "context": {"cluster": "it", "user": "me", "namespace": namespace}}
                ],
                "clusters": [{"name": "it", "cluster": {"server": server}}],
                "users": [{"name": "me", "user": {"token": "open-sesame"}}],
            }
        )
    )
    return Recorder(
        folder=folder, cache=folder / "cache", plan_cluster=Cluster(name="it", kubeconfig=kubeconfig)
    )


@contextlib.asynccontextmanager
async def api_server(app: web.Application, folder: Path) -> AsyncIterator[tuple[Api, Recorder]]:
    """An API server, a connection to it, and a context that it is the cluster of."""
    async with serving(app) as url:
        ctx = await asyncio.to_thread(recorder, folder, url)
        async with connect(ctx) as api:
            yield api, ctx


def refusal(status: int, message: str) -> web.Response:
    """What an API server answers where it refuses."""
    body = {"kind": "Status", "code": status, "message": message}
    return web.json_response(body, status=status)


def pod(name: str = "app-1", *, state: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A scheduled pod with one container, in a state such as `{"running": {}}`."""
    status = {"name": "app", "state": state or {"waiting": {}}, "restartCount": 0, **changes}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "namespace": "default"},
        "spec": {"containers": [{"name": "app"}]},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}],
            "containerStatuses": [status],
        },
    }
