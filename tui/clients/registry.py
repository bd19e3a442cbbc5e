"""Images' names, and the user's logins at the registries that they name."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.actions.context import Context

_HUB = "docker.io"
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


def with_tag(image: str) -> str:
    """An image's name with the tag that is meant where it has none."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def canonical(image: str) -> str:
    """An image's name in full: `redis:7` is `docker.io/library/redis:7`, as container runtimes have it."""
    image = with_tag(image)
    first, slash, rest = image.partition("/")
    if not slash:
        return f"{_HUB}/library/{image}"
    if "." in first or ":" in first or first == "localhost":
        return f"{_HUB}/library/{rest}" if first == _HUB and "/" not in rest else image
    return f"{_HUB}/{image}"


async def login_for(ctx: Context, image: str) -> dict[str, str]:
    """The user's login at an image's registry; empty where there is none. Its secrets are masked."""
    logins = await asyncio.to_thread(read_logins, os.environ, Path.home())
    login = find_login(logins, canonical(image))
    _mask(ctx, login)
    return login


async def all_logins(ctx: Context) -> dict[str, dict[str, str]]:
    """All of the user's logins by registry, for builds, whose Dockerfiles may name any. They are masked."""
    logins = await asyncio.to_thread(read_logins, os.environ, Path.home())
    for login in logins.values():
        _mask(ctx, login)
    return logins


def encode(value: Mapping[str, Any]) -> str:
    """A login, or several, as the engine's API wants it in a header."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def read_logins(environment: Mapping[str, str], home: Path) -> dict[str, dict[str, str]]:
    """The logins in Docker's and Podman's files; a file that cannot be read has none.

    Logins that a credential helper keeps are not asked for.
    """
    folder = environment.get("DOCKER_CONFIG")
    runtime = environment.get("XDG_RUNTIME_DIR")
    files = [
        home / ".config" / "containers" / "auth.json",
        *([Path(runtime) / "containers" / "auth.json"] if runtime else []),
        *([Path(environment["REGISTRY_AUTH_FILE"])] if environment.get("REGISTRY_AUTH_FILE") else []),
        (Path(folder) if folder else home / ".docker") / "config.json",
    ]
    logins: dict[str, dict[str, str]] = {}
    for file in files:
        for registry, entry in _auths(file).items():
            if isinstance(entry, dict) and (login := _login(registry, entry)):
                logins[registry] = login
    return logins


def find_login(logins: Mapping[str, dict[str, str]], image: str) -> dict[str, str]:
    """The login for an image's full name: the one whose registry and path are the longest that match."""
    registry = image.partition("/")[0]
    if registry == _HUB:
        return next((logins[key] for key in _HUB_KEYS if key in logins), {})
    plain = {key.partition("://")[2] or key: login for key, login in logins.items()}
    fitting = [key for key in plain if image.startswith(key.rstrip("/") + "/")]
    return plain[max(fitting, key=len)] if fitting else {}


def _auths(file: Path) -> dict[str, Any]:
    try:
        auths = json.loads(file.read_text(encoding="utf-8")).get("auths")
    except (OSError, ValueError, AttributeError):
        return {}
    return auths if isinstance(auths, dict) else {}


def _login(registry: str, entry: Mapping[str, Any]) -> dict[str, str]:
    if token := entry.get("identitytoken"):
        return {"identitytoken": str(token), "serveraddress": registry}
    try:
        pair = base64.b64decode(str(entry.get("auth", "")), validate=True).decode()
    except ValueError:
        return {}
    username, colon, password = pair.partition(":")
    return {"username": username, "password": password, "serveraddress": registry} if colon else {}


def _mask(ctx: Context, login: Mapping[str, str]) -> None:
    for key in ("password", "identitytoken"):
        if login.get(key):
            ctx.secret(login[key])
