"""The actions against a real cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.actions.recorder import Recorder
from tui.actions.kubernetes.apply import apply
from tui.actions.kubernetes.namespace import namespace
from tui.actions.kubernetes.probe import probe
from tui.actions.kubernetes.pull_secret import pull_secret
from tui.actions.kubernetes.wait import wait
from tui.clients.kubernetes.port_forward import forward
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.model import Cluster
from tui.plan.steps import (
    KubernetesApply,
    KubernetesNamespace,
    KubernetesProbe,
    KubernetesPullSecret,
    KubernetesWait,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.reporter import Done

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NAME = os.environ.get("BRINGUP_E2E_CLUSTER", "bringup-actions")
NODE = os.environ.get("BRINGUP_E2E_NODE_IMAGE", "kindest/node:v1.20.2")
IMAGE = os.environ.get("BRINGUP_E2E_IMAGE", "debian:bookworm-slim")


def _runs(*argv: str) -> bool:
    return subprocess.run(argv, check=False, capture_output=True, timeout=300).returncode == 0


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this suite's own."""
    if not shutil.which("kind") or not shutil.which("docker"):
        pytest.skip("kind and docker are not installed")
    for image in (NODE, IMAGE):
        if not _runs("docker", "image", "inspect", image):
            pytest.skip(f"no container engine, or it lacks the image {image}")
    kubeconfig = str(tmp_path_factory.mktemp("cluster") / "kubeconfig")
    _runs("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", kubeconfig)
    try:
        made = _runs("kind", "create", "cluster", "--name", NAME, "--image", NODE, "--kubeconfig", kubeconfig)
        assert made, "kind could not create the cluster"
        assert _runs("kind", "load", "docker-image", IMAGE, "--name", NAME)
        yield Cluster(name=NAME, kubeconfig=Path(kubeconfig))
    finally:
        _runs("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", kubeconfig)


@pytest.fixture
def ctx(cluster: Cluster, tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster)


def deployment(name: str, command: str = "sleep 600", **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    main = {"name": "app", "image": IMAGE, "command": ["sh", "-c", command], **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [main]},
            },
        },
    }


async def _apply(ctx: Recorder, *objects: dict[str, Any]) -> Done:
    def prepare() -> KubernetesApply:
        file = ctx.folder / "objects.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return KubernetesApply(kind="kubernetes.apply", manifests=(str(file),))

    return await apply(await asyncio.to_thread(prepare), ctx)


def _wait_for(*rollouts: str) -> KubernetesWait:
    return KubernetesWait(kind="kubernetes.wait", rollouts=rollouts)


def _within(ctx: Recorder, seconds: float) -> Recorder:
    ctx.deadline = asyncio.get_running_loop().time() + seconds
    return ctx


@contextlib.asynccontextmanager
async def _deployed(ctx: Recorder, *objects: dict[str, Any]) -> Any:
    """Deployments that are gone again after the block."""
    await _apply(ctx, *objects)
    try:
        yield
    finally:
        async with connect(ctx) as api:
            for each in objects:
                path = f"/apis/apps/v1/namespaces/default/deployments/{each['metadata']['name']}"
                await api.request("DELETE", path)


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
    assert (await _apply(ctx, *objects)).note == "4 objects: 4 created"
    assert ctx.secrets == ["not-to-be-seen"]
    assert [line for _, line in ctx.lines] == [
        "namespace/workshop created",
        "customresourcedefinition.apiextensions.k8s.io/widgets.one.example.com created",
        "widget.one.example.com/w created",
        "secret/s created",
    ]
    assert not (await _apply(ctx, *objects)).changed
    changed = await _apply(ctx, _widget("one.example.com", "w", size=2, where="workshop"))
    assert changed.note == "1 objects: 1 configured"


async def test_a_missing_namespace_is_told_of_with_a_hint(ctx: Recorder) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "nowhere"}}
    with pytest.raises(ActionError, match="not found") as caught:
        await _apply(ctx, config)
    assert "kubernetes.namespace" in caught.value.hint


async def test_a_rollout_is_waited_for_before_it_exists(ctx: Recorder) -> None:
    waiting = asyncio.create_task(wait(_wait_for("deployment/later"), _within(ctx, 60)))
    while not any("does not exist" in line for _, line in ctx.lines):  # noqa: ASYNC110 - what it says is watched
        await asyncio.sleep(0.05)
    command = (
        r"echo begun; printf 'caf\351\n'; head -c 100000 /dev/zero | tr '\0' x; echo; touch /ready; sleep 600"
    )
    probing = {"exec": {"command": ["test", "-e", "/ready"]}, "periodSeconds": 1, "initialDelaySeconds": 2}
    async with _deployed(ctx, deployment("later", command, readinessProbe=probing)):
        done = await waiting
        assert (done.note, done.changed) == ("1 rollout ready", True)
        assert not (await wait(_wait_for("deployment/later"), ctx)).changed
    told = {source.split("-")[0]: line for source, line in ctx.lines if line == "begun"}
    assert told == {"pod/later": "begun"}
    assert any(line.startswith("Started") for _, line in ctx.lines)
    assert {span.name for span in ctx.spans} >= {"start", "ready"}
    assert all(span.closed for span in ctx.spans)


async def test_a_crash_loop_is_told_with_its_last_words(ctx: Recorder) -> None:
    command = "echo cannot find the thing >&2; exit 3"
    async with _deployed(ctx, deployment("crash", command)):
        with pytest.raises(ActionError, match="CrashLoopBackOff, exit code 3, restarts: 3") as caught:
            await wait(_wait_for("deployment/crash"), _within(ctx, 180))
    assert "last lines" in caught.value.hint
    assert "log   cannot find the thing" in caught.value.details
    assert any("BackOff" in line for line in caught.value.details)
    assert all(span.closed for span in ctx.spans)


async def test_an_image_that_cannot_be_pulled_is_told_of(ctx: Recorder) -> None:
    async with _deployed(ctx, deployment("nopull", image="127.0.0.1:1/none/such:1")):
        with pytest.raises(ActionError, match=r"127\.0\.0\.1:1/none/such:1") as caught:
            await wait(_wait_for("deployment/nopull"), _within(ctx, 180))
    assert "pull secret" in caught.value.hint
    pulls = [span for span in ctx.spans if span.name == "pull"]
    assert pulls
    assert pulls[0].subject == "127.0.0.1:1/none/such:1"
    assert all(span.closed for span in ctx.spans)


async def test_at_the_deadline_it_is_told_what_was_waited_for(ctx: Recorder) -> None:
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    async with _deployed(ctx, deployment("slow", "echo still warming up; sleep 600", readinessProbe=never)):
        with pytest.raises(ActionError, match="time is up") as caught:
            await wait(_wait_for("deployment/slow", "statefulset/absent"), _within(ctx, 8))
        assert "0 of 1 updated replicas" in caught.value.cause
        assert "statefulset/absent: it does not exist" in caught.value.cause
        with pytest.raises(ActionError, match="pod/slow-") as caught:
            await wait(_wait_for("deployment/slow"), _within(ctx, 2))
    assert "log   still warming up" in caught.value.details


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(ctx: Recorder) -> None:
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    async with _deployed(
        ctx, deployment("cut", "while :; do echo on; sleep 0.2; done", readinessProbe=never)
    ):
        before = asyncio.all_tasks()
        waiting = asyncio.create_task(wait(_wait_for("deployment/cut"), ctx))
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
    async with _deployed(ctx, deployment("mended", "exit 1")):
        with pytest.raises(ActionError):
            await wait(_wait_for("deployment/mended"), _within(ctx, 5))
        await _apply(ctx, deployment("mended"))
        assert (await wait(_wait_for("deployment/mended"), _within(ctx, 60))).note == "1 rollout ready"


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
    await _apply(ctx, _widgets(group))
    step = KubernetesProbe(kind="kubernetes.probe", manifest=_widget(group, "p"), interval=0.2)
    with pytest.raises(ActionError, match="no webhook is configured to judge widgets"):
        await probe(step, _within(ctx, 1))
    ctx.lines.clear()
    wrong = step.model_copy(update={"manifest": _widget(group, "p", size="large")})
    with pytest.raises(ActionError, match="the probe was refused"):
        await probe(wrong, ctx)
    await _apply(ctx, hook)
    waiting = asyncio.create_task(probe(step, _within(ctx, 60)))
    while not any('service "nobody" not found' in line for _, line in ctx.lines):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    config = yaml.safe_load(await asyncio.to_thread(ctx.cluster.kubeconfig.read_text))
    webhook["clientConfig"]["caBundle"] = config["clusters"][0]["cluster"]["certificate-authority-data"]
    webhook["failurePolicy"] = "Ignore"
    await _apply(ctx, hook)
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


ECHO = """
exec perl -MIO::Socket::INET -e '
  my $server = IO::Socket::INET->new(Listen => 5, LocalPort => 7000, ReuseAddr => 1) or die;
  while (my $peer = $server->accept) { while (sysread($peer, my $data, 65536)) { syswrite($peer, $data) } }
'
"""


async def test_a_services_pod_is_reached_through_a_port_forward(ctx: Recorder) -> None:
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
    await _apply(ctx, service)
    async with _deployed(ctx, deployment("echo", ECHO, ports=ports, readinessProbe=listening)):
        await wait(_wait_for("deployment/echo"), _within(ctx, 60))
        async with connect(ctx) as api, forward(api, "default", "echo", 17000) as address:
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


def _kubectl(ctx: Recorder, *argv: str, text: str = "") -> str:
    words = ["kubectl", "--kubeconfig", str(ctx.cluster.kubeconfig), *argv]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_fields_that_kubectl_applied_go_with_the_manifest(ctx: Recorder) -> None:
    text = json.dumps(_config_map("taken", a="1", b="2"))
    await asyncio.to_thread(_kubectl, ctx, "apply", "-f", "-", text=text)
    assert (await _apply(ctx, _config_map("taken", a="1"))).note == "1 objects: 1 configured"
    async with connect(ctx) as api:
        found = await api.get("/api/v1/namespaces/default/configmaps/taken")
    assert found["data"] == {"a": "1"}
    assert (await _apply(ctx, _config_map("taken", a="1"))).note == "1 objects: 1 unchanged"


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
    await _apply(ctx, service, made)
    exported = json.loads(await asyncio.to_thread(_kubectl, ctx, "get", "deploy/ports", "-o", "json"))
    assert exported["status"]
    await asyncio.to_thread(_kubectl, ctx, "delete", "deploy/ports")
    assert (await _apply(ctx, exported)).note == "1 objects: 1 created"
    await asyncio.to_thread(_kubectl, ctx, "delete", "deploy/ports", "service/ports")


def _job(name: str, command: str) -> dict[str, Any]:
    container = {"name": "app", "image": IMAGE, "command": ["sh", "-c", command]}
    spec = {"containers": [container], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": spec}},
    }


async def test_a_job_is_replaced_when_it_is_finished_and_refused_in_short_before(ctx: Recorder) -> None:
    await _apply(ctx, _job("once", "sleep 600"))
    with pytest.raises(ActionError) as caught:
        await _apply(ctx, _job("once", "true"))
    assert "spec.template: field is immutable" in caught.value.cause
    assert len(caught.value.cause) < 200
    assert "kubectl -n default delete job once" in caught.value.hint
    await asyncio.to_thread(_kubectl, ctx, "delete", "job/once")
    await _apply(ctx, _job("once", "true"))
    await asyncio.to_thread(_kubectl, ctx, "wait", "--for=condition=complete", "--timeout=50s", "job/once")
    assert (await _apply(ctx, _job("once", "exit 0"))).note == "1 objects: 1 replaced"
    await asyncio.to_thread(_kubectl, ctx, "delete", "job/once")


def _awaiting(**fields: Any) -> KubernetesWait:
    return KubernetesWait.model_validate({"kind": "kubernetes.wait", **fields})


async def test_a_job_is_waited_for_and_one_that_fails_is_told_at_once(ctx: Recorder) -> None:
    failing = _job("fails", "echo cannot find the thing; exit 3")
    failing["spec"]["backoffLimit"] = 0
    await _apply(ctx, failing, _job("works", "echo at work; sleep 1"))
    done = await wait(_awaiting(jobs="works"), _within(ctx, 60))
    assert (done.note, done.changed) == ("1 Job complete", True)
    assert any(line == "at work" for _, line in ctx.lines)
    begin = time.monotonic()
    for _ in "while it is watched", "when it has failed before":
        with pytest.raises(ActionError, match="job/fails failed: BackoffLimitExceeded") as caught:
            await wait(_awaiting(jobs="fails"), _within(ctx, 60))
        assert "log   cannot find the thing" in caught.value.details
        assert "exit code 3" in caught.value.cause
    assert time.monotonic() - begin < 20
    await asyncio.to_thread(_kubectl, ctx, "delete", "job/fails", "job/works")


async def test_objects_are_waited_for_as_kubectl_does(ctx: Recorder) -> None:
    async with _deployed(ctx, deployment("whole", readinessProbe={"exec": {"command": ["true"]}})):
        wanted = {
            "pods": "app=whole",
            "nodes": "all",
            "conditions": {"object": "deploy/whole", "is": "Available"},
            "values": [
                {"object": "deployment.apps/whole", "path": ".status.readyReplicas", "is": 1},
                {"object": "ns/default", "path": ".status.phase", "is": "Active"},
            ],
        }
        done = await wait(_awaiting(**wanted), _within(ctx, 60))
        assert done.note == "1 condition met, 2 values as wanted, 1 of 1 pod ready, 1 of 1 node ready"
        gone = asyncio.create_task(wait(_awaiting(gone="deploy/whole"), _within(ctx, 60)))
        await asyncio.sleep(0.5)
    assert (await gone).note == "1 object gone"
    never = {"object": "node/nowhere", "is": "Ready"}
    with pytest.raises(ActionError, match="time is up, and not met: node/nowhere Ready: it does not exist"):
        await wait(_awaiting(conditions=never), _within(ctx, 1))


async def test_names_are_generated_and_secrets_not_echoed(ctx: Recorder) -> None:
    generated = _config_map("x")
    generated["metadata"] = {"generateName": "made-"}
    await _apply(ctx, generated)
    assert "configmap/made-" in await asyncio.to_thread(_kubectl, ctx, "get", "cm", "-o", "name")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    values = {"password": "hush-hush", "pin": 1234}
    with pytest.raises(ActionError) as caught:
        await _apply(ctx, {**secret, "stringData": values})
    assert "hush" not in caught.value.cause
    assert caught.value.hint
    with pytest.raises(ActionError) as caught:
        await _apply(ctx, {**secret, "data": values})
    assert "hush" not in caught.value.cause


async def test_a_set_that_is_updated_by_hand_is_waited_for(ctx: Recorder) -> None:
    found = deployment("byhand")
    found["kind"] = "StatefulSet"
    found["spec"] |= {"serviceName": "byhand", "updateStrategy": {"type": "OnDelete"}}
    await _apply(ctx, found)
    assert (await wait(_wait_for("statefulset/byhand"), _within(ctx, 60))).note == "1 rollout ready"
    found["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "700"]
    await _apply(ctx, found)
    await asyncio.sleep(1)
    await wait(_wait_for("statefulset/byhand"), _within(ctx, 60))
    assert "as OnDelete leaves them" in ctx.warnings[-1]
    await asyncio.to_thread(_kubectl, ctx, "delete", "statefulset/byhand", "--grace-period=0")
