from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, refusal, serving
from tui.actions.kubernetes.pull_secret import pull_secret
from tui.plan.steps import KubernetesPullSecret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

AUTH = base64.b64encode(b"me:s3cret-word").decode()


def _prepare(folder: Path, config: Any, url: str) -> tuple[KubernetesPullSecret, Recorder]:
    (folder / "empty.json").write_text("")
    if config is not None:
        (folder / "auth.json").write_text(config if isinstance(config, str) else json.dumps(config))
    files = (folder / "empty.json", folder / "auth.json")
    step = KubernetesPullSecret(
        kind="kubernetes.pull_secret", name="pull", namespace="shop", sources=files, service_accounts=()
    )
    return step, recorder(folder, url)


@pytest.mark.parametrize(
    "config", [None, {}, {"auths": {}}, {"auths": {"third.example": {}}}, "no JSON", [], {"auths": 3}]
)
async def test_without_logins_it_only_warns(tmp_path: Path, config: Any) -> None:
    step, ctx = await asyncio.to_thread(_prepare, tmp_path, config, "http://127.0.0.1:1")
    assert not (await pull_secret(step, ctx)).changed
    assert "auth.json" in ctx.warnings[-1]


async def test_logins_are_looked_for_where_the_users_programs_keep_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ctx = await asyncio.to_thread(_prepare, tmp_path, None, "http://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "moved"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "named.json"))
    step = KubernetesPullSecret(kind="kubernetes.pull_secret", name="pull", namespace="shop")
    assert not (await pull_secret(step, ctx)).changed
    assert f"{tmp_path / 'named.json'} or {tmp_path / 'moved' / 'config.json'}" in ctx.warnings[-1]


async def test_a_secret_is_made_of_the_logins_and_none_of_them_is_shown(tmp_path: Path) -> None:
    auths = {"registry.example": {"auth": AUTH}, "token.example": {"identitytoken": "long-token"}}
    kept: list[Any] = []

    async def get(_: web.Request) -> web.Response:
        return refusal(404, "not found")

    async def patch(request: web.Request) -> web.Response:
        kept.append(json.loads(await request.text()))
        return web.json_response({**kept[0], "metadata": {**kept[0]["metadata"], "resourceVersion": "1"}})

    app = web.Application()
    app.router.add_get("/api/v1/namespaces/shop/secrets/pull", get)
    app.router.add_patch("/api/v1/namespaces/shop/secrets/pull", patch)
    async with serving(app) as url:
        step, ctx = await asyncio.to_thread(_prepare, tmp_path, {"auths": auths}, url)
        assert (await pull_secret(step, ctx)).changed
    content = json.loads(base64.b64decode(kept[0]["data"][".dockerconfigjson"]))
    assert content["auths"] == auths
    assert {AUTH, "long-token", "me:s3cret-word", "s3cret-word"} <= set(ctx.secrets)
