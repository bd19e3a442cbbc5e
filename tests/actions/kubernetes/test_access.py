from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.kubernetes.peer import recorder
from tui.actions.kubernetes.access import pull_secret, read_logins
from tui.errors import ActionError
from tui.plan.steps import KubernetesPullSecret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

AUTH = base64.b64encode(b"me:s3cret-word").decode()


def _write(file: Path, config: Any) -> Path:
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    return file


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return recorder(tmp_path, "http://127.0.0.1:1")


@pytest.fixture
def step(tmp_path: Path) -> KubernetesPullSecret:
    return KubernetesPullSecret(
        kind="kubernetes.pull_secret", name="pull", namespace="shop", sources=(tmp_path / "auth.json",)
    )


def test_the_first_file_that_exists_is_taken(tmp_path: Path) -> None:
    second = _write(tmp_path / "second.json", {"auths": {"registry.example": {"auth": AUTH}}})
    third = _write(tmp_path / "third.json", {"auths": {}})
    found = read_logins([tmp_path / "first.json", second, third])
    assert found
    assert found.file == second
    assert found.auths == {"registry.example": {"auth": AUTH}}
    assert read_logins([tmp_path / "first.json"]) is None


def test_every_form_of_a_password_is_secret(tmp_path: Path) -> None:
    entry = {"auth": AUTH, "identitytoken": "long-token"}
    found = read_logins([_write(tmp_path / "a.json", {"auths": {"registry.example": entry}})])
    assert found
    assert set(found.secrets()) == {AUTH, "long-token", "me:s3cret-word", "s3cret-word"}
    assert "s3cret" not in repr(found)
    assert AUTH not in repr(found)


def test_only_logins_that_a_cluster_can_use_are_taken(tmp_path: Path) -> None:
    config = {
        "auths": {"registry.example": {"auth": AUTH}, "third.example": {}},
        "credHelpers": {"other.example": "gcloud"},
        "HttpHeaders": {"X": "y"},
    }
    found = read_logins([_write(tmp_path / "a.json", config)])
    assert found
    assert list(found.auths) == ["registry.example"]
    assert found.elsewhere == ("other.example", "third.example")


async def test_no_login_file_is_a_warning(ctx: Recorder, step: KubernetesPullSecret) -> None:
    done = await pull_secret(step, ctx)
    assert not done.changed
    assert "auth.json" in ctx.warnings[0]


@pytest.fixture(
    params=[
        ({"auths": {"third.example": {}}, "credsStore": "desktop"}, "credential store 'desktop'"),
        ({"credHelpers": {"other.example": "gcloud"}}, "credential helpers"),
        ({"auths": {}}, "holds no logins"),
        ({}, "holds no logins"),
    ]
)
def useless(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    config, said = request.param
    _write(tmp_path / "auth.json", config)
    return str(said)


async def test_logins_that_cannot_be_used_are_a_warning(
    ctx: Recorder, step: KubernetesPullSecret, useless: str
) -> None:
    done = await pull_secret(step, ctx)
    assert not done.changed
    assert useless in ctx.warnings[0]


@pytest.mark.parametrize(
    "content", [f'{{"auths": {{"registry.example": {{"auth": "{AUTH}" }}', "[]", '{"auths": 3}']
)
def test_a_file_that_cannot_be_read_is_an_error_that_does_not_quote_it(tmp_path: Path, content: str) -> None:
    file = _write(tmp_path / "a.json", content)
    with pytest.raises(ActionError, match="cannot read the registry logins") as caught:
        read_logins([file])
    assert AUTH not in f"{caught.value.cause}{caught.value.hint}{caught.value.details}"
