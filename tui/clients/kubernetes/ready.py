"""Whether a cluster's API server is there and ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from tui.clients.connection_errors import reason
from tui.clients.kubernetes.kubeconfig import read_access
from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path


async def ask_ready(kubeconfig: Path, patience: float, context: str = "") -> None:
    """Ask an API server whether it is ready.

    Args:
        kubeconfig: The kubeconfig file that says where the server is and how it proves who it is.
        patience: Seconds that it may take.
        context: The name of the kubeconfig's context; the current one if empty.

    Raises:
        ActionError: It is not, or the kubeconfig cannot be used.
        ConnectionError: It does not answer.
    """
    access = await asyncio.to_thread(read_access, kubeconfig, context)
    tls = await asyncio.to_thread(access.tls)
    limit = aiohttp.ClientTimeout(total=patience)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, proxy=access.proxy) as session,
            session.get(f"{access.server}/readyz", ssl=tls, server_hostname=access.server_name) as answer,
        ):
            if answer.status != 200:
                raise ActionError(f"its API server at {access.server} is not ready (status {answer.status})")
    except (aiohttp.ClientError, OSError) as error:
        cause = f"its API server at {access.server} does not answer: {reason(error)}"
        raise ConnectionError(cause) from error
