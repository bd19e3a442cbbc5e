"""The actions against a real cluster."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.actions.kubernetes.real import apply_objects, deployed, deployment, wait_for, within
from tui.actions.kubernetes import diagnosis
from tui.actions.kubernetes.namespace import namespace
from tui.actions.kubernetes.probe import probe
from tui.actions.kubernetes.pull_secret import pull_secret
from tui.actions.kubernetes.wait import wait
from tui.clients.kubernetes import port_forward
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.steps import KubernetesNamespace, KubernetesProbe, KubernetesPullSecret

if TYPE_CHECKING:
    from tests.actions.recorder import Recorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def _widgets(group: str) -> dict[str, Any]:
    size = {"type": "object", "properties": {"size": {"type": "integer"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": size}}},
                }
            ],
        },
    }


def _widget(group: str, name: str, size: object = 1, where: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": name, "namespace": where},
        "spec": {"size": size},
    }


async def test_custom_objects_are_applied_with_their_definition_and_namespace(ctx: Recorder) -> None:
    objects = (
        _widget("one.example.com", "w", where="workshop"),
        _widgets("one.example.com"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "workshop"}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "namespace": "workshop"},
            "stringData": {"password": "not-to-be-seen"},
        },
    )
    assert (await apply_objects(ctx, *objects)).note == "4 objects: 4 created"
    assert ctx.secrets == ["not-to-be-seen"]
    assert [line for _, line in ctx.lines] == [
        "namespace/workshop created",
        "customresourcedefinition.apiextensions.k8s.io/widgets.one.example.com created",
        "widget.one.example.com/w created",
        "secret/s created",
    ]
    assert not (await apply_objects(ctx, *objects)).changed
    changed = await apply_objects(ctx, _widget("one.example.com", "w", size=2, where="workshop"))
    assert changed.note == "1 objects: 1 configured"


async def test_a_missing_namespace_is_told_of_with_a_hint(ctx: Recorder) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "nowhere"}}
    with pytest.raises(ActionError, match="not found") as caught:
        await apply_objects(ctx, config)
    assert "kubernetes.namespace" in caught.value.hint


async def test_a_rollout_is_waited_for_before_it_exists(ctx: Recorder) -> None:
    waiting = asyncio.create_task(wait(wait_for("deployment/later"), within(ctx, 60)))
    while not any("does not exist" in line for _, line in ctx.lines):  # noqa: ASYNC110 - what it says is watched
        await asyncio.sleep(0.05)
    command = (
        r"echo begun; printf 'caf\351\n'; head -c 100000 /dev/zero | tr '\0' x; echo; touch /ready; sleep 600"
    )
    probing = {"exec": {"command": ["test", "-e", "/ready"]}, "periodSeconds": 1, "initialDelaySeconds": 2}
    async with deployed(ctx, deployment("later", command, readinessProbe=probing)):
        done = await waiting
        assert (done.note, done.changed) == ("1 rollout ready", True)
        assert not (await wait(wait_for("deployment/later"), ctx)).changed
    told = {source.split("-")[0]: line for source, line in ctx.lines if line == "begun"}
    assert told == {"pod/later": "begun"}
    assert any(line.startswith("Started") for _, line in ctx.lines)
    assert {span.name for span in ctx.spans} >= {"start", "ready"}
    assert all(span.closed for span in ctx.spans)


async def test_a_crash_loop_is_told_with_its_last_words(
    ctx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_CRASHES", 2)  # each next one takes the kubelet twice as long
    command = "echo cannot find the thing >&2; exit 3"
    async with deployed(ctx, deployment("crash", command)):
        with pytest.raises(ActionError, match="CrashLoopBackOff, exit code 3, restarts: 2") as caught:
            await wait(wait_for("deployment/crash"), within(ctx, 180))
    assert "last lines" in caught.value.hint
    assert "log   cannot find the thing" in caught.value.details
    assert any("BackOff" in line for line in caught.value.details)
    assert all(span.closed for span in ctx.spans)


async def test_an_image_that_cannot_be_pulled_is_told_of(
    ctx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_PULLS", 2)
    async with deployed(ctx, deployment("nopull", image="127.0.0.1:1/none/such:1")):
        with pytest.raises(ActionError, match=r"127\.0\.0\.1:1/none/such:1") as caught:
            await wait(wait_for("deployment/nopull"), within(ctx, 180))
    assert "pull secret" in caught.value.hint
    pulls = [span for span in ctx.spans if span.name == "pull"]
    assert pulls
    assert pulls[0].subject == "127.0.0.1:1/none/such:1"
    assert all(span.closed for span in ctx.spans)


async def test_at_the_deadline_it_is_told_what_was_waited_for(ctx: Recorder) -> None:
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    async with deployed(ctx, deployment("slow", "echo still warming up; sleep 600", readinessProbe=never)):
        with pytest.raises(ActionError, match="time is up") as caught:
            await wait(wait_for("deployment/slow", "statefulset/absent"), within(ctx, 8))
        assert "0 of 1 updated replicas" in caught.value.cause
        assert "statefulset/absent: it does not exist" in caught.value.cause
        with pytest.raises(ActionError, match="pod/slow-") as caught:
            await wait(wait_for("deployment/slow"), within(ctx, 2))
    assert "log   still warming up" in caught.value.details


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(ctx: Recorder) -> None:
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    async with deployed(ctx, deployment("cut", "while :; do echo on; sleep 0.2; done", readinessProbe=never)):
        before = asyncio.all_tasks()
        waiting = asyncio.create_task(wait(wait_for("deployment/cut"), ctx))
        while ("on" not in {line for _, line in ctx.lines}) and not waiting.done():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)
        begin = time.monotonic()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert time.monotonic() - begin < 2
        assert asyncio.all_tasks() == before
    assert all(span.closed for span in ctx.spans)


async def test_an_older_pods_crash_does_not_fail_the_rollout_that_replaces_it(ctx: Recorder) -> None:
    async with deployed(ctx, deployment("mended", "exit 1")):
        with pytest.raises(ActionError):
            await wait(wait_for("deployment/mended"), within(ctx, 5))
        await apply_objects(ctx, deployment("mended"))
        assert (await wait(wait_for("deployment/mended"), within(ctx, 60))).note == "1 rollout ready"


async def test_a_webhook_that_does_not_answer_is_waited_for(ctx: Recorder) -> None:
    group = "two.example.com"
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["*"], "resources": ["widgets"]}
    webhook: dict[str, Any] = {
        "name": "nobody.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "default", "name": "nobody", "path": "/"}},
        "rules": [rule],
    }
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "nobody"},
        "webhooks": [webhook],
    }
    await apply_objects(ctx, _widgets(group))
    step = KubernetesProbe(kind="kubernetes.probe", manifest=_widget(group, "p"), interval=0.2)
    with pytest.raises(ActionError, match="no webhook is configured to judge widgets"):
        await probe(step, within(ctx, 1))
    ctx.lines.clear()
    wrong = step.model_copy(update={"manifest": _widget(group, "p", size="large")})
    with pytest.raises(ActionError, match="the probe was refused"):
        await probe(wrong, ctx)
    await apply_objects(ctx, hook)
    waiting = asyncio.create_task(probe(step, within(ctx, 60)))
    while not any('service "nobody" not found' in line for _, line in ctx.lines):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    config = yaml.safe_load(await asyncio.to_thread(ctx.cluster.kubeconfig.read_text))
    webhook["clientConfig"]["caBundle"] = config["clusters"][0]["cluster"]["certificate-authority-data"]
    webhook["failurePolicy"] = "Ignore"
    await apply_objects(ctx, hook)
    assert (await waiting).changed


async def test_a_namespace_and_its_pull_secret_are_made_once(ctx: Recorder) -> None:
    file = ctx.folder / "auth.json"
    await asyncio.to_thread(
        file.write_text, json.dumps({"auths": {"registry.example": {"auth": "bWU6cDRzc3cwcmQ="}}})
    )
    make = KubernetesNamespace(kind="kubernetes.namespace", names=("flows",), labels={"team": "a"})
    secret = KubernetesPullSecret(
        kind="kubernetes.pull_secret", name="quay", namespace="flows", sources=(file,)
    )
    with pytest.raises(ActionError, match="no namespace 'flows'"):
        await pull_secret(secret, ctx)
    assert (await namespace(make, ctx)).changed
    assert not (await namespace(make, ctx)).changed
    assert (await pull_secret(secret, ctx)).changed
    assert not (await pull_secret(secret, ctx)).changed
    assert (await pull_secret(secret.model_copy(update={"name": "other"}), ctx)).changed
    async with connect(ctx) as api:
        account = await api.get("/api/v1/namespaces/flows/serviceaccounts/default")
        assert {"quay", "other"} <= {entry["name"] for entry in account["imagePullSecrets"]}
        assert account["secrets"]
        stored = await api.get("/api/v1/namespaces/flows/secrets/quay")
    assert stored["type"] == "kubernetes.io/dockerconfigjson"
    assert "p4ssw0rd" in ctx.secrets


# Takes the next connection when it has seen the end of the one before.
ECHO = """
exec perl -MIO::Socket::INET -e '
  my $server = IO::Socket::INET->new(Listen => 5, LocalPort => 7000, ReuseAddr => 1) or die;
  while (my $peer = $server->accept) { while (sysread($peer, my $data, 65536)) { syswrite($peer, $data) } }
'
"""


async def test_a_services_pod_is_reached_through_a_port_forward(
    ctx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_forward, "_SILENCE", 0.5)  # all has been received by then
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "echo", "namespace": "default"},
        "spec": {
            "selector": {"app": "echo"},
            "ports": [{"port": 17000, "targetPort": "echo", "protocol": "TCP"}],
        },
    }
    ports = [{"name": "echo", "containerPort": 7000, "protocol": "TCP"}]
    listening = {"tcpSocket": {"port": "echo"}, "periodSeconds": 1}
    data = bytes(range(256)) * 4000
    await apply_objects(ctx, service)
    async with deployed(ctx, deployment("echo", ECHO, ports=ports, readinessProbe=listening)):
        await wait(wait_for("deployment/echo"), within(ctx, 60))
        async with connect(ctx) as api, port_forward.forward(api, "default", "echo", 17000) as address:
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*address)
                sending = asyncio.create_task(_send(writer, data))
                assert await reader.readexactly(len(data)) == data
                await sending
                writer.close()
                await writer.wait_closed()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
