from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web

from tests.clients.kubernetes.peer import api_server, recorder, refusal, serving
from tests.ssh.web import certified
from tui.actions.kubernetes.persistence import is_passing
from tui.clients.kubernetes.api import ApiError, UnreachableError, UntrustedError, open_api
from tui.clients.kubernetes.kubeconfig import read_access
from tui.clients.kubernetes.ready import ask_ready
from tui.cluster.connect import connect
from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path


def _app(**headers: str) -> tuple[web.Application, list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        seen.append(
            {"query": dict(request.query), "headers": request.headers.copy(), "body": await request.text()}
        )
        if request.path == "/missing":
            return refusal(404, "there is none")
        if request.path == "/page":
            page = "<!doctype html><html><head><title>Bad\nGateway</title><style>a {}</style></head></html>"
            return web.Response(status=502, text=page)
        if request.path == "/busy":
            return web.Response(status=503, text="not JSON", headers=headers)
        return web.json_response({"kind": "Thing"}, headers=headers)

    app.router.add_route("*", "/{path}", answer)
    return app, seen


async def test_objects_are_applied_with_the_token_and_by_bringup(tmp_path: Path) -> None:
    app, seen = _app()
    async with api_server(app, tmp_path) as (api, _):
        assert await api.apply("/thing", {"kind": "Thing"}, dryRun="All") == {"kind": "Thing"}
    assert seen[0]["query"] == {"fieldManager": "bringup", "force": "true", "dryRun": "All"}
    assert seen[0]["headers"]["Content-Type"] == "application/apply-patch+yaml"
    assert seen[0]["headers"]["Authorization"] == "Bearer open-sesame"
    assert json.loads(seen[0]["body"]) == {"kind": "Thing"}


async def test_what_yaml_reads_as_a_date_is_sent_as_it_was_written(tmp_path: Path) -> None:
    app, seen = _app()
    written = "a: 2024-01-02\nb: 2024-01-02T03:04:05Z\nc: ü\n"
    async with api_server(app, tmp_path) as (api, _):
        await api.apply("/thing", yaml.load(written, Loader=yaml.CSafeLoader), fieldManager="a b&c")
    assert json.loads(seen[0]["body"]) == {"a": "2024-01-02", "b": "2024-01-02T03:04:05+00:00", "c": "ü"}
    assert seen[0]["query"]["fieldManager"] == "a b&c"


async def test_what_the_server_warns_of_is_told_once_of_what_it_is_sent(tmp_path: Path) -> None:
    app, _ = _app(Warning='299 - "extensions/v1beta1 Thing is deprecated", 299 k "no \\"user\\""')
    async with api_server(app, tmp_path) as (api, ctx):
        await api.get("/thing")
        assert ctx.lines == []
        await api.apply("/thing", {"kind": "Thing"})
        await api.apply("/other", {"kind": "Thing"})
    told = ("warning: /thing: extensions/v1beta1 Thing is deprecated", 'warning: /thing: no "user"')
    assert ctx.lines == [("", line) for line in told]


async def test_refusals_have_the_servers_own_words(tmp_path: Path) -> None:
    app, _ = _app(**{"Retry-After": "3"})
    async with api_server(app, tmp_path) as (api, _):
        with pytest.raises(ApiError, match="there is none") as caught:
            await api.get("/missing")
        assert caught.value.status == 404
        assert await api.find("/missing") is None
        with pytest.raises(ApiError, match=r"\(status 502\): a page in place of an answer: Bad Gateway$"):
            await api.get("/page")
        with pytest.raises(ApiError, match="not JSON") as caught:
            await api.find("/busy")
        assert caught.value.retry_after == 3.0
        with pytest.raises(ApiError, match="there is none"):
            await api.text("/missing")


@pytest.mark.parametrize(
    ("status", "page"), [(200, b"<html>Log in</html>"), (403, "Zugriff verwehrt: ü".encode("latin-1"))]
)
async def test_what_is_no_api_server_is_told_of(tmp_path: Path, status: int, page: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=page, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with api_server(app, tmp_path) as (api, _):
        with pytest.raises(ActionError, match="is no API server of Kubernetes") as caught:
            await api.find("/api/v1/namespaces/a")
    assert "kubeconfig" in caught.value.hint


async def test_a_server_that_is_not_there_is_told_of_with_a_hint(tmp_path: Path) -> None:
    ctx = await asyncio.to_thread(recorder, tmp_path, "http://127.0.0.1:1")
    async with connect(ctx) as api:
        with pytest.raises(
            UnreachableError, match=r"127\.0\.0\.1:1 does not answer: Connection refused$"
        ) as caught:
            await api.get("/thing")
        assert "is the cluster running" in caught.value.hint
        assert is_passing(caught.value)  # of a cluster that was made here: it may but restart
        with pytest.raises(UnreachableError):
            await api.text("/thing")
        with pytest.raises(UnreachableError):
            async with api.websocket("/thing", ["v4.channel.k8s.io"]):
                pass


async def test_a_standing_clusters_server_that_has_never_answered_is_down(tmp_path: Path) -> None:
    ctx = await asyncio.to_thread(recorder, tmp_path, "http://127.0.0.1:1")
    async with open_api(ctx.cluster.kubeconfig) as api:
        with pytest.raises(UnreachableError) as caught:
            await api.get("/thing")
    assert not is_passing(caught.value)


async def test_only_a_server_that_has_answered_and_speaks_tls_is_asked_again(tmp_path: Path) -> None:
    app, _ = _app()
    async with AsyncExitStack() as stack:
        async with serving(app) as url:
            ctx = await asyncio.to_thread(recorder, tmp_path, url.replace("http:", "https:"))
            async with connect(ctx) as api:
                with pytest.raises(ActionError, match="does not speak TLS") as caught:
                    await api.get("/thing")
            assert not isinstance(caught.value, UnreachableError)  # which is asked again
            ctx = await asyncio.to_thread(recorder, tmp_path, url)
            api = await stack.enter_async_context(connect(ctx))
            with pytest.raises(ApiError):
                await api.get("/missing")
        with pytest.raises(UnreachableError) as gone:
            await api.get("/thing")
        assert is_passing(gone.value)


async def test_a_server_with_anothers_certificate_is_told_of_and_not_asked_again(tmp_path: Path) -> None:
    secure, _ = await asyncio.to_thread(certified, tmp_path)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=secure)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ctx = await asyncio.to_thread(recorder, tmp_path, f"https://localhost:{port}")
        async with connect(ctx) as api:
            with pytest.raises(UntrustedError, match=r"is not trusted: self.signed certificate") as caught:
                await api.get("/thing")
    assert "kind export kubeconfig" in caught.value.hint
    assert not isinstance(caught.value, UnreachableError)  # which is asked again


async def test_a_local_server_is_not_sought_behind_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    app, _ = _app()
    async with api_server(app, tmp_path) as (api, _):
        assert await api.get("/thing") == {"kind": "Thing"}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"current-context": "other"}, "is not complete: it has no context other"),
        ({"current-context": ""}, "it does not say which context to use"),
        ({"clusters": []}, "is not complete: it has no cluster it"),
        ({"clusters": [{"name": "it", "cluster": {}}]}, "its cluster has no server"),
        ({"users": None}, "it has no user me"),
        ({"users": [{"name": "me", "user": {"client-key": "away.key"}}]}, "away.key: No such file"),
        ({"users": [{"name": "me", "user": {"client-key-data": "a"}}]}, "client-key-data is not base64"),
        ({"users": [{"name": "me", "user": {"username": "a"}}]}, "logs in by 'username'"),
        ({"users": [{"name": "me", "user": {"token": "a\nb"}}]}, "characters that no token has"),
        ({"users": [{"name": "me", "user": {"client-key": ["a"]}}]}, "its client-key is no text"),
        ({"clusters": [{"name": "it", "cluster": {"server": "http://[::1"}}]}, "its server is no URL"),
        ({"clusters": [{"name": "it", "cluster": {"server": "http://h:99999"}}]}, "its server is no URL"),
        (
            {"clusters": [{"name": "it", "cluster": {"server": "h", "proxy-url": "socks5://h"}}]},
            "its proxy-url is no URL that begins with http:// or https://",
        ),
        (
            {"clusters": [{"name": "it", "cluster": {"server": "h", "certificate-authority-data": "!!"}}]},
            "certificate-authority-data is not base64",
        ),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_told_of(
    tmp_path: Path, change: dict[str, Any], cause: str
) -> None:
    file = recorder(tmp_path, "http://127.0.0.1:1").cluster.kubeconfig
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ActionError, match=cause):
        read_access(file)


@pytest.mark.parametrize(
    ("content", "cause"),
    [("", "is empty"), ("- a", "is no mapping"), ("token: open-sesame: x", r"is not YAML \(line 1\)$")],
)
def test_a_kubeconfig_that_is_none_is_told_of_without_its_content(
    tmp_path: Path, content: str, cause: str
) -> None:
    (tmp_path / "kubeconfig").write_text(content)
    with pytest.raises(ActionError, match=cause):
        read_access(tmp_path / "kubeconfig")


def test_a_server_without_scheme_and_a_context_without_user_are_read_as_by_kubectl(tmp_path: Path) -> None:
    file = recorder(tmp_path, "127.0.0.1:1").cluster.kubeconfig
    assert read_access(file).server == "http://127.0.0.1:1"
    config = json.loads(file.read_text())
    del config["contexts"][0]["context"]["user"]
    config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    file.write_text(json.dumps(config))
    access = read_access(file)
    assert (access.server, access.token) == ("https://127.0.0.1:1", "")


def _proxied(folder: Path, proxy: str) -> Path:
    file = recorder(folder, "http://api.invalid").cluster.kubeconfig
    config = json.loads(file.read_text())
    config["clusters"][0]["cluster"]["proxy-url"] = proxy
    file.write_text(json.dumps(config))
    return file


async def test_a_server_is_reached_through_the_proxy_of_its_kubeconfig(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.host)
        return web.json_response({"kind": "NamespaceList"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as proxy:
        file = await asyncio.to_thread(_proxied, tmp_path, proxy)
        async with open_api(file) as api:
            assert await api.get("/api/v1/namespaces") == {"kind": "NamespaceList"}
        await ask_ready(file, 5)
    assert asked == ["api.invalid", "api.invalid"]


def test_no_kubeconfig_is_told_of_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="no kubeconfig") as caught:
        read_access(tmp_path / "nowhere")
    assert "cluster.create" in caught.value.hint


def test_certificates_that_are_none_are_told_of(tmp_path: Path) -> None:
    file = recorder(tmp_path, "http://127.0.0.1:1").cluster.kubeconfig
    config = json.loads(file.read_text())
    (tmp_path / "ca.crt").write_text("no certificate")
    config["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    file.write_text(json.dumps(config))
    with pytest.raises(ActionError, match="certificates cannot be used"):
        read_access(file).tls()
