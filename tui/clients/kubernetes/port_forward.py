"""A local port that leads to a pod of a service through the API server.

Kubernetes' websocket form of it, subprotocol `v4.channel.k8s.io`: one websocket a connection; the first byte
of a message is its channel, 0 for data and 1 for an error; the first message of each channel carries the port
alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from tui.errors import ActionError
from tui.hosts.listen import CHUNK, listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tui.clients.kubernetes.api import Api, Object

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_SILENCE = 60.0  # seconds that a pod may be silent after all has been sent to it


@dataclass(frozen=True, slots=True)
class Target:
    """A pod's port.

    Attributes:
        namespace: The pod's namespace.
        pod: Its name.
        port: The port's number in it.
    """

    namespace: str
    pod: str
    port: int

    @property
    def path(self) -> str:
        """The API server's path for connections to it."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}/portforward?ports={self.port}"


@contextlib.asynccontextmanager
async def forward(api: Api, namespace: str, service: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Open a local port to a ready pod of a service; port and connections close when the block ends.

    Args:
        api: The cluster's API server.
        namespace: The service's namespace.
        service: Its name.
        port: The service's port, not the pod's.

    Yields:
        Host and port to connect to.

    Raises:
        ActionError: There is no such service or port, or no ready pod behind it.
    """
    target = await find_target(api, namespace, service, port)
    async with listen(lambda reader, writer: bridge(api, target, reader, writer)) as place:
        yield place


async def find_target(api: Api, namespace: str, service: str, port: int) -> Target:
    """Find a ready pod behind a service's port.

    Raises:
        ActionError: There is none.
    """
    found = await api.find(f"/api/v1/namespaces/{namespace}/services/{service}")
    if found is None:
        raise ActionError(
            f"there is no service {service!r} in {namespace}",
            "apply it before this step, or correct its name",
        )
    wanted = _service_port(found, port)
    selector = found["spec"].get("selector")
    if not selector:
        return await _find_endpoint(api, found, namespace, port)
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    pods = (await api.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=labels)).get("items") or []
    for pod in filter(is_ready, pods):
        if number := pod_port(pod, wanted):
            return Target(namespace, pod["metadata"]["name"], number)
    state = f"{len(pods)} are there, none of them ready" if pods else "there is none"
    raise ActionError(
        f"the service {service!r} has no ready pod with port {wanted}: {state}",
        "put a kubernetes.wait step for its rollout before this one",
    )


async def _find_endpoint(api: Api, service: Object, namespace: str, port: int) -> Target:
    """Find the pod that a controller has put behind a service without a selector, as Patroni does."""
    name = service["metadata"]["name"]
    wanted = next(each.get("name") for each in service["spec"]["ports"] if each["port"] == port)
    found = await api.find(f"/api/v1/namespaces/{namespace}/endpoints/{name}") or {}
    for subset, pod in pods_behind(found):
        ports = subset.get("ports") or []
        if number := next((each["port"] for each in ports if each.get("name") == wanted), None):
            return Target(namespace, pod, number)
    raise ActionError(
        f"the service {name!r} has no selector, and no pod is behind it with that port",
        f"see what is behind it: kubectl -n {namespace} get endpoints {name} -o yaml",
    )


def pods_behind(endpoints: Object) -> Iterator[tuple[Object, str]]:
    """Yield the names of the pods that are ready behind a service, each with what their ports stand in."""
    for subset in endpoints.get("subsets") or ():
        for address in subset.get("addresses") or ():
            if (target := address.get("targetRef") or {}).get("kind") == "Pod":
                yield subset, target["name"]


def _service_port(service: Object, port: int) -> int | str:
    """Return the target port of a service's port: a number, or a name that each pod resolves."""
    ports = service["spec"].get("ports") or []
    for entry in ports:
        if entry["port"] == port:
            target: int | str = entry.get("targetPort") or port
            return target
    known = ", ".join(str(entry["port"]) for entry in ports) or "none"
    raise ActionError(
        f"the service {service['metadata']['name']!r} has no port {port}", f"its ports are: {known}"
    )


def pod_port(pod: Object, wanted: int | str) -> int | None:
    """Return the number of a pod's port, given by number or name; None if the pod has no such port."""
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports") or []:
            if entry.get("name") == wanted:
                return int(entry["containerPort"])
    return None


def is_ready(pod: Object) -> bool:
    """Return whether a pod is ready and not being deleted."""
    conditions = pod.get("status", {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


async def bridge(
    api: Api, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Carry a connection to a pod until either side is gone or has closed it."""
    try:
        async with api.websocket(target.path, [_PROTOCOL]) as socket:
            received = _Received()
            up = asyncio.create_task(_up(reader, socket))
            down = asyncio.create_task(_down(socket, writer, received))
            try:
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
                if up.done() and not up.exception():
                    await _await_answer(down, received)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
                writer.close()
                await writer.wait_closed()
    except (ActionError, aiohttp.ClientError, ConnectionError):
        return  # whoever connected sees the connection end, as with any server that is gone


@dataclass(slots=True)
class _Received:
    """Counts the messages that have come from the pod."""

    messages: int = 0


async def _await_answer(down: asyncio.Task[None], received: _Received) -> None:
    """Wait for the pod's answer after the client has sent everything.

    The protocol cannot tell the pod that nothing more comes, and a connection does not tell whether anybody
    still reads: a pod that is silent for long has nothing more to say.
    """
    before = -1
    while not down.done() and received.messages != before:
        before = received.messages
        await asyncio.wait((down,), timeout=_SILENCE)


async def _up(reader: asyncio.StreamReader, socket: aiohttp.ClientWebSocketResponse) -> None:
    while data := await reader.read(CHUNK):
        await socket.send_bytes(bytes((_DATA,)) + data)


async def _down(
    socket: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter, received: _Received
) -> None:
    opened: set[int] = set()
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        received.messages += 1
        channel, data = message.data[0], message.data[1:]
        if channel not in opened:  # the port's number, in two bytes
            opened.add(channel)
            data = data[2:]
        if channel == _ERROR and data:
            raise ConnectionAbortedError(data.decode(errors="replace"))
        if channel == _DATA and data:
            writer.write(data)
            await writer.drain()
