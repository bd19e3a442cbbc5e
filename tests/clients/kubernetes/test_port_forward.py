from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import WSMsgType, web

from tests.clients.kubernetes.peer import api_server, pod
from tui.clients.kubernetes import port_forward
from tui.clients.kubernetes.port_forward import Target, find_target, forward
from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = {
    "metadata": {"name": "db"},
    "spec": {
        "selector": {"app": "db", "tier": "1"},
        "ports": [{"port": 15432, "targetPort": "sql"}, {"port": 80}],
    },
}


def _pod(name: str, *, ready: bool = True, **metadata: Any) -> dict[str, Any]:
    found = pod(name)
    found["metadata"] |= metadata
    found["spec"]["containers"][0]["ports"] = [{"name": "sql", "containerPort": 5432}]
    found["status"]["conditions"].append({"type": "Ready", "status": str(ready)})
    return found


class Cluster:
    """An API server with one service, whose pods echo in capitals what they are sent."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = pods
        self.ports: list[str] = []
        self.open = 0
        self.app = web.Application()
        base = "/api/v1/namespaces/shop"
        self.app.router.add_get(f"{base}/services/db", self._service)
        self.app.router.add_get(f"{base}/pods", self._list)
        self.app.router.add_get(base + "/pods/{name}/portforward", self._forward)

    async def _service(self, _: web.Request) -> web.Response:
        return web.json_response(SERVICE)

    async def _list(self, request: web.Request) -> web.Response:
        assert request.query["labelSelector"] == "app=db,tier=1"
        return web.json_response({"items": self.pods})

    async def _forward(self, request: web.Request) -> web.WebSocketResponse:
        self.ports.append(f"{request.match_info['name']}:{request.query['ports']}")
        socket = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket.prepare(request)
        self.open += 1
        try:
            for channel in (b"\0", b"\1"):
                await socket.send_bytes(channel + (5432).to_bytes(2, "little"))
            async for message in socket:
                assert message.type is WSMsgType.BINARY
                assert message.data[0] == 0
                if message.data[1:] == b"late":
                    await asyncio.sleep(0.05)
                    await socket.send_bytes(b"\0answer")
                    break
                if message.data[1:] == b"break":
                    await socket.send_bytes(b"\1connection refused")
                else:
                    await socket.send_bytes(b"\0" + message.data[1:].upper())
        finally:
            self.open -= 1
        return socket


async def test_connections_reach_a_ready_pods_named_port(tmp_path: Path) -> None:
    cluster = Cluster(_pod("a", ready=False), _pod("b", deletionTimestamp="now"), _pod("c"))
    async with (
        api_server(cluster.app, tmp_path) as (api, _),
        forward(api, "shop", "db", 15432) as (host, port),
    ):
        for word in (b"one", b"two"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(word)
            assert await reader.readexactly(3) == word.upper()
            writer.close()
            await writer.wait_closed()
    assert cluster.ports == ["c:5432", "c:5432"]


async def test_a_service_without_a_selector_leads_to_the_pod_that_is_put_behind_it(tmp_path: Path) -> None:
    app = web.Application()
    base = "/api/v1/namespaces/shop"
    subsets: list[dict[str, Any]] = [{"addresses": [{"ip": "10.0.0.1"}]}]

    async def service(_: web.Request) -> web.Response:
        ports = [{"port": 5432, "name": "sql"}, {"port": 8008, "name": "api"}]
        return web.json_response({"metadata": {"name": "db"}, "spec": {"ports": ports}})

    async def endpoints(_: web.Request) -> web.Response:
        return web.json_response({"metadata": {"name": "db"}, "subsets": subsets})

    app.router.add_get(f"{base}/services/db", service)
    app.router.add_get(f"{base}/endpoints/db", endpoints)
    async with api_server(app, tmp_path) as (api, _):
        with pytest.raises(ActionError, match="no selector, and no pod is behind it"):
            await find_target(api, "shop", "db", 5432)
        addresses = [{"targetRef": {"kind": "Pod", "name": "db-1"}}]
        subsets.append(
            {"addresses": addresses, "ports": [{"name": "api", "port": 1}, {"name": "sql", "port": 2}]}
        )
        assert await find_target(api, "shop", "db", 5432) == Target("shop", "db-1", 2)


async def test_much_data_comes_whole(tmp_path: Path) -> None:
    data = b"abc" * 1_000_000
    cluster = Cluster(_pod("a"))
    async with api_server(cluster.app, tmp_path) as (api, _), forward(api, "shop", "db", 80) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(data)
        assert await reader.readexactly(len(data)) == data.upper()
        writer.close()
        await writer.wait_closed()
    assert cluster.ports == ["a:80"]


async def test_the_answer_to_one_who_has_sent_everything_comes_whole(tmp_path: Path) -> None:
    cluster = Cluster(_pod("a"))
    async with api_server(cluster.app, tmp_path) as (api, _), forward(api, "shop", "db", 80) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"late")
        writer.write_eof()
        assert await reader.read() == b"answer"
        writer.close()
        await writer.wait_closed()


async def test_a_pod_that_says_nothing_more_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_forward, "_SILENCE", 0.01)
    cluster = Cluster(_pod("a"))
    async with api_server(cluster.app, tmp_path) as (api, _), forward(api, "shop", "db", 80) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"x")
        writer.write_eof()
        assert await reader.read() in {b"X", b""}
        writer.close()
        await writer.wait_closed()


async def test_a_pod_that_refuses_ends_the_connection(tmp_path: Path) -> None:
    cluster = Cluster(_pod("a"))
    async with api_server(cluster.app, tmp_path) as (api, _), forward(api, "shop", "db", 80) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"break")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_the_blocks_end_closes_open_connections(tmp_path: Path) -> None:
    cluster = Cluster(_pod("a"))
    async with api_server(cluster.app, tmp_path) as (api, _):
        async with forward(api, "shop", "db", 80) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"x")
            await reader.readexactly(1)
            assert cluster.open == 1
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
    assert cluster.open == 0


@pytest.mark.parametrize(
    ("service", "port", "pods", "cause"),
    [
        ("nothing", 80, [], "no service 'nothing'"),
        ("db", 81, [], "has no port 81"),
        ("db", 80, [], "no ready pod with port 80: there is none"),
        ("db", 80, [_pod("a", ready=False)], "1 are there, none of them ready"),
    ],
)
async def test_what_cannot_be_reached_is_told_of(
    tmp_path: Path, service: str, port: int, pods: list[dict[str, Any]], cause: str
) -> None:
    async with api_server(Cluster(*pods).app, tmp_path) as (api, _):
        with pytest.raises(ActionError, match=cause):
            async with forward(api, "shop", service, port):
                pass
