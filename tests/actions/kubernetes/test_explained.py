"""What a wait says of workloads that do not become ready, in the states that clusters are found in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.shelf import Shelf, conditions
from tests.clients.kubernetes.peer import recorder, serving
from tui.actions.kubernetes import wait as module
from tui.actions.kubernetes.wait import wait
from tui.errors import ActionError
from tui.plan.steps import KubernetesWait

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
SETS = "/apis/apps/v1/namespaces/default/statefulsets"
SELECTED = {"selector": {"matchLabels": {"app": "it"}}}
BEGINNING = {"waiting": {"reason": "PodInitializing"}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEADY_AFTER", 0.0)
    monkeypatch.setattr(module, "_TICK", 0.01)


def _set(shelf: Shelf) -> None:
    spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": "app"}]}}, **SELECTED}
    shelf.put(SETS, "it", spec=spec, status={"observedGeneration": 1})


def _pod(shelf: Shelf, name: str = "it-0", /, *, owned: bool = True, **status: Any) -> None:
    metadata = {"labels": {"app": "it"}, "ownerReferences": [{"kind": "StatefulSet", "name": "it"}] * owned}
    spec = {"containers": [{"name": "app", "readinessProbe": {}}], "initContainers": [{"name": "first"}]}
    ready = conditions(PodScheduled="True", Ready="False")
    shelf.put(PODS, name, metadata=metadata, spec=spec, status={"phase": "Pending", **ready, **status})


def _event(shelf: Shelf, kind: str, name: str, reason: str, message: str) -> None:
    about = {"kind": kind, "name": name, "uid": f"uid-{name}", "apiVersion": "v1"}
    shelf.put(EVENTS, "e", involvedObject=about, reason=reason, type="Warning", message=message)


def _state(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "state": state, "restartCount": 0, "image": "x", "containerID": f"id-{name}"}


def _begin(shelf: Shelf) -> None:
    shelf.logs["it-0"] = "waiting for the database\n"
    app = _state("app", BEGINNING)
    _pod(shelf, initContainerStatuses=[_state("first", {"running": {}})], containerStatuses=[app])


def _gate(shelf: Shelf) -> None:
    lacking = 'corresponding condition of pod readiness gate "x/y" does not exist.'
    held = {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": lacking}
    scheduled = {"type": "PodScheduled", "status": "True"}
    _pod(shelf, conditions=[scheduled, held], containerStatuses=[_state("app", {"running": {}})])


def _hold(shelf: Shelf) -> None:
    why = "Scheduling is blocked due to non-empty scheduling gates"
    held = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": why}
    _pod(shelf, conditions=[held])


def _mount(shelf: Shelf) -> None:
    _pod(shelf, containerStatuses=[_state("app", {"waiting": {"reason": "ContainerCreating"}})])
    why = 'MountVolume.SetUp failed for volume "c" : configmap "c" not found'
    _event(shelf, "Pod", "it-0", "FailedMount", why)


def _probe(shelf: Shelf) -> None:
    _pod(shelf, containerStatuses=[_state("app", {"running": {}})])
    _event(shelf, "Pod", "it-0", "Unhealthy", "Readiness probe failed: dial tcp: connection refused")


def _exceed(shelf: Shelf) -> None:
    why = 'create Pod it-0 failed error: pods "it-0" is forbidden: exceeded quota: q'
    _event(shelf, "StatefulSet", "it", "FailedCreate", why)


def _take(shelf: Shelf) -> None:
    shelf.take(SETS, "it")


@pytest.mark.parametrize(
    ("becomes", "seen", "cause", "hint"),
    [
        (_begin, "waiting for the database", "pod/it-0: first: running; app: PodInit", "wait for `first`"),
        (_gate, "readiness gate", 'readiness gate "x/y" does not exist', "readinessGate"),
        (_hold, "scheduling gates", "non-empty scheduling gates", "Kueue"),
        (_mount, "FailedMount", "app: ContainerCreating", "apply it, in its namespace"),
        (_probe, "probe failed", "app: running; Unhealthy: Readiness probe failed", "path and port"),
        (_exceed, "exceeded quota", "0 of 1 pods are ready", "ResourceQuota"),
        (_take, "it was deleted", "statefulset/it: it was deleted", "who deletes it"),
    ],
)
async def test_what_holds_a_rollout_up_is_told(
    tmp_path: Path, becomes: Callable[[Shelf], None], seen: str, cause: str, hint: str
) -> None:
    shelf = Shelf()
    _set(shelf)
    error = await _late(tmp_path, shelf, becomes, seen, rollouts="statefulset/it")
    assert cause in error.cause
    assert hint in error.hint


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        ('violates PodSecurity "restricted:latest": runAsNonRoot != true', "a policy of the cluster refuses"),
        ("failed quota: mem: must specify requests.memory", "raise the namespace's ResourceQuota"),
        ("maximum cpu usage per Container is 500m, but limit is 2", "raise the namespace's ResourceQuota"),
    ],
)
async def test_pods_that_are_refused_for_what_they_say_are_not_waited_for(
    tmp_path: Path, why: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REFUSED_AFTER", 0.0)
    shelf = Shelf()
    _set(shelf)
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", "rollouts": "statefulset/it"})
    async with serving(shelf.app) as url:
        ctx = await asyncio.to_thread(recorder, tmp_path, url)
        waiting = asyncio.create_task(wait(step, ctx))
        async with asyncio.timeout(20):
            while not ctx.lines:  # noqa: ASYNC110 - what it says is watched
                await asyncio.sleep(0.01)
            _event(shelf, "StatefulSet", "other", "FailedCreate", f'pods "x" is forbidden: {why}')
            _event(shelf, "StatefulSet", "it", "FailedCreate", f'pods "it-0" is forbidden: {why}')
            with pytest.raises(ActionError, match=r"cannot become ready: 0 of 1 pods are .*it-0") as caught:
                await waiting
    assert why in caught.value.cause
    assert caught.value.hint.startswith(hint)


async def test_a_name_that_is_almost_there_is_told(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(SETS, "web-app", spec={"template": {"spec": {"containers": []}}, **SELECTED})
    error = await _late(tmp_path, shelf, lambda _: None, "does not exist", rollouts="statefulset/webapp")
    assert error.hint.startswith("did you mean web-app? else check that it is applied before")


async def test_a_job_that_took_too_long_is_told_to_have(tmp_path: Path) -> None:
    shelf = Shelf()
    why = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
    why["message"] = "Job was active longer than specified deadline"
    shelf.put(JOBS, "it", spec=SELECTED, status={"conditions": [why]})
    _pod(shelf, containerStatuses=[_state("app", {"running": {}})])
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", "jobs": "it"})
    async with serving(shelf.app) as url:
        ctx = await asyncio.to_thread(recorder, tmp_path, url)
        with pytest.raises(ActionError) as caught:
            await wait(step, ctx)
    assert "activeDeadlineSeconds" in caught.value.hint


async def test_a_job_that_is_gone_may_have_ended(tmp_path: Path) -> None:
    error = await _late(tmp_path, Shelf(), lambda _: None, "does not exist", jobs="it")
    assert "ttlSecondsAfterFinished" in error.hint


@pytest.mark.parametrize(
    ("states", "hint"),
    [
        ([_state("app", {"running": {}})], "its pod still runs: see its last lines"),
        (
            [
                _state("app", {"terminated": {"reason": "Completed", "exitCode": 0}}),
                _state("proxy", {"running": {}}),
            ],
            "`proxy` still runs beside what has completed",
        ),
    ],
)
async def test_a_job_that_still_runs_is_told_with_its_last_lines(
    tmp_path: Path, states: list[dict[str, Any]], hint: str
) -> None:
    shelf = Shelf()
    shelf.logs["it-0"] = "10 of 4000 rows\n"
    shelf.put(JOBS, "it", spec=SELECTED, status={"active": 1})

    def run(shelf: Shelf) -> None:
        _pod(shelf, containerStatuses=states, **conditions(PodScheduled="True", Ready="True"))

    error = await _late(tmp_path, shelf, run, "1 active", jobs="it")
    assert error.cause.endswith("job/it: 0 of 1 pod succeeded, 1 active; pod/it-0: ready")
    assert error.hint.startswith(hint)
    assert "log   10 of 4000 rows" in error.details


async def test_what_nothing_gives_a_value_is_told(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put("/api/v1/namespaces/default/persistentvolumeclaims", "it", status={"phase": "Pending"})
    shelf.put("/api/v1/namespaces/default/services", "it", status={"loadBalancer": {}})

    def tell(shelf: Shelf) -> None:
        about = {"kind": "PersistentVolumeClaim", "name": "it", "apiVersion": "v1"}
        why = "waiting for first consumer to be created before binding"
        shelf.put(
            EVENTS, "e", involvedObject=about, reason="WaitForFirstConsumer", type="Normal", message=why
        )

    wanted = {"object": "pvc/it", "path": ".status.phase", "is": "Bound"}
    error = await _late(tmp_path, shelf, tell, "first consumer", values=wanted)
    assert error.hint.startswith("the claim is bound once a pod uses it")
    wanted = {"object": "service/it", "path": "{.status.loadBalancer.ingress[0].ip}"}
    error = await _late(tmp_path, shelf, lambda _: None, "not there yet", values=wanted)
    assert error.hint.startswith("kind gives Services no addresses by itself")


async def test_an_evicted_pod_does_not_count_beside_the_one_in_its_place(tmp_path: Path) -> None:
    shelf = Shelf()
    _pod(shelf, phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    _pod(shelf, "it-1", **conditions(PodScheduled="True", Ready="True"))
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", "pods": "app=it"})
    async with serving(shelf.app) as url:
        done = await wait(step, await asyncio.to_thread(recorder, tmp_path, url))
    assert done.note == "1 of 1 pod ready"


async def _late(
    folder: Path, shelf: Shelf, becomes: Callable[[Shelf], None], seen: str, **fields: Any
) -> ActionError:
    """Wait until time is up, which it is once the log has said what was changed."""
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", **fields})
    async with serving(shelf.app) as url:
        ctx = await asyncio.to_thread(recorder, folder, url)
        waiting = asyncio.create_task(wait(step, ctx))
        async with asyncio.timeout(20):
            while not ctx.lines:  # noqa: ASYNC110 - what it says is watched
                await asyncio.sleep(0.01)
            becomes(shelf)
            while not any(seen in line for _, line in ctx.lines):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        ctx.deadline = asyncio.get_running_loop().time()
        with pytest.raises(ActionError) as caught:
            await waiting
    return caught.value
