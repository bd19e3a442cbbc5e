"""Images' names in full, and the logins that go with them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tui.clients.registry import canonical, find_login, read_logins, with_tag

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("redis:7", "docker.io/library/redis:7"),
        ("me/app:1", "docker.io/me/app:1"),
        ("docker.io/redis:7", "docker.io/library/redis:7"),
        ("localhost/app:1", "localhost/app:1"),
        ("host:5000/app", "host:5000/app:latest"),
        ("quay.example/a/b@sha256:00", "quay.example/a/b@sha256:00"),
    ],
)
def test_names_are_completed_as_runtimes_do(image: str, full: str) -> None:
    assert canonical(image) == full
    assert canonical(full) == full
    assert with_tag(with_tag(image)) == with_tag(image)


def test_logins_are_read_from_dockers_and_podmans_files(tmp_path: Path) -> None:
    def auth(name: str) -> dict[str, str]:
        return {"auth": base64.b64encode(f"{name}:pass:word".encode()).decode()}

    podman = tmp_path / ".config" / "containers"
    podman.mkdir(parents=True)
    (podman / "auth.json").write_text(
        json.dumps({"auths": {"quay.example": auth("wide"), "quay.example/team": auth("team")}})
    )
    docker = tmp_path / ".docker"
    docker.mkdir()
    hub = {"https://index.docker.io/v1/": auth("hub"), "broken": {"auth": "%"}, "helped": {}}
    (docker / "config.json").write_text(json.dumps({"auths": hub}))
    logins = read_logins({}, tmp_path)
    assert find_login(logins, "quay.example/team/app:1")["username"] == "team"
    assert find_login(logins, "quay.example/teams/app:1")["username"] == "wide"
    assert find_login(logins, canonical("redis"))["password"] == "pass:word"
    assert find_login(logins, "broken/app:1") == {}
    assert find_login(logins, "other.example/app:1") == {}
