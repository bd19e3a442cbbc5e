"""Kind's configuration file: filled in, and what it asks of its machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError
from tui.hosts.ports import taken
from tui.plan.substitute import fill_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiodocker import Docker

    from tui.hosts.host import Host


async def read_config(path: Path | None, variables: Mapping[str, Any]) -> str:
    """The configuration with its `${…}` filled in; empty where there is none.

    Raises:
        ActionError: It cannot be read.
        PlanError: A reference leads nowhere.
    """
    if path is None:
        return ""
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ActionError(f"Kind's configuration {path} cannot be read: {error}") from error
    return fill_text(text, variables, str(path))


def host_ports(config: str) -> list[tuple[str, int]]:
    """The TCP addresses and ports that a configuration takes.

    Raises:
        ActionError: It is no YAML.
    """
    import yaml

    try:
        content = yaml.safe_load(config) or {}
    except yaml.YAMLError as error:
        raise ActionError(f"Kind's configuration is no YAML: {error}") from error
    network = content.get("networking") or {}
    found = [(network.get("apiServerAddress") or "127.0.0.1", network.get("apiServerPort"))]
    for node in content.get("nodes") or ():
        found += [
            (mapping.get("listenAddress") or "", mapping.get("hostPort"))
            for mapping in node.get("extraPortMappings") or ()
            if str(mapping.get("protocol") or "TCP").upper() == "TCP"
        ]
    return [(address, port) for address, port in found if isinstance(port, int) and port > 0]


async def check_ports(host: Host, docker: Docker, config: str) -> None:
    """Makes sure that the configuration's host ports can be had where the cluster is to run.

    Raises:
        ActionError: One is taken; its cause says by whom as far as that can be found.
    """
    for port, process in (await taken(host, host_ports(config))).items():
        who = await _container_at(docker, port) or process or "another program"
        raise ActionError(
            f"host port {port} is taken by {who}",
            f"stop it, or have Kind's configuration map another port than {port}",
        )


async def _container_at(docker: Docker, port: int) -> str:
    for container in await docker._query_json("containers/json"):
        if any(each.get("PublicPort") == port for each in container.get("Ports") or ()):
            return f"container {container['Names'][0].lstrip('/')}"
    return ""
