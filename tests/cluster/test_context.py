"""Clusters that stand: contexts of a user's kubeconfig, which the real kubectl reads."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.actions.recorder import Recorder
from tests.clients.kubernetes.peer import refusal, serving
from tui.clients.kubernetes.api import open_api
from tui.cluster import permission
from tui.cluster.connect import connect
from tui.cluster.context import create, delete, kubeconfig_of, reach
from tui.cluster.provider import ClusterSpec
from tui.cluster.registry import Registry, registry_of
from tui.cluster.users_kubeconfig import write_private
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.labels import OWNER, labelled
from tui.plan.model import Cluster
from tui.plan.registry import HOSTING, KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tui.clients.kubernetes.api import Object

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
PRODUCTION = "https://10.1.2.3.example.com:6443"


@pytest.mark.parametrize(
    ("context", "server", "local"),
    [
        ("kind-demo", "https://127.0.0.1:40123", True),
        ("k3d-demo", "https://0.0.0.0:6550", True),
        ("minikube", "https://192.168.49.2:8443", True),
        ("docker-desktop", "https://kubernetes.docker.internal:6443", True),
        ("colima-work", "https://[::1]:6443", True),
        ("orbstack", "https://k8s.orb.local:26443", True),
        ("kind-demo", "https://kind.example.com", False),  # anybody may call a context so
        ("kind-demo", "https://8.8.8.8", False),
        ("prod", "https://127.0.0.1:6443", False),  # the end of a tunnel
        ("default", "https://localhost:6443", False),
        ("my-kind-demo", "https://127.0.0.1:40123", False),
        ("kind-", "https://127.0.0.1", False),
    ],
)
def test_a_context_is_local_by_its_name_and_its_server(context: str, server: str, local: bool) -> None:
    assert permission.is_local(context, server) is local


@dataclass
class Server:
    """An API server that has some objects, by their paths."""

    objects: dict[str, Object] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def add(self, path: str, kind: str, **labels: str) -> None:
        namespace = found[1] if (found := re.search("/namespaces/([^/]+)/", path)) else ""
        metadata = {"name": path.rsplit("/", 1)[-1], "uid": path, "labels": labels}
        metadata |= {"namespace": namespace} if namespace else {}
        self.objects[path] = {"kind": kind, "metadata": metadata}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/readyz", self._ready)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _ready(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization", ""))
        return web.Response(text="ok")

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        if path in SERVED:
            return web.json_response({"resources": [_resource(*each) for each in SERVED[path]]})
        if path == "/apis":
            versions = [each.removeprefix("/apis/") for each in SERVED if each != "/api/v1"]
            return web.json_response(
                {"groups": [{"preferredVersion": {"groupVersion": v}} for v in versions]}
            )
        if path in {"/api/v1/secrets", "/apis/example.com/v1/things"}:
            return refusal(
                403 if path.endswith("/secrets") else 500, "it is forbidden, or cannot be converted"
            )
        if path not in self.objects:
            return self._list(path, request.query.get("labelSelector", ""))
        if request.method == "DELETE":
            return web.json_response(self.objects.pop(path))
        return web.json_response(self.objects[path])

    def _list(self, path: str, selector: str) -> web.Response:
        root, plural = path.rsplit("/", 1)
        if plural not in {name for group in SERVED.values() for name, *_ in group}:
            return refusal(404, "not found")
        key, _, value = selector.partition("=")
        items = [
            each
            for at, each in self.objects.items()
            if at.startswith(root) and at.split("/")[-2] == plural
            if not key or each["metadata"]["labels"].get(key) == value
        ]
        return web.json_response({"items": items})


SERVED = {
    "/api/v1": [
        ("namespaces", "Namespace", False),
        ("configmaps", "ConfigMap", True),
        ("secrets", "Secret", True),
        ("persistentvolumeclaims", "PersistentVolumeClaim", True),
    ],
    "/apis/apps/v1": [("statefulsets", "StatefulSet", True)],
    "/apis/example.com/v1": [("things", "Thing", True)],
    "/apis/apiextensions.k8s.io/v1": [("customresourcedefinitions", "CustomResourceDefinition", False)],
}


def _resource(name: str, kind: str, namespaced: bool) -> dict[str, Any]:
    return {"name": name, "kind": kind, "namespaced": namespaced, "verbs": ["list", "delete"]}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    async with serving(server.app()) as url:
        yield url


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with two kubeconfig files; the current context is never the plan's."""
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    files = [tmp_path / "one", tmp_path / "two words"]
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, [*files, tmp_path / "absent"])))
    entry = {"name": "prod", "context": {"cluster": "prod", "user": "me"}}
    other = {"contexts": [entry], "clusters": [{"name": "prod", "cluster": {"server": PRODUCTION}}]}
    files[0].write_text(json.dumps({**other, "users": [{"name": "me", "user": {"token": "of-prod"}}]}))
    return tmp_path


async def config(home: Path, url: str, user: dict[str, Any], context: str = "kind-there") -> Cluster:
    """Write the context of a cluster into the user's second file."""
    content = {
        "current-context": "prod",
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u", "namespace": "mine"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
    }
    await asyncio.to_thread((home / "two words").write_text, json.dumps(content))
    plan = {"context": context, "kubeconfig": home / "STATE" / "copy", "owner": "shop-1"}
    return Cluster.model_validate({"context": context}).model_copy(update=plan)


@needs_kubectl
async def test_a_context_is_used_by_a_private_copy_of_it_alone(home: Path, url: str, server: Server) -> None:
    cluster, host = await config(home, url, {"token": "mine"}), LocalHost()
    done = await create(cluster, host, ClusterSpec(wait=5), Recorder(home, home, cluster))
    assert (done.changed, done.note) == (False, "the cluster of context kind-there is ready")
    assert server.tokens == ["Bearer mine"]
    assert stat.S_IMODE((await asyncio.to_thread(cluster.kubeconfig.stat)).st_mode) == 0o600
    copy = await asyncio.to_thread(cluster.kubeconfig.read_text)
    assert "of-prod" not in copy + await kubeconfig_of(cluster, host)
    assert json.loads(copy)["contexts"][0]["context"]["namespace"] == "mine"


@needs_kubectl
@pytest.mark.parametrize(
    ("context", "said"),
    [
        ("prod", f"context 'prod' leads to {PRODUCTION}, which may be no cluster for tests"),
        ("prd", "the user's kubeconfig has no context 'prd'"),
    ],
)
async def test_a_context_that_may_be_production_is_never_asked(home: Path, context: str, said: str) -> None:
    cluster = (await config(home, "http://127.0.0.1:1", {})).model_copy(update={"context": context})
    await write_private(cluster.kubeconfig, "of when it was allowed")
    with pytest.raises(ActionError, match=re.escape(said)) as caught:
        await reach(cluster, LocalHost())
    assert caught.value.hint
    assert not await asyncio.to_thread(cluster.kubeconfig.exists)


@needs_kubectl
async def test_what_kubectl_warns_of_is_no_context(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = await config(home, "http://127.0.0.1:1", {})
    monkeypatch.setenv("KUBECONFIG", str(home / "absent"))
    with pytest.raises(ActionError, match="has no context 'kind-there'") as caught:
        await reach(cluster, LocalHost())
    assert caught.value.hint.startswith(f"KUBECONFIG is '{home}/absent', where there is none: correct it")
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(ActionError, match="has no context 'kind-there'") as caught:
        await reach(cluster, LocalHost())
    assert caught.value.hint == "set KUBECONFIG, or write ~/.kube/config"


@needs_kubectl
async def test_what_was_allowed_once_is_allowed_until_it_leads_elsewhere(home: Path, url: str) -> None:
    cluster, host = await config(home, url, {}, "shared"), LocalHost()
    await permission.allow("shared", host)
    await reach(cluster, host)
    assert await asyncio.to_thread(permission.permissions) == [permission.Permission("shared", url)]
    await config(home, PRODUCTION, {}, "shared")
    with pytest.raises(ActionError, match=f"it was allowed when it led to {url}"):
        await reach(cluster, host, anew=True)
    assert [await asyncio.to_thread(permission.forget, "shared") for _ in range(2)] == [True, False]


@needs_kubectl
async def test_a_program_logs_in_and_is_asked_again_when_that_has_ended(
    home: Path, url: str, server: Server
) -> None:
    script = home / "log in"
    credential = {"kind": "ExecCredential", "status": {"token": "$1-$N", "expirationTimestamp": "$2"}}
    text = json.dumps(credential).replace('"', '\\"')
    program = f"""#!/bin/sh
echo asked >> "{home}/asked"; N=$(wc -l < "{home}/asked" | tr -d ' ')
echo "$KUBERNETES_EXEC_INFO" > "{home}/info"; echo "warning: old" >&2; echo "{text}"
"""
    await asyncio.to_thread(script.write_text, program)
    await asyncio.to_thread(script.chmod, 0o755)
    entry = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(script),
        "interactiveMode": "Never",
    }
    for until in ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        asked = {**entry, "args": ["token", until], "provideClusterInfo": True}
        cluster = await config(home, url, {"exec": asked})
        await reach(cluster, LocalHost(), anew=True)
        async with open_api(cluster.kubeconfig, cluster.context) as api:
            await api.text("/readyz")
            await api.text("/readyz")
    # At its opening, and before each request where what was answered has ended.
    assert server.tokens == [f"Bearer token-{number}" for number in (2, 3, 4, 4)]
    info = await asyncio.to_thread((home / "info").read_text)
    assert json.loads(info)["spec"]["cluster"] == {"server": url}


@needs_kubectl
@pytest.mark.parametrize(
    ("user", "said", "hint"),
    [
        (
            {"exec": {"command": "no-such-login", "installHint": "get\n it"}},
            "logs in by no-such-login, which",
            "get it",
        ),
        ({"exec": {"command": "false"}}, "the login by false failed (status 1)", "log in as for kubectl"),
        (
            {"exec": {"command": "echo", "args": ["{}", "t0ken"]}},
            "echo did not answer the login",
            "run it by hand",
        ),
        ({"exec": {"command": "./login"}}, "logs in by ./login", "write that path in full"),
        ({"tokenFile": "/gone/t"}, "'kind-there' cannot be used: it names /gone/t", "mend the kubeconfig"),
        ({"token": "a\nb"}, "'kind-there' cannot be used: its token has", "mend the kubeconfig"),
    ],
)
async def test_a_login_that_fails_is_told_of(
    home: Path, url: str, user: dict[str, Any], said: str, hint: str
) -> None:
    if "exec" in user:
        known = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
        user = {"exec": {**known, **user["exec"]}}
    cluster = await config(home, url, user)
    with pytest.raises(ActionError, match=re.escape(said)) as caught:
        async with connect(Recorder(home, home, cluster)):
            pass
    assert hint in caught.value.hint
    assert "t0ken" not in f"{caught.value.cause}{caught.value.details}"


@needs_kubectl
async def test_what_carries_the_owners_label_is_deleted_and_nothing_else(
    home: Path, url: str, server: Server
) -> None:
    ours, theirs = {OWNER: "shop-1"}, {OWNER: "shop-2"}
    server.add("/apis/example.com/v1/namespaces/mine/things/one", "Thing", **ours)
    server.add("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com", "CRD", **ours)
    server.add("/api/v1/namespaces/new", "Namespace", **ours)
    server.add("/apis/apps/v1/namespaces/old/statefulsets/db", "StatefulSet", **ours)
    server.objects["/apis/apps/v1/namespaces/old/statefulsets/db"]["spec"] = {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}]
    }
    claims = "/api/v1/namespaces/old/persistentvolumeclaims"
    server.add(f"{claims}/data-db-0", "PersistentVolumeClaim")
    kept = ("/api/v1/namespaces/old", f"{claims}/data-db2-0", "/api/v1/namespaces/old/configmaps/a")
    for path in kept:
        server.add(path, "Namespace", **(theirs if path.endswith("/a") else {}))
    cluster = await config(home, url, {})
    report = Recorder(home, home, cluster)
    done = await delete(cluster, LocalHost(), report)
    assert set(server.objects) == set(kept)
    assert done.note == "deleted 5 objects of shop-1"
    (warning,) = report.warnings  # of the context's own namespace it was told
    assert warning.startswith("may be left outside of namespace mine, as the API server does not list them")
    assert warning.endswith(": secrets, things")
    order = [line.split("/")[0] for _, line in report.lines]
    assert (order[0], order[-1]) == ("thing", "customresourcedefinition")
    assert not await asyncio.to_thread(cluster.kubeconfig.exists)
    assert not (await delete(cluster, LocalHost(), report)).changed


@needs_kubectl
@pytest.mark.parametrize(
    ("told", "registry"),
    [
        ("host: localhost:5001", Registry("localhost:5001", "localhost:5001")),
        ("host: localhost:5001\nhostFromContainerRuntime: reg:5000", Registry("localhost:5001", "reg:5000")),
        ("help: https://example.com", None),
        ("- host", None),
        ("{", None),
        (None, None),
    ],
)
async def test_a_cluster_tells_of_its_registry(
    home: Path, url: str, server: Server, told: str | None, registry: Registry | None
) -> None:
    if told is not None:
        server.objects[HOSTING] = {"data": {KEY: told}}
    cluster = await config(home, url, {})
    assert await registry_of(Recorder(home, home, cluster)) == registry
    named = cluster.model_copy(update={"registry": "ghcr.io/team"})
    assert await registry_of(Recorder(home, home, named)) == Registry("ghcr.io/team", "ghcr.io/team")


def test_only_what_is_made_gets_the_owners_label() -> None:
    body = {"metadata": {"name": "a", "labels": {"app": "a"}}}
    assert labelled(body, None, "me")["metadata"]["labels"] == {"app": "a", OWNER: "me"}
    assert labelled(body, {"metadata": {}}, "me") == body
    for owner in ("me", "another"):  # else server-side apply would take it away
        before = {"metadata": {"labels": {OWNER: owner}}}
        assert labelled(body, before, "me")["metadata"]["labels"][OWNER] == owner
    assert labelled(body, None, "") == body
    assert body == {"metadata": {"name": "a", "labels": {"app": "a"}}}
