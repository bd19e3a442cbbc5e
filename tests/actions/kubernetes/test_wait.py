from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, serving
from tui.actions.kubernetes import wait as module
from tui.actions.kubernetes.wait import wait
from tui.errors import ActionError
from tui.plan.steps import KubernetesWait

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder
    from tui.reporter import Done


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEADY_AFTER", 0.0)
    monkeypatch.setattr(module, "_TICK", 0.01)


def _rollout(spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "app"}]}}
    return {
        "metadata": {"name": "it", "generation": 1, "resourceVersion": "1"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec},
        "status": {"observedGeneration": 1, **status},
    }


def _pod() -> dict[str, Any]:
    conditions = [{"type": each, "status": "True"} for each in ("PodScheduled", "Ready")]
    return {
        "metadata": {"name": "it-0", "uid": "u", "namespace": "default", "resourceVersion": "1"},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"conditions": conditions, "containerStatuses": []},
    }


async def _wait(
    folder: Path, kind: str, found: dict[str, Any], *, late: bool = False
) -> tuple[Done, Recorder]:
    """Wait for a rollout that stays as it is; time is up when its pods have been looked at, if at all."""
    contexts: list[Recorder] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            response = web.StreamResponse()
            await response.prepare(request)
            if late and "/pods" in request.path:
                contexts[0].deadline = 0.0
            await asyncio.sleep(20)
            return response
        if request.path.endswith("/it"):
            return web.json_response(found)
        items = [found] if f"/{kind}s" in request.path else [_pod()] if "/pods" in request.path else []
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": items})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as url:
        contexts.append(await asyncio.to_thread(recorder, folder, url))
        step = KubernetesWait(kind="kubernetes.wait", rollouts=(f"{kind}/it",))
        return await wait(step, contexts[0]), contexts[0]


async def test_a_paused_deployment_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="it is paused, and 0 of 2 new replicas") as caught:
        await _wait(tmp_path, "deployment", _rollout({"replicas": 2, "paused": True}, {}))
    assert "kubectl rollout resume" in caught.value.hint


async def test_pods_that_their_strategy_leaves_are_a_warning(tmp_path: Path) -> None:
    revisions = {"updateRevision": "b", "currentRevision": "a"}
    status = {"readyReplicas": 2, "updatedReplicas": 0, **revisions}
    found = _rollout({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}, status)
    done, ctx = await _wait(tmp_path, "statefulset", found)
    assert not done.changed
    [warning] = ctx.warnings
    assert warning.startswith(
        "statefulset/it: 2 pods are of an older revision, as OnDelete leaves them; delete"
    )


async def test_a_daemon_set_that_no_node_takes_is_a_warning(tmp_path: Path) -> None:
    _, ctx = await _wait(tmp_path, "daemonset", _rollout({}, {"desiredNumberScheduled": 0}))
    assert ctx.warnings == [
        "daemonset/it: it has no pods, as no node fits its nodeSelector, affinity and tolerations"
    ]


async def test_what_times_out_beside_ready_pods_says_so(tmp_path: Path) -> None:
    found = _rollout({"replicas": 1}, {"updatedReplicas": 1, "replicas": 2, "availableReplicas": 1})
    with pytest.raises(ActionError, match="1 old replicas are still there") as caught:
        await _wait(tmp_path, "deployment", found, late=True)
    assert "all of its pods are ready (1)" in caught.value.hint
    assert "kubectl -n default describe deployment/it" in caught.value.hint
