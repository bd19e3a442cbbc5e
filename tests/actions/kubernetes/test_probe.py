from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, refusal, serving
from tui.actions.kubernetes.probe import probe
from tui.errors import ActionError
from tui.plan.steps import KubernetesProbe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.actions.recorder import Recorder
    from tui.reporter import Done

RULE = {
    "apiGroups": ["shop.example"],
    "apiVersions": ["v2"],
    "operations": ["CREATE"],
    "resources": ["carts"],
}
SERVICE = {"service": {"namespace": "shop", "name": "hook"}}
READY: dict[str, Any] = {"name": "ready", "rules": [RULE], "clientConfig": {**SERVICE, "caBundle": "Q0E="}}
EMPTY: dict[str, Any] = {"name": "empty", "clientConfig": SERVICE}
NO_CA: dict[str, Any] = {"name": "no-ca", "rules": [RULE], "clientConfig": SERVICE}
ELSEWHERE: dict[str, Any] = {"name": "other", "clientConfig": {"service": {"namespace": "x", "name": "y"}}}
DENIED = 'admission webhook "ready" denied the request: no'
CALLING = 'failed calling webhook "ready": Post "https://hook.shop.svc": connection refused'


async def _probe(
    folder: Path,
    webhooks: Sequence[Sequence[dict[str, Any]]],
    answers: Sequence[web.Response] = (),
    *,
    conversion: dict[str, Any] | None = None,
    hidden: bool = False,
    seconds: float = 30.0,
) -> tuple[Done, Recorder, int]:
    """Probe against a server whose webhooks are as given at each look; the last stay."""
    looks, pending, asked = list(webhooks), list(answers), 0

    async def discover(_: web.Request) -> web.Response:
        return web.json_response({"resources": [{"name": "carts", "kind": "Cart", "namespaced": True}]})

    async def validating(_: web.Request) -> web.Response:
        if hidden:
            return refusal(403, "forbidden")
        found = looks.pop(0) if len(looks) > 1 else looks[0]
        return web.json_response({"items": [{"webhooks": found}]})

    async def mutating(_: web.Request) -> web.Response:
        return refusal(403, "forbidden") if hidden else web.json_response({"items": []})

    async def definition(_: web.Request) -> web.Response:
        return web.json_response({"spec": {"conversion": conversion}}) if conversion else refusal(404, "none")

    async def patch(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        assert request.query["dryRun"] == "All"
        return pending.pop(0) if pending else web.json_response({})

    app = web.Application()
    base = "/apis/admissionregistration.k8s.io/v1"
    app.router.add_get("/apis/shop.example/v1", discover)
    app.router.add_get(f"{base}/validatingwebhookconfigurations", validating)
    app.router.add_get(f"{base}/mutatingwebhookconfigurations", mutating)
    app.router.add_get(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.shop.example", definition
    )
    app.router.add_patch("/apis/shop.example/v1/namespaces/default/carts/a", patch)
    async with serving(app) as url:
        ctx = await asyncio.to_thread(recorder, folder, url)
        ctx.deadline = asyncio.get_running_loop().time() + seconds
        manifest = {"apiVersion": "shop.example/v1", "kind": "Cart", "metadata": {"name": "a"}}
        step = KubernetesProbe(kind="kubernetes.probe", manifest=manifest, interval=0.01)
        return await probe(step, ctx), ctx, asked


async def test_an_object_that_a_complete_webhook_lets_pass_is_judged(tmp_path: Path) -> None:
    done, _, asked = await _probe(tmp_path, [[READY, ELSEWHERE]])
    assert (done.changed, asked) == (False, 1)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ([], "no webhook is configured to judge carts"),
        ([EMPTY], "webhook empty has no rules yet"),
        ([READY, EMPTY], "webhook empty has no rules yet"),
        ([NO_CA], "webhook no-ca has no certificate authority yet"),
    ],
)
async def test_a_configuration_that_is_filled_in_later_is_waited_for(
    tmp_path: Path, before: list[dict[str, Any]], why: str
) -> None:
    done, ctx, asked = await _probe(tmp_path, [before, before, [READY]])
    assert done.changed
    assert asked == 4  # once more than it took: API servers learn of it a moment later
    assert [line for _, line in ctx.lines] == [f"not yet: {why}"]


async def test_an_object_that_nobody_judges_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="webhook empty has no rules yet"):
        await _probe(tmp_path, [[EMPTY]], seconds=0.2)


async def test_a_denial_is_an_answer_whatever_the_configuration_says(tmp_path: Path) -> None:
    done, _, asked = await _probe(tmp_path, [[]], [refusal(400, CALLING), refusal(400, DENIED)])
    assert (done.changed, asked) == (True, 2)


async def test_a_webhook_that_converts_objects_judges_them(tmp_path: Path) -> None:
    hook = {"strategy": "Webhook", "webhook": {"clientConfig": {**SERVICE, "caBundle": "Q0E="}}}
    assert not (await _probe(tmp_path, [[]], conversion=hook))[0].changed


async def test_without_the_right_to_see_configurations_the_dry_run_decides(tmp_path: Path) -> None:
    done, ctx, _ = await _probe(tmp_path, [[]], hidden=True)
    assert not done.changed
    assert "cannot see which webhooks judge a Cart" in ctx.warnings[0]
