"""A Kind cluster's nodes, which are containers of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiodocker import Docker

    from tui.hosts.container_engine import ContainerEngine

CLUSTER = "io.x-k8s.kind.cluster"
ROLE = "io.x-k8s.kind.role"
_API_PORT = 6443  # in a node, always
_POLL = 0.1  # seconds between looks at containers that come or go


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a cluster.

    Attributes:
        id: Its container's.
        name: Its container's, and the node's.
        role: `control-plane`, `worker` or `external-load-balancer`.
        running: Whether the container runs.
        ports: Host ports that it publishes, as far as it runs.
        api_port: The one of them that leads to the API server, if one does.
    """

    id: str
    name: str
    role: str
    running: bool
    ports: frozenset[int]
    api_port: int | None = None

    @property
    def holds_images(self) -> bool:
        """Whether pods can run on it."""
        return self.role in ("control-plane", "worker")


async def find_nodes(docker: Docker, cluster: str) -> list[Node]:
    """The nodes of a cluster, also those that do not run; none where there is no such cluster."""
    filters = json.dumps({"label": [f"{CLUSTER}={cluster}"]})
    # The containers' list is asked for as it is: the library would inspect each of them.
    listed = await docker._query_json("containers/json", params={"all": "true", "filters": filters})
    return sorted((_node(each) for each in listed), key=lambda node: node.name)


def _node(container: dict[str, Any]) -> Node:
    published = [port for port in container.get("Ports") or () if port.get("PublicPort")]
    return Node(
        id=container["Id"],
        name=container["Names"][0].lstrip("/"),
        role=container["Labels"].get(ROLE, ""),
        running=container["State"] == "running",
        ports=frozenset(port["PublicPort"] for port in published),
        api_port=next((port["PublicPort"] for port in published if port["PrivatePort"] == _API_PORT), None),
    )


async def run_in(docker: Docker, node: Node, argv: Sequence[str]) -> tuple[int, str]:
    """Runs a short command in a node.

    Returns:
        Its exit status and its output, without what it wrote to its errors.
    """
    execution = await docker.containers.container(node.id).exec(list(argv), stdout=True, stderr=True)
    output = bytearray()
    async with execution.start(detach=False) as stream:
        while message := await stream.read_out():
            if message.stream == 1:
                output += message.data
    status = (await execution.inspect())["ExitCode"]
    return int(status or 0), output.decode(errors="replace")


async def remove_nodes(
    engine: ContainerEngine, cluster: str, making: asyncio.Task[None], patience: float
) -> bool:
    """Removes a cluster's containers, also those that its ending creation still brings about.

    Args:
        engine: Whose they are.
        cluster: The cluster's name.
        making: The creation, which has ended or is about to.
        patience: Seconds that it may take; the engine goes on with a removal that it was asked for.

    Returns:
        Whether the engine was asked to remove them all.
    """
    from aiodocker import DockerError

    asked = False
    with contextlib.suppress(TimeoutError, DockerError):
        async with asyncio.timeout(patience), engine.client() as docker:
            while True:
                ended = making.done()  # what is listed after that is all there will be
                nodes = await find_nodes(docker, cluster)
                asked = ended
                if ended and not nodes:
                    break
                await asyncio.gather(*(_remove(docker, node) for node in nodes))
                await asyncio.wait({making}, timeout=0 if nodes else _POLL)
    return asked


async def _remove(docker: Docker, node: Node) -> None:
    from aiodocker import DockerError

    try:
        await docker.containers.container(node.id).delete(force=True, v=True)
    except DockerError as error:
        if error.status not in (404, 409):  # it is gone, or about to be
            raise
        await asyncio.sleep(_POLL)
