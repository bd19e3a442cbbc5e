"""What a wait waits for besides rollouts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.shelf import WIDGET, Shelf, conditions
from tests.clients.kubernetes.peer import recorder, serving
from tui.actions.kubernetes import wait as module
from tui.actions.kubernetes.named_objects import how_ended
from tui.actions.kubernetes.targets import Job
from tui.actions.kubernetes.wait import wait
from tui.actions.postgres.migrate import migrate
from tui.errors import ActionError
from tui.plan.steps import Database, KubernetesWait, PostgresMigrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.actions.recorder import Recorder
    from tui.reporter import Done

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"
SERVICES = "/api/v1/namespaces/default/services"
DATABASE = Database(service="db", user="me", password="hush-hush", database="shop")
WIDGETS = f"{WIDGET}/namespaces/default/widgets"
SELECTED = {"selector": {"matchLabels": {"job-name": "x"}}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEADY_AFTER", 0.0)
    monkeypatch.setattr(module, "_TICK", 0.01)
    monkeypatch.setattr(module, "_KIND_EVERY", 0.01)


@contextlib.asynccontextmanager
async def _waiting(
    folder: Path, shelf: Shelf, **fields: Any
) -> AsyncIterator[tuple[asyncio.Task[Done], Recorder]]:
    """A wait that has begun."""
    step = KubernetesWait.model_validate({"kind": "kubernetes.wait", **fields})
    async with serving(shelf.app) as url:
        ctx = await asyncio.to_thread(recorder, folder, url)
        task = asyncio.create_task(wait(step, ctx))
        try:
            yield task, ctx
        finally:
            task.cancel()


@contextlib.asynccontextmanager
async def _connecting(folder: Path, shelf: Shelf) -> AsyncIterator[tuple[asyncio.Task[Done], Recorder]]:
    """Migrations of a database that have begun."""
    step = PostgresMigrate.model_construct(kind="postgres.migrate", connection=DATABASE, migrations=folder)
    await asyncio.to_thread((folder / "1_one.sql").write_text, "-- +goose Up\nSELECT 1;\n")
    async with serving(shelf.app) as url:
        ctx = await asyncio.to_thread(recorder, folder, url)
        task = asyncio.create_task(migrate(step, ctx))
        try:
            yield task, ctx
        finally:
            task.cancel()
            await asyncio.wait({task})


async def _says(ctx: Recorder, text: str) -> None:
    async with asyncio.timeout(10):
        while not any(text in line for _, line in ctx.lines):  # noqa: ASYNC110 - what it says is watched
            await asyncio.sleep(0.01)


def _pod(shelf: Shelf, name: str, labels: dict[str, str], ready: bool, **status: Any) -> None:
    spec = {"containers": [{"name": "app", "readinessProbe": {}}]}
    held = conditions(PodScheduled="True", Ready=str(ready))
    shelf.put(PODS, name, metadata={"labels": labels}, spec=spec, status={**held, **status})


async def test_a_job_is_waited_for_until_it_is_complete_even_if_it_is_deleted_then(tmp_path: Path) -> None:
    shelf = Shelf()
    async with _waiting(tmp_path, shelf, jobs="job/x") as (waiting, ctx):
        await _says(ctx, "it does not exist in namespace default yet")
        shelf.put(JOBS, "x", spec=SELECTED | {"completions": 2}, status={"active": 1, "succeeded": 1})
        await _says(ctx, "1 of 2 pods succeeded, 1 active")
        shelf.put(JOBS, "x", spec=SELECTED, status=conditions(Complete="True"))
        shelf.take(JOBS, "x")
        done = await waiting
    assert (done.note, done.changed) == ("1 Job complete", True)
    [span] = [span for span in ctx.spans if span.name == "run"]
    assert (span.subject, span.closed) == ("job/x", True)


@pytest.mark.parametrize("before", [True, False])
async def test_a_job_that_failed_is_told_at_once_with_its_last_words(tmp_path: Path, before: bool) -> None:
    shelf = Shelf()
    shelf.logs["x-1"] = "cannot find the thing\n"
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    state = [{"name": "app", "state": ended, "restartCount": 0, "containerID": "1"}]
    why = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "it is reached"}

    def fail() -> None:
        _pod(shelf, "x-1", {"job-name": "x"}, ready=False, phase="Failed", containerStatuses=state)
        shelf.put(JOBS, "x", spec=SELECTED, status={"failed": 1, "conditions": [why]})

    if before:
        fail()
    else:
        shelf.put(JOBS, "x", spec=SELECTED, status={"active": 1})
    async with _waiting(tmp_path, shelf, jobs="x") as (waiting, ctx):
        if not before:
            await _says(ctx, "1 active")
            fail()
        with pytest.raises(ActionError) as caught:
            await waiting
    assert caught.value.cause == (
        "job/x failed: BackoffLimitExceeded: it is reached; pod/x-1: app: Error, exit code 3"
    )
    assert "log   cannot find the thing" in caught.value.details
    assert caught.value.hint == "its program ended by itself: its last lines say why"


@pytest.mark.parametrize(
    ("wanted", "phase", "told"),
    [
        ({"conditions": {"object": "pod/x", "is": "Ready"}}, "Succeeded", "the pod has succeeded"),
        ({"conditions": {"object": "pod/x", "is": "Ready"}}, "Failed", "has failed: app: Error, exit code 3"),
        ({"values": {"object": "pod/x", "path": ".status.phase", "is": "Running"}}, "Failed", "has failed"),
    ],
)
async def test_what_has_ended_is_not_waited_for_to_become_anything_else(
    tmp_path: Path, wanted: dict[str, Any], phase: str, told: str
) -> None:
    shelf = Shelf()
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    state = [{"name": "app", "state": ended, "restartCount": 0, "containerID": "1"}]
    _pod(shelf, "x", {}, ready=False, phase=phase, containerStatuses=state)
    async with _waiting(tmp_path, shelf, **wanted) as (waiting, _):
        with pytest.raises(ActionError, match=told) as caught:
            await waiting
    assert "cannot become" in caught.value.cause
    assert "kubectl -n default logs" in caught.value.hint


def test_how_a_job_has_ended_is_told_by_its_conditions() -> None:
    for status, told in {"Failed": "the Job has failed", "Complete": "the Job is complete"}.items():
        assert how_ended("Job", {"status": conditions(**{status: "True"})}) == told
    assert how_ended("Job", {"status": {"active": 1}}) == how_ended("Widget", {}) == ""


async def test_pods_are_waited_for_by_labels_without_those_that_ended_well(tmp_path: Path) -> None:
    shelf = Shelf()
    async with _waiting(tmp_path, shelf, pods="app=web") as (waiting, ctx):
        await _says(ctx, "there are none in namespace default yet")
        _pod(shelf, "done", {"app": "web"}, ready=False, phase="Succeeded")
        await _says(ctx, "there are none in namespace default yet (done, or being deleted: 1)")
        _pod(shelf, "b", {"app": "web"}, ready=False)  # first, or one ready pod is all that is waited for
        _pod(shelf, "a", {"app": "web"}, ready=True)
        _pod(shelf, "other", {"app": "other"}, ready=False)
        await _says(ctx, "1 of 2 pods ready")
        _pod(shelf, "b", {"app": "web"}, ready=True)
        assert (await waiting).note == "2 of 2 pods ready"


async def test_a_pod_that_failed_and_that_nothing_replaces_fails_the_step(tmp_path: Path) -> None:
    shelf = Shelf()
    _pod(shelf, "a", {"app": "web"}, ready=False, phase="Failed", reason="Evicted", message="no room")
    async with _waiting(tmp_path, shelf, pods="app=web") as (waiting, _):
        with pytest.raises(ActionError, match="pod/a: Failed: Evicted: no room"):
            await waiting


async def test_a_database_is_waited_for_until_a_pod_of_its_service_is_ready(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(SERVICES, "other", spec={})
    async with _connecting(tmp_path, shelf) as (connecting, ctx):
        await _says(ctx, "it does not exist in namespace default yet")
        shelf.put(SERVICES, "db", spec={"selector": {"app": "db"}, "ports": [{"port": 5432}]})
        await _says(ctx, "0 of 0 pods ready")
        _pod(shelf, "other", {"app": "other"}, ready=True)
        _pod(shelf, "db-1", {"app": "db"}, ready=False)
        await _says(ctx, "0 of 1 pod ready")
        _pod(shelf, "db-2", {"app": "db"}, ready=True)
        await _says(ctx, "PostgreSQL does not accept a connection yet")
        assert not connecting.done()


async def test_a_database_that_cannot_come_is_told_at_once(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(SERVICES, "db", spec={"selector": {"app": "db"}, "ports": [{"port": 5432}]})
    waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": "it is not there"}}
    state = [{"name": "app", "state": waiting, "restartCount": 0}]
    _pod(shelf, "db-1", {"app": "db"}, ready=False, containerStatuses=state)
    async with _connecting(tmp_path, shelf) as (connecting, _):
        with pytest.raises(ActionError, match=r"service/db cannot become ready: pod/db-1: .*ErrImageNever"):
            await connecting
    shelf.put(SERVICES, "db", spec={"type": "ExternalName"})
    async with _connecting(tmp_path, shelf) as (connecting, _):
        with pytest.raises(ActionError, match="service/db cannot become ready: it is a name") as caught:
            await connecting
    assert caught.value.hint


async def test_a_database_whose_controller_chooses_its_pod_is_waited_for(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(SERVICES, "db", spec={"ports": [{"port": 5432, "name": "sql"}]})
    endpoints = "/api/v1/namespaces/default/endpoints"
    shelf.put(endpoints, "other", subsets=[{"addresses": [{"targetRef": {"kind": "Pod", "name": "x"}}]}])
    async with _connecting(tmp_path, shelf) as (connecting, ctx):
        await _says(ctx, "it has no selector, and 0 pods behind it")
        behind = {"addresses": [{"targetRef": {"kind": "Pod", "name": "db-0"}}]}
        shelf.put(endpoints, "db", subsets=[{**behind, "ports": [{"name": "sql", "port": 5432}]}])
        await _says(ctx, "PostgreSQL does not accept a connection yet")
        assert not connecting.done()


async def test_nodes_are_waited_for_all_or_by_name(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(NODES, "one", status=conditions(Ready="True"))
    async with _waiting(tmp_path, shelf, nodes=["one", "two"]) as (waiting, ctx):
        await _says(ctx, "there is no node two, but one")
        shelf.put(NODES, "two", status=conditions(Ready="False"))
        await _says(ctx, "1 of 2 nodes ready; node/two: Ready is False")
        shelf.put(NODES, "two", status=conditions(Ready="True"))
        assert (await waiting).note == "2 of 2 nodes ready"
    async with _waiting(tmp_path, shelf, nodes="all") as (waiting, _):
        assert not (await waiting).changed


async def test_conditions_and_values_are_waited_for_before_their_kind_is_known(tmp_path: Path) -> None:
    shelf = Shelf(widgets=False)
    wanted = {
        "conditions": [
            {"object": "widget/w", "is": "Ready"},
            {"object": "wd.example.com/w", "is": "Broken=false"},
        ],
        "values": [{"object": "widgets.v1.example.com/w", "path": "{.status.size}", "is": 3}],
    }
    async with _waiting(tmp_path, shelf, **wanted) as (waiting, ctx):
        await _says(ctx, "the cluster knows no kind widget yet")
        shelf.widgets = True
        await _says(ctx, "it does not exist in namespace default yet")
        shelf.put(WIDGETS, "w", status={"size": 2})
        await _says(ctx, "it has no condition Ready yet")
        await _says(ctx, "it is 2, not 3")
        shelf.put(WIDGETS, "w", status={"size": 3, **conditions(ready="True", Broken="False")})
        assert (await waiting).note == "2 conditions met, 1 value as wanted"
    assert {span.name for span in ctx.spans} == {"condition", "value"}
    assert all(span.closed for span in ctx.spans)


async def test_a_condition_that_never_comes_is_told_with_its_state_and_events(tmp_path: Path) -> None:
    shelf = Shelf()
    status = {
        "conditions": [{"type": "Ready", "status": "False", "reason": "NoSize", "message": "give it\none"}]
    }
    shelf.put(WIDGETS, "w", status=status)
    about = {"kind": "Widget", "name": "w", "apiVersion": "example.com/v1"}
    event = {"involvedObject": about, "type": "Warning", "reason": "Sizing", "message": "there is none"}
    async with _waiting(tmp_path, shelf, conditions={"object": "widget/w", "is": "Ready"}) as (waiting, ctx):
        await _says(ctx, "Ready is False: NoSize: give it one")
        shelf.put("/api/v1/namespaces/default/events", "e", **event)
        await _says(ctx, "warning: Sizing: there is none")
        ctx.deadline = 0.0
        with pytest.raises(ActionError) as caught:
            await waiting
    assert (
        caught.value.cause == "time is up, and not met: widget/w Ready: Ready is False: NoSize: give it one"
    )
    assert caught.value.hint == "`kubectl -n default describe widget/w` says what it waits for"
    assert caught.value.details == ("warning: Sizing: there is none",)


@pytest.mark.parametrize("form", [int, str])  # Argo Rollouts writes it as text
async def test_what_an_old_observation_says_does_not_count(tmp_path: Path, form: type) -> None:
    shelf = Shelf()
    wanted, ready = {"object": "widget/w", "is": "Ready"}, conditions(Ready="True")
    shelf.put(WIDGETS, "w", metadata={"generation": 2}, status={"observedGeneration": form(1), **ready})
    async with _waiting(tmp_path, shelf, conditions=wanted) as (waiting, ctx):
        await _says(ctx, "its controller has not seen its latest change yet: Ready is of generation 1, not 2")
        shelf.put(WIDGETS, "w", metadata={"generation": 2}, status={"observedGeneration": form(2), **ready})
        await waiting
    shelf.put(WIDGETS, "w", metadata={"generation": 2}, status={"observedGeneration": "5f6c9d", **ready})
    async with _waiting(tmp_path, shelf, conditions=wanted) as (waiting, _):
        assert not (await waiting).changed


async def test_conditions_that_are_there_in_place_of_the_wanted_one_are_told(tmp_path: Path) -> None:
    shelf = Shelf()
    other = {"type": "NotReady", "status": "True", "reason": "TimeoutException", "message": "no\nbroker"}
    shelf.put(WIDGETS, "w", status={"conditions": [other]})
    shelf.put(WIDGETS, "odd", status={"conditions": {"Ready": "True"}})
    wanted = [{"object": f"widget/{name}", "is": "Ready"} for name in ("w", "odd")]
    async with _waiting(tmp_path, shelf, conditions=wanted) as (_, ctx):
        await _says(ctx, "it has no condition Ready yet, but NotReady is True: TimeoutException: no broker")
        assert ("widget/odd", "it has no condition Ready yet") in ctx.lines


@pytest.mark.parametrize(
    ("wanted", "status", "told"),
    [
        (
            {"conditions": {"object": "widget/w", "is": "Succeeded"}},
            {"completionTime": "2026-01-31T12:00:00Z", **conditions(Succeeded="False")},
            "Succeeded is False; it has finished",
        ),
        (
            {"values": {"object": "widget/w", "path": ".status.phase", "is": "Succeeded"}},
            {"finishedAt": "2026-01-31T12:00:00Z", "phase": "Error"},
            "it is Error, not Succeeded; it has finished",
        ),
        (
            {"conditions": {"object": "widget/w", "is": "Ready"}},
            conditions(Ready="False", Stalled="True"),
            "Ready is False; Stalled is True",
        ),
    ],
)
async def test_a_custom_resource_that_has_ended_is_not_waited_for(
    tmp_path: Path, wanted: dict[str, Any], status: dict[str, Any], told: str
) -> None:
    shelf = Shelf()
    shelf.put(WIDGETS, "w", status={"phase": "Running"})
    async with _waiting(tmp_path, shelf, **wanted) as (waiting, ctx):
        await _says(ctx, " not Succeeded" if "values" in wanted else "it has no condition")
        shelf.put(WIDGETS, "w", status=status)
        with pytest.raises(ActionError, match=told) as caught:
            await waiting
    assert caught.value.hint == "`kubectl -n default describe widget/w` says why; wait for what it becomes"


@pytest.mark.parametrize(
    ("metadata", "spec"),
    [
        ({"labels": {"kueue.x-k8s.io/queue-name": "team"}}, {}),
        ({"ownerReferences": [{"kind": "JobSet", "name": "set"}]}, {}),
        ({}, {"managedBy": "kueue.x-k8s.io/multikueue"}),
    ],
)
def test_a_suspended_job_is_waited_for_where_another_controller_resumes_it(
    metadata: dict[str, Any], spec: dict[str, Any]
) -> None:
    queued = {"metadata": {"name": "x", **metadata}, "spec": {"suspend": True, **spec}}
    alone = {"metadata": {"name": "x"}, "spec": {"suspend": True}}
    given = [Job("x", "default").judge([each]) for each in (queued, alone)]
    assert {each.message for each in given} == {"it is suspended, 0 of 1 pod succeeded"}
    assert [bool(each.stuck) for each in given] == [False, True]


async def test_what_is_deleted_is_waited_for_until_it_is_gone(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(WIDGETS, "w")
    async with _waiting(tmp_path, shelf, gone=["widget/w", "nothing/x"]) as (waiting, ctx):
        await _says(ctx, "it is still there, and nobody deletes it")
        deleting = {"deletionTimestamp": "now", "finalizers": ["example.com/keep"]}
        shelf.put(WIDGETS, "w", metadata=deleting)
        await _says(ctx, "it is being deleted, once example.com/keep is done")
        shelf.take(WIDGETS, "w")
        shelf.put(WIDGETS, "w", metadata={"uid": "another"})
        assert (await waiting).note == "2 objects gone"
    assert ctx.warnings == ["the cluster knows no kind of nothing/x: it counts as gone"]
    async with _waiting(tmp_path, shelf, gone="widget/other") as (waiting, _):
        assert not (await waiting).changed


@pytest.mark.parametrize(
    ("path", "status", "stuck"),
    [
        ("{.status.sizes[*]}", {"sizes": [1, 2]}, "the path leads to 2 values"),
        ("{.status}", {"size": 1}, "the path leads to a mapping or list"),
    ],
)
async def test_a_path_that_leads_to_no_one_value_is_told(
    tmp_path: Path, path: str, status: dict[str, Any], stuck: str
) -> None:
    shelf = Shelf()
    shelf.put(WIDGETS, "w", status=status)
    async with _waiting(tmp_path, shelf, values={"object": "widget/w", "path": path, "is": "1"}) as (
        waiting,
        _,
    ):
        with pytest.raises(ActionError, match=stuck):
            await waiting


async def test_the_status_of_a_condition_may_be_written_as_yaml_has_it(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(WIDGETS, "w", status=conditions(Ready="True"))
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    async with _waiting(tmp_path, shelf, values={"object": "widget/w", "path": path, "is": True}) as (
        done,
        _,
    ):
        assert not (await done).changed


async def test_a_wait_for_what_nobody_deletes_tells_that_it_deletes_nothing(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put(WIDGETS, "w")
    async with _waiting(tmp_path, shelf, gone="widget/w") as (waiting, ctx):
        await _says(ctx, "it is still there, and nobody deletes it")
        ctx.deadline = 0.0
        with pytest.raises(ActionError) as caught:
            await waiting
    assert caught.value.hint == "have a step before this one delete it: a wait deletes nothing"


async def test_what_is_in_no_namespace_is_told_without_one(tmp_path: Path) -> None:
    async with _waiting(tmp_path, Shelf(), conditions={"object": "node/n", "is": "Ready"}) as (waiting, ctx):
        await _says(ctx, "it does not exist yet")
        ctx.deadline = 0.0
        with pytest.raises(ActionError) as caught:
            await waiting
    assert caught.value.hint == "check that it is applied before"
