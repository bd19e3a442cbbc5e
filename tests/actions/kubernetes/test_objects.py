"""Objects on a real cluster: applied and waited for as kubectl does."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.real import (
    IMAGE,
    POSTGRES,
    apply_objects,
    deployed,
    deployment,
    given,
    job,
    kubectl,
    wait_for,
    within,
)
from tui.actions.kubernetes.apply import apply
from tui.actions.kubernetes.wait import wait
from tui.actions.postgres.migrate import migrate
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.steps import KubernetesApply, KubernetesWait, PostgresMigrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_fields_that_kubectl_applied_go_with_the_manifest(ctx: Recorder) -> None:
    text = json.dumps(_config_map("taken", a="1", b="2"))
    await asyncio.to_thread(kubectl, ctx, "apply", "-f", "-", text=text)
    assert (await apply_objects(ctx, _config_map("taken", a="1"))).note == "1 objects: 1 configured"
    async with connect(ctx) as api:
        found = await api.get("/api/v1/namespaces/default/configmaps/taken")
    assert found["data"] == {"a": "1"}
    assert (await apply_objects(ctx, _config_map("taken", a="1"))).note == "1 objects: 1 unchanged"


async def test_exported_objects_and_ports_without_protocol_are_applied(ctx: Recorder) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "ports"},
        "spec": {"selector": {"app": "ports"}, "ports": [{"port": 80}, {"port": 81, "name": "b"}]},
    }
    service["spec"]["ports"][0]["name"] = "a"  # type: ignore[index]
    limits = {"cpu": 1, "memory": 1 << 26}
    made = deployment("ports", ports=[{"containerPort": 80}], resources={"limits": limits})
    await apply_objects(ctx, service, made)
    exported: dict[str, Any] = {"status": {}}
    while not exported["status"]:  # its controller is not that quick
        exported = json.loads(await asyncio.to_thread(kubectl, ctx, "get", "deploy/ports", "-o", "json"))
    await asyncio.to_thread(kubectl, ctx, "delete", "deploy/ports")
    assert (await apply_objects(ctx, exported)).note == "1 objects: 1 created"
    await asyncio.to_thread(kubectl, ctx, "delete", "deploy/ports", "service/ports")


async def test_a_job_is_replaced_when_it_is_finished_and_refused_in_short_before(ctx: Recorder) -> None:
    await apply_objects(ctx, job("once", "sleep 600"))
    with pytest.raises(ActionError) as caught:
        await apply_objects(ctx, job("once", "true"))
    assert "spec.template: field is immutable" in caught.value.cause
    assert len(caught.value.cause) < 200
    assert "kubectl -n default delete job once" in caught.value.hint
    await asyncio.to_thread(kubectl, ctx, "delete", "job/once")
    await apply_objects(ctx, job("once", "true"))
    await asyncio.to_thread(kubectl, ctx, "wait", "--for=condition=complete", "--timeout=50s", "job/once")
    assert (await apply_objects(ctx, job("once", "exit 0"))).note == "1 objects: 1 replaced"
    await asyncio.to_thread(kubectl, ctx, "delete", "job/once")


def _awaiting(**fields: Any) -> KubernetesWait:
    return KubernetesWait.model_validate({"kind": "kubernetes.wait", **fields})


async def test_a_job_is_waited_for_and_one_that_fails_is_told_at_once(ctx: Recorder) -> None:
    failing = job("fails", "echo cannot find the thing; exit 3")
    failing["spec"]["backoffLimit"] = 0
    await apply_objects(ctx, failing, job("works", "echo at work; sleep 1"))
    done = await wait(_awaiting(jobs="works"), within(ctx, 60))
    assert (done.note, done.changed) == ("1 Job complete", True)
    assert any(line == "at work" for _, line in ctx.lines)
    begin = time.monotonic()
    for _ in "while it is watched", "when it has failed before":
        with pytest.raises(ActionError, match="job/fails failed: BackoffLimitExceeded") as caught:
            await wait(_awaiting(jobs="fails"), within(ctx, 60))
        assert "log   cannot find the thing" in caught.value.details
        assert "exit code 3" in caught.value.cause
    assert time.monotonic() - begin < 20
    await asyncio.to_thread(kubectl, ctx, "delete", "job/fails", "job/works")


async def test_objects_are_waited_for_as_kubectl_does(ctx: Recorder) -> None:
    async with deployed(ctx, deployment("whole", readinessProbe={"exec": {"command": ["true"]}})):
        wanted = {
            "pods": "app=whole",
            "nodes": "all",
            "conditions": {"object": "deploy/whole", "is": "Available"},
            "values": [
                {"object": "deployment.apps/whole", "path": ".status.readyReplicas", "is": 1},
                {"object": "ns/default", "path": ".status.phase", "is": "Active"},
            ],
        }
        done = await wait(_awaiting(**wanted), within(ctx, 60))
        assert done.note == "1 condition met, 2 values as wanted, 1 of 1 pod ready, 1 of 1 node ready"
        gone = asyncio.create_task(wait(_awaiting(gone="deploy/whole"), within(ctx, 60)))
        await asyncio.sleep(0.5)
    assert (await gone).note == "1 object gone"
    never = {"object": "node/nowhere", "is": "Ready"}
    with pytest.raises(ActionError, match="time is up, and not met: node/nowhere Ready: it does not exist"):
        await wait(_awaiting(conditions=never), within(ctx, 1))


async def test_names_are_generated_and_secrets_not_echoed(ctx: Recorder) -> None:
    generated = _config_map("x")
    generated["metadata"] = {"generateName": "made-"}
    await apply_objects(ctx, generated)
    assert "configmap/made-" in await asyncio.to_thread(kubectl, ctx, "get", "cm", "-o", "name")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    values = {"password": "hush-hush", "pin": 1234}
    with pytest.raises(ActionError) as caught:
        await apply_objects(ctx, {**secret, "stringData": values})
    assert "hush" not in caught.value.cause
    assert caught.value.hint
    with pytest.raises(ActionError) as caught:
        await apply_objects(ctx, {**secret, "data": values})
    assert "hush" not in caught.value.cause


async def test_a_set_that_is_updated_by_hand_is_waited_for(ctx: Recorder) -> None:
    found = deployment("byhand")
    found["kind"] = "StatefulSet"
    found["spec"] |= {"serviceName": "byhand", "updateStrategy": {"type": "OnDelete"}}
    await apply_objects(ctx, found)
    assert (await wait(wait_for("statefulset/byhand"), within(ctx, 60))).note == "1 rollout ready"
    found["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "700"]
    await apply_objects(ctx, found)
    await asyncio.sleep(1)
    await wait(wait_for("statefulset/byhand"), within(ctx, 60))
    assert "as OnDelete leaves them" in ctx.warnings[-1]
    await asyncio.to_thread(kubectl, ctx, "delete", "statefulset/byhand", "--grace-period=0")


def _made_of_files(folder: Path) -> KubernetesApply:
    (folder / "bytes.dat").write_bytes(b"\xff\x00")
    (folder / "some.env").write_text("USER_NAME=shop\nPASSWORD=hush-hush\n")
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "moved-hook"},
        "webhooks": [
            {
                "name": "a.example.com",
                "clientConfig": {"service": {"name": "hook", "namespace": "old"}},
                "rules": [{"apiGroups": ["x.example.com"], "apiVersions": ["*"], "resources": ["*"]}],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    hook["webhooks"][0]["rules"][0]["operations"] = ["*"]  # type: ignore[index]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook", "namespace": "old"}}
    nightly = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "n", "namespace": "b"}}
    template = job("x", "true")["spec"]
    template["template"]["spec"]["containers"][0]["image"] = "app"
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}},
        {**service, "spec": {"ports": [{"port": 443}]}},
        {**nightly, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": template}}},
        hook,
    ]
    name, _, tag = IMAGE.partition(":")
    return KubernetesApply.model_validate(
        {
            "kind": "kubernetes.apply",
            "manifests": [
                *({"object": each} for each in objects),
                {"configmap": "files", "files": [str(folder / "bytes.dat")], "literals": {"level": "debug"}},
                {"secret": "values", "envs": [str(folder / "some.env")]},
                {"tls": "hook-tls", "names": ["hook.moved.svc"]},
            ],
            "move_to": "moved",
            "images": [{"name": "app", "newName": name, "newTag": tag}],
        }
    )


async def test_objects_are_made_moved_given_images_and_certified_once(ctx: Recorder) -> None:
    step = await asyncio.to_thread(_made_of_files, ctx.folder)
    assert (await apply(step, ctx)).note == "7 objects: 7 created"
    assert not (await apply(step, ctx)).changed
    assert "hush-hush" in ctx.secrets
    assert any("secret/hook-tls is kept: its certificate is valid until 2" in line for _, line in ctx.lines)
    async with connect(ctx) as api:
        core = "/api/v1/namespaces/moved"
        assert (await api.get(f"{core}/configmaps/files"))["binaryData"] == {"bytes.dat": "/wA="}
        assert (await api.get(f"{core}/secrets/hook-tls"))["type"] == "kubernetes.io/tls"
        authority = (await api.get(f"{core}/secrets/hook-tls"))["data"]["ca.crt"]
        hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/moved-hook"
        client = (await api.get(hooks))["webhooks"][0]["clientConfig"]
        assert (client["caBundle"], client["service"]["namespace"]) == (authority, "moved")
        nightly = await api.get("/apis/batch/v1beta1/namespaces/moved/cronjobs/n")
        pod = nightly["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == IMAGE
        await api.request("DELETE", hooks)
        await api.request("DELETE", "/api/v1/namespaces/moved")


async def test_a_database_that_has_just_been_applied_is_waited_for_and_migrated(ctx: Recorder) -> None:
    if not await asyncio.to_thread(given, ctx.cluster, POSTGRES):
        pytest.skip(f"the engine has no {POSTGRES}")
    env = [{"name": "POSTGRES_PASSWORD", "value": "a-password"}]
    found = deployment("pg", "exec docker-entrypoint.sh postgres", env=env, image=POSTGRES)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "pg"},
        "spec": {"selector": {"app": "pg"}, "ports": [{"port": 5432}]},
    }
    await asyncio.to_thread((ctx.folder / "1_one.sql").write_text, "-- +goose Up\nCREATE TABLE one ();\n")
    connection = {"service": "pg", "user": "postgres", "password": "a-password", "database": "postgres"}
    fields = {"kind": "postgres.migrate", "connection": connection, "migrations": str(ctx.folder)}
    step = await asyncio.to_thread(PostgresMigrate.model_validate, fields)
    migrating = asyncio.create_task(migrate(step, within(ctx, 90)))
    async with deployed(ctx, found):
        await apply_objects(ctx, service)
        assert (await migrating).note == "1 migration applied"
        assert ("service/pg", "it does not exist in namespace default yet") in ctx.lines
    await asyncio.to_thread(kubectl, ctx, "delete", "service/pg")
