"""What the `docker` command adds to builds and pulls by itself, of its user's settings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.clients.registry import login_files

if TYPE_CHECKING:
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.reporter import Reporter

_PROXIES = ("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy")


async def default_platform(host: Host) -> str | None:
    """Return the platform that a host's user builds and pulls for where none is named, if there is one."""
    return (await host.machine()).variables.get("DOCKER_DEFAULT_PLATFORM") or None


async def proxy_arguments(engine: ContainerEngine, report: Reporter) -> dict[str, str]:
    """Return the build arguments for the proxies of the user's `config.json`; passwords in them are masked.

    Podman has its proxies from its own configuration.
    """
    if engine.flavour == "podman":
        return {}
    proxies = await asyncio.to_thread(_read)
    chosen = proxies.get(engine.url) or proxies.get("default")
    values = {key: chosen.get(key) for key in _PROXIES} if isinstance(chosen, dict) else {}
    arguments: dict[str, str] = {}
    for key, value in values.items():
        if value and isinstance(value, str):
            name = f"{key.removesuffix('Proxy')}_PROXY"
            arguments |= {name.upper(): value, name.lower(): value}
            with contextlib.suppress(ValueError):
                report.secret(urlsplit(value).password or "")
    return arguments


def _read() -> dict[str, Any]:
    """Read them; blocks. Of a file that is damaged the reader of logins tells."""
    path, *_ = login_files(os.environ, Path.home())
    with contextlib.suppress(OSError, ValueError, RecursionError, AttributeError):
        proxies = json.loads(path.read_text(encoding="utf-8-sig")).get("proxies")
        return proxies if isinstance(proxies, dict) else {}
    return {}
