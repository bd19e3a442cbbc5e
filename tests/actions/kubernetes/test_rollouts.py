from __future__ import annotations

import asyncio
import itertools
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, serving
from tui.actions.kubernetes.rollouts import Rollout, is_latest, is_probed, selector

if TYPE_CHECKING:
    from pathlib import Path

KUBECTL = next(filter(shutil.which, ("kubectl-1.32", "kubectl")), "")
DEPLOYMENT = Rollout.parse("deployment/api", "shop")
STATEFUL_SET = Rollout.parse("statefulset/db", "shop")
DAEMON_SET = Rollout.parse("daemonset/agent", "shop")


def _object(status: dict[str, Any], generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


def test_what_does_not_exist_is_not_ready() -> None:
    status = DEPLOYMENT.status(None)
    assert not status.ready
    assert "does not exist in namespace shop" in status.message


@pytest.mark.parametrize(
    ("counts", "ready", "message"),
    [
        ({"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2}, False, "latest change"),
        (
            {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1},
            False,
            "1 of 2 new replicas",
        ),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3}, False, "1 old replicas"),
        (
            {
                "observedGeneration": 2,
                "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}],
            },
            False,
            "0 of 2 new replicas have been updated: exceeded quota: q",
        ),
        (
            {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1},
            False,
            "1 of 2",
        ),
        (
            {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2},
            True,
            "2 of 2",
        ),
        (
            {"observedGeneration": 3, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2},
            True,
            "2 of 2",
        ),
    ],
)
def test_a_deployment_follows_kubectls_rules(counts: dict[str, Any], ready: bool, message: str) -> None:
    status = DEPLOYMENT.status(_object(counts, replicas=2))
    assert status.ready is ready
    assert message in status.message
    assert not status.failed


def test_a_deployment_of_none_is_ready_at_once() -> None:
    assert DEPLOYMENT.status(_object({"observedGeneration": 2}, replicas=0)).ready


def test_a_deployment_past_its_progress_deadline_has_failed_and_each_failure_differs() -> None:
    def failed(time: str) -> str:
        condition = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "lastUpdateTime": time,
        }
        return DEPLOYMENT.status(
            _object({"observedGeneration": 2, "conditions": [condition]}, replicas=1)
        ).failed

    assert failed("10:00")
    assert failed("10:00") != failed("11:00")


@pytest.mark.parametrize(
    ("counts", "strategy", "ready", "message"),
    [
        ({}, {}, False, "latest change"),
        ({"observedGeneration": 2, "readyReplicas": 1}, {}, False, "1 of 2 pods are ready"),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"},
            {"rollingUpdate": {"partition": 0}},
            False,
            "0 of 2 new pods",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"},
            {},
            False,
            "new revision b",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b"},
            {"rollingUpdate": {"partition": 1}},
            True,
            "2 of 2",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "a", "currentRevision": "a"},
            {"type": "RollingUpdate"},
            True,
            "2 of 2",
        ),
    ],
)
def test_a_stateful_set_follows_kubectls_rules(
    counts: dict[str, Any], strategy: dict[str, Any], ready: bool, message: str
) -> None:
    status = STATEFUL_SET.status(_object(counts, replicas=2, updateStrategy=strategy))
    assert status.ready is ready
    assert message in status.message


@pytest.mark.parametrize(
    ("counts", "ready", "message"),
    [
        ({"observedGeneration": 1}, False, "latest change"),
        (
            {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 1},
            False,
            "1 of 3 new",
        ),
        (
            {
                "observedGeneration": 2,
                "desiredNumberScheduled": 3,
                "updatedNumberScheduled": 3,
                "numberAvailable": 2,
            },
            False,
            "2 of 3 updated",
        ),
        (
            {
                "observedGeneration": 2,
                "desiredNumberScheduled": 1,
                "updatedNumberScheduled": 1,
                "numberAvailable": 1,
            },
            True,
            "1 of 1",
        ),
    ],
)
def test_a_daemon_set_follows_kubectls_rules(counts: dict[str, Any], ready: bool, message: str) -> None:
    status = DAEMON_SET.status(_object(counts))
    assert status.ready is ready
    assert message in status.message


def test_what_is_updated_by_hand_is_complete_when_its_pods_are_ready() -> None:
    by_hand = {"type": "OnDelete"}
    counts = {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 1}
    revisions = {"updateRevision": "b", "currentRevision": "a"}
    status = STATEFUL_SET.status(_object(counts | revisions, replicas=2, updateStrategy=by_hand))
    assert status.ready
    assert status.left.startswith("1 pods are of an older revision, as OnDelete leaves them; delete")
    fresh = {**counts, "updateRevision": "a", "currentRevision": "a"}
    assert STATEFUL_SET.status(_object(fresh, replicas=2, updateStrategy=by_hand)).left == ""
    assert not STATEFUL_SET.status(_object(counts, replicas=3, updateStrategy=by_hand)).ready
    counts = {"observedGeneration": 2, "desiredNumberScheduled": 2, "numberAvailable": 2}
    assert DAEMON_SET.status(_object(counts, updateStrategy=by_hand)).ready
    assert "2 pods" in DAEMON_SET.status(_object(counts, updateStrategy=by_hand)).left
    assert not DAEMON_SET.status(_object({**counts, "numberAvailable": 1}, updateStrategy=by_hand)).ready


@pytest.mark.parametrize(
    ("counts", "stuck"),
    [
        ({"observedGeneration": 1}, False),
        ({"observedGeneration": 2}, True),
        ({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2}, True),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
    ],
)
def test_a_paused_deployment_is_stuck_unless_its_pods_are_updated(
    counts: dict[str, Any], stuck: bool
) -> None:
    status = DEPLOYMENT.status(_object(counts, replicas=2, paused=True))
    assert not status.ready
    assert bool(status.stuck) is stuck


def test_a_pod_without_a_readiness_probe_is_ready_from_its_start() -> None:
    def found(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
        return {"spec": {"template": {"spec": {"containers": list(containers)}}, **spec}}

    probed, bare = {"name": "a", "readinessProbe": {}}, {"name": "b"}
    assert is_probed(found(probed))
    assert not is_probed(found(probed, bare))
    assert is_probed(found(bare, minReadySeconds=5))


def test_a_selector_has_labels_and_expressions() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "app", "operator": "Exists"},
    ]
    found = {"spec": {"selector": {"matchLabels": {"app": "api"}, "matchExpressions": expressions}}}
    assert selector(found) == "app=api,tier in (a,b),!old,app"


def test_a_pod_of_the_present_template_is_told_from_one_before() -> None:
    notes = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
    found: dict[str, Any] = {"metadata": notes}
    pod: dict[str, Any] = {"metadata": {}}
    assert is_latest(DEPLOYMENT, found, pod, {"metadata": notes})
    old = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}}
    assert not is_latest(DEPLOYMENT, found, pod, old)
    assert not is_latest(DEPLOYMENT, found, pod, None)

    labelled = {"metadata": {"labels": {"controller-revision-hash": "r2", "pod-template-generation": "2"}}}
    assert is_latest(STATEFUL_SET, {"metadata": {}, "status": {"updateRevision": "r2"}}, labelled, None)
    assert not is_latest(STATEFUL_SET, {"metadata": {}, "status": {"updateRevision": "r3"}}, labelled, None)
    generation = {"metadata": {"annotations": {"deprecated.daemonset.template.generation": "3"}}}
    assert not is_latest(DAEMON_SET, generation, labelled, None)


def _states(kind: str) -> list[dict[str, Any]]:
    """Every combination of few values of all that decides whether a rollout of a kind is complete."""
    counts = (0, 1, 2)
    if kind == "deployment":
        fields = ("observedGeneration", "updatedReplicas", "replicas", "availableReplicas")
        values = itertools.product((1, 2), counts, counts, counts)
        return [_object(dict(zip(fields, each, strict=True)), replicas=2) for each in values] + [
            _object({"observedGeneration": 2}, replicas=0),
            _object({"observedGeneration": 2}, replicas=2, paused=True),
        ]
    if kind == "daemonset":
        fields = ("observedGeneration", "desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
        values = itertools.product((1, 2), counts, counts, counts)
        rolling_update = {"type": "RollingUpdate"}
        return [
            _object(dict(zip(fields, each, strict=True)), updateStrategy=rolling_update) for each in values
        ]
    fields = ("observedGeneration", "readyReplicas", "updatedReplicas", "currentRevision")
    sets = itertools.product((0, 2), counts, counts, ("a", "b"))
    rolling: tuple[Any, ...] = (None, {}, {"partition": 0}, {"partition": 1})
    return [
        _object(
            dict(zip(fields, each, strict=True)) | {"updateRevision": "b"},
            replicas=2,
            updateStrategy={"type": "RollingUpdate", **({"rollingUpdate": how} if how is not None else {})},
        )
        for each, how in itertools.product(sets, rolling)
    ]


def _serve(kind: str, states: list[dict[str, Any]]) -> web.Application:
    """An API server that has a rollout in each of the states."""
    name = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}[kind]
    items = [
        {
            "apiVersion": "apps/v1",
            "kind": name,
            **state,
            "metadata": {
                **state["metadata"],
                "name": f"n{at:04}",
                "namespace": "shop",
                "resourceVersion": "1",
            },
        }
        for at, state in enumerate(states)
    ]
    group = {"groupVersion": "apps/v1", "version": "v1"}
    verbs = ["get", "list", "watch"]
    resource = {"name": f"{kind}s", "singularName": kind, "namespaced": True, "kind": name, "verbs": verbs}
    answers: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [{"name": "apps", "versions": [group], "preferredVersion": group}],
        },
        "/apis/apps/v1": {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [resource]},
    }

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path in answers:
            return web.json_response(answers[request.path])
        if "watch" in request.query:
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.sleep(5)
            return response
        wanted = request.query.get("fieldSelector", "=").split("=")[1]
        found = [item for item in items if wanted in {"", item["metadata"]["name"]}]
        listed = {"apiVersion": "apps/v1", "kind": f"{name}List", "metadata": {"resourceVersion": "1"}}
        return web.json_response({**listed, "items": found})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


@pytest.mark.programs  # kubectl takes 0.1 s a rollout
@pytest.mark.timeout(120)
@pytest.mark.skipif(
    not KUBECTL.endswith("1.32"), reason="needs a kubectl that shows several rollouts at once"
)
@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_rollouts_are_complete_when_kubectl_says_so(kind: str, tmp_path: Path) -> None:
    states = _states(kind)
    async with serving(_serve(kind, states)) as url:
        await asyncio.to_thread(recorder, tmp_path, url)
        words = [KUBECTL, "rollout", "status", f"{kind}s", "--watch=false", "-n", "shop", "-l", "a!=b"]
        process = await asyncio.create_subprocess_exec(
            *words,
            f"--kubeconfig={tmp_path / 'kubeconfig'}",
            f"--cache-dir={tmp_path / 'cache'}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
    lines = output.decode().splitlines()
    assert len(lines) == len(states), errors.decode()
    rollout = Rollout.parse(f"{kind}/it", "shop")
    for state, line in zip(states, lines, strict=True):
        assert rollout.status(state).ready is not line.lower().startswith("waiting"), (state, line)


@pytest.mark.parametrize(
    ("kind", "name", "concerns"),
    [
        ("Deployment", "it", True),
        ("ReplicaSet", "it-6d4cf56db6", True),
        ("ReplicaSet", "it-too-6d4cf56db6", False),
        ("StatefulSet", "it", False),
        ("Deployment", "it-too", False),
    ],
)
def test_an_event_concerns_a_rollout_that_it_is_about(kind: str, name: str, concerns: bool) -> None:
    assert Rollout("deployment", "it", "default").concerns({"kind": kind, "name": name}) is concerns
