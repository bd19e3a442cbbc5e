from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, refusal, serving
from tui.actions.kubernetes import leaving
from tui.actions.kubernetes import persistence as module
from tui.actions.kubernetes.apply import apply, in_order, secret_values
from tui.clients.kubernetes import discovery
from tui.errors import ActionError
from tui.plan.manifests import Manifest
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder
    from tui.reporter import Done

REFUSED = (
    'failed calling webhook "h": Post "https://h.shop.svc:443/": dial tcp 1.2.3.4:443: connection refused'
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0,) * 5)
    monkeypatch.setattr(discovery, "REFRESHES", (0.0,) * 3)


def _manifest(kind: str, name: str, **more: Any) -> Manifest:
    return Manifest({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}, "x.yaml:1")


class Server:
    """An API server that keeps config maps, and refuses as it is told to."""

    def __init__(self, *refusals: web.Response) -> None:
        self.refusals = list(refusals)
        self.kept: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.stays = 1000  # how often it may be looked for before what is being deleted has gone
        self.kinds = [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]
        self.app = web.Application()
        self.app.router.add_get("/api/v1", self._discover)
        self.app.router.add_get("/api/v1/namespaces/{namespace}/{plural}/{name}", self._get)
        self.app.router.add_patch("/api/v1/namespaces/{namespace}/{plural}/{name}", self._patch)
        self.app.router.add_delete("/api/v1/namespaces/{namespace}/{plural}/{name}", self._delete)

    async def _discover(self, _: web.Request) -> web.Response:
        self.asked.append("discovery")
        return web.json_response({"resources": self.kinds})

    async def _get(self, request: web.Request) -> web.Response:
        found = self.kept.get(request.path)
        if found and "deletionTimestamp" in found["metadata"]:
            self.stays -= 1
            if not self.stays:
                del self.kept[request.path]
        return web.json_response(found) if found else refusal(404, "not found")

    async def _delete(self, request: web.Request) -> web.Response:
        self.asked.append("delete")
        return web.json_response(self.kept.pop(request.path))

    async def _patch(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.refusals:
            return self.refusals.pop(0)
        body = json.loads(await request.text())
        if request.content_type == "application/merge-patch+json":
            self.kept[request.path]["metadata"] |= body["metadata"]
            return web.json_response(self.kept[request.path])
        before = self.kept.get(request.path, {})
        version = before.get("metadata", {}).get("resourceVersion", "0")
        if before.get("data") != body.get("data"):
            version = str(int(version) + 1)
        self.kept[request.path] = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        return web.json_response(self.kept[request.path])


async def _apply(
    server: Server, folder: Path, *manifests: Manifest, context_namespace: str = "", **more: Any
) -> tuple[Done, Recorder]:
    async with serving(server.app) as url:

        def prepare() -> tuple[KubernetesApply, Recorder]:
            file = folder / "all.json"
            file.write_text(json.dumps({"kind": "List", "items": [m.body for m in manifests]}))
            step = KubernetesApply(kind="kubernetes.apply", manifests=(str(file),), **more)
            return step, recorder(folder, url, context_namespace)

        step, ctx = await asyncio.to_thread(prepare)
        return await apply(step, ctx), ctx


def test_namespaces_then_definitions_then_the_rest_as_given() -> None:
    given = [
        _manifest("Deployment", "a"),
        _manifest("CustomResourceDefinition", "b"),
        _manifest("Widget", "c"),
        _manifest("Namespace", "d"),
        _manifest("Namespace", "e"),
    ]
    assert [[m.name for m in group] for group in in_order(given)] == [["d", "e"], ["b"], ["a", "c"]]


def test_what_secrets_hold_is_known_decoded() -> None:
    data = {"password": base64.b64encode(b"ab #cd12").decode(), "raw": "//4=", "none": "", "broken": 3}
    config = "db:\n  user: postgres\n  password: in-a-file\n"
    manifests = [
        _manifest("Secret", "s", data=data, stringData={"token": "ab1", "pin": 1234567, "app.yaml": config}),
        _manifest("Secret", "t", stringData={"user": "postgres", "url": "redis://me:pass-word@host/1"}),
        _manifest("ConfigMap", "c", data={"a": "public"}),
        _manifest("Secret", "empty"),
        _manifest("Secret", "wrong", data="text", stringData=["a"]),
    ]
    found = set(secret_values(manifests))
    assert {"ab #cd12", "ab1", "in-a-file", "pass-word"} <= found
    assert not found & {"postgres", "public"}


async def test_objects_are_created_configured_and_left_alone(tmp_path: Path) -> None:
    server = Server()
    first = _manifest("ConfigMap", "a", data={"k": "1"})
    done, ctx = await _apply(server, tmp_path, first, namespace="shop")
    assert (done.note, done.changed) == ("1 objects: 1 created", True)
    assert list(server.kept) == ["/api/v1/namespaces/shop/configmaps/a"]
    assert ctx.progressed[-1][:3] == (1, 1, "objects")
    done, ctx = await _apply(server, tmp_path, first, namespace="shop")
    assert not done.changed
    assert ctx.lines == [("", "configmap/a unchanged")]
    done, ctx = await _apply(
        server, tmp_path, _manifest("ConfigMap", "a", data={"k": "2"}), first, namespace="shop"
    )
    assert [line for _, line in ctx.lines] == ["configmap/a configured", "configmap/a configured"]
    assert done.changed


async def test_a_webhook_that_does_not_listen_yet_is_tried_again(tmp_path: Path) -> None:
    server = Server(refusal(500, REFUSED), refusal(503, "busy"), refusal(429, "slower"))
    done, ctx = await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
    assert done.changed
    assert sum("try" in line for _, line in ctx.lines) == 3


async def test_a_pod_may_come_before_its_namespaces_own_service_account(tmp_path: Path) -> None:
    looking = (
        'pods "p" is forbidden: error looking up service account shop/{0}: serviceaccount "{0}" not found'
    )
    done, _ = await _apply(
        Server(refusal(403, looking.format("default"))), tmp_path, _manifest("ConfigMap", "a")
    )
    assert done.changed
    with pytest.raises(ActionError, match='"web" not found') as caught:
        await _apply(Server(refusal(403, looking.format("web"))), tmp_path, _manifest("ConfigMap", "a"))
    assert caught.value.hint.startswith("apply the service account before")


async def test_it_is_not_tried_for_ever(tmp_path: Path) -> None:
    server = Server(*[refusal(500, REFUSED) for _ in range(20)])
    with pytest.raises(ActionError, match="configmap/a was refused") as caught:
        await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
    assert "kubernetes.probe" in caught.value.hint
    assert len(server.refusals) == 14


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (404, 'namespaces "shop" not found', "kubernetes.namespace"),
        (
            403,
            "unable to create new content in namespace shop because it is being terminated",
            "being deleted",
        ),
        (422, "ConfigMap is invalid: data: field is immutable", "delete the object"),
        (422, "RoleBinding is invalid: roleRef: cannot change roleRef", "`replace: configmap/a`"),
        (500, "rpc error: trying to send message larger than max", "split it"),
        (400, "unknown field", "kubectl explain"),
        (400, "it is refused", "all.json:1"),
    ],
)
async def test_what_is_refused_for_good_is_told_at_once(
    tmp_path: Path, status: int, message: str, hint: str
) -> None:
    server = Server(refusal(status, message), refusal(500, "this is not reached"))
    with pytest.raises(ActionError) as caught:
        await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
    assert message in caught.value.cause
    assert hint in caught.value.hint
    assert len(server.refusals) == 1


async def test_an_unknown_kind_is_looked_for_anew_then_told(tmp_path: Path) -> None:
    server = Server()
    with pytest.raises(ActionError, match="knows no Widget in v1") as caught:
        await _apply(server, tmp_path, _manifest("Widget", "a"))
    assert "CustomResourceDefinition" in caught.value.hint
    assert server.asked == ["discovery"] * 4
    old = Manifest({"apiVersion": "old/v1beta1", "kind": "ConfigMap", "metadata": {"name": "a"}}, "x")
    with pytest.raises(ActionError, match="knows no ConfigMap in old/v1beta1") as caught:
        await _apply(server, tmp_path, old)
    assert caught.value.hint == "this server has it in v1: correct apiVersion"
    with pytest.raises(ActionError, match="knows no configmap in v1") as caught:
        await _apply(server, tmp_path, _manifest("configmap", "a"))
    assert caught.value.hint == "kinds are spelt with capitals: write ConfigMap"


async def test_discovery_is_asked_once_for_many_objects(tmp_path: Path) -> None:
    server = Server()
    await _apply(server, tmp_path, *[_manifest("ConfigMap", name) for name in "abc"])
    assert server.asked.count("discovery") == 1


async def test_fields_that_kubectl_applied_are_taken_over_first(tmp_path: Path) -> None:
    server = Server()
    path = "/api/v1/namespaces/default/configmaps/a"
    notes: dict[str, Any] = {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}
    theirs = {"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1"}
    entry = {**theirs, "fieldsV1": {"f:metadata": notes, "f:data": {"f:old": {}}}}
    server.kept[path] = {"metadata": {"name": "a", "resourceVersion": "1", "managedFields": [entry]}}
    _, ctx = await _apply(server, tmp_path, _manifest("ConfigMap", "a", data={"k": "1"}))
    assert any("taking over" in line for _, line in ctx.lines)
    assert server.asked.count(path) == 2


def _job(*conditions: str, manager: str = "bringup") -> dict[str, Any]:
    found = _manifest("Job", "a").body
    found["metadata"] |= {"resourceVersion": "1", "managedFields": [{"manager": manager}]}
    return {**found, "status": {"conditions": [{"type": each, "status": "True"} for each in conditions]}}


@pytest.mark.parametrize(
    ("before", "replaced"),
    [
        (_job("Complete"), True),
        (_job("Failed"), True),
        (_job(), False),
        (_job("Complete", manager="kubectl"), False),
    ],
)
async def test_a_finished_job_of_ours_is_replaced(
    tmp_path: Path, before: dict[str, Any], replaced: bool
) -> None:
    server = Server(refusal(422, 'Job.batch "a" is invalid: spec.template: field is immutable'))
    server.kinds = [{"name": "jobs", "kind": "Job", "namespaced": True}]
    server.kept["/api/v1/namespaces/default/jobs/a"] = before
    if replaced:
        done, _ = await _apply(server, tmp_path, _manifest("Job", "a"))
        assert done.note == "1 objects: 1 replaced"
    else:
        with pytest.raises(ActionError, match="is immutable") as caught:
            await _apply(server, tmp_path, _manifest("Job", "a"))
        assert "kubectl -n default delete job a" in caught.value.hint
    assert ("delete" in server.asked) is replaced


async def test_what_is_named_is_replaced_whatever_refuses_its_change(tmp_path: Path) -> None:
    server = Server(
        refusal(422, 'ConfigMap "a" is invalid: roleRef: Invalid value: x: cannot change roleRef')
    )
    server.kept["/api/v1/namespaces/default/configmaps/a"] = _manifest("ConfigMap", "a").body
    done, _ = await _apply(server, tmp_path, _manifest("ConfigMap", "a"), replace=("configmap/a",))
    assert done.note == "1 objects: 1 replaced"


@pytest.mark.parametrize("goes", [True, False])
async def test_what_is_being_deleted_is_made_anew_once_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes: bool
) -> None:
    server = Server()
    server.stays = 3 if goes else 1000
    monkeypatch.setattr(leaving, "_POLL", 0.0)
    monkeypatch.setattr(leaving, "_GONE_WITHIN", 20.0 if goes else 0.0)
    held = {"deletionTimestamp": "now", "finalizers": ["example.com/keep"]}
    body = {"kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "1", **held}}
    server.kept["/api/v1/namespaces/default/configmaps/a"] = body
    if goes:
        done, ctx = await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
        assert done.note == "1 objects: 1 created"
        assert [line for _, line in ctx.lines if "is being deleted" in line] == [
            "configmap/a is being deleted; waiting until it is gone: its finalizers are example.com/keep"
        ]
    else:
        with pytest.raises(ActionError, match=r"has not gone away: .* example.com/keep") as caught:
            await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
        assert "kubectl edit configmap a" in caught.value.hint


async def test_objects_that_kubectl_would_put_elsewhere_are_told(tmp_path: Path) -> None:
    placed = Manifest({**_manifest("ConfigMap", "c").body, "metadata": {"name": "c", "namespace": "b"}}, "x")
    objects = (_manifest("ConfigMap", "a"), placed)
    _, ctx = await _apply(Server(), tmp_path, *objects, context_namespace="team-a")
    [warning] = ctx.warnings
    assert warning.startswith(
        "configmap/a names no namespace and so went to default, while kubectl takes team-a"
    )
    for more in ({"namespace": "b"}, {"move_to": "b"}):
        _, ctx = await _apply(Server(), tmp_path, *objects, context_namespace="team-a", **more)
        assert not ctx.warnings


async def test_generated_names_differ_and_stay_through_tries(tmp_path: Path) -> None:
    server = Server(refusal(503, "busy"))
    manifest = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}}, "x")
    await _apply(server, tmp_path, manifest)
    asked = [path for path in server.asked if path != "discovery"]
    assert len(asked) == 2
    assert len(set(asked)) == 1


async def test_the_wrong_object_is_not_tried_again(tmp_path: Path) -> None:
    server = Server(refusal(409, "Precondition failed: UID in precondition: x"), refusal(500, "not reached"))
    with pytest.raises(ActionError):
        await _apply(server, tmp_path, _manifest("ConfigMap", "a"))
    assert len(server.refusals) == 1
