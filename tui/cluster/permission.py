"""Which contexts a plan may be brought up in: local ones by nature, and those that were allowed once.

A plan must not meet production by accident. Nothing is asked of a cluster before its context has passed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tui.cluster.users_kubeconfig import read_context
from tui.errors import ActionError, NotReadyError
from tui.hosts.host import at
from tui.run.directories import config_directory, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tui.hosts.host import Host

_LOCAL = re.compile(
    r"(kind|k3d)-.+|minikube|docker-desktop|docker-for-desktop|colima(-.+)?|rancher-desktop|orbstack|microk8s"
)
"""What the tools call their contexts that run clusters on their user's machine."""
_NEAR = (".localhost", ".local", ".internal", ".test")


class Permission(NamedTuple):
    """A context that was allowed.

    Attributes:
        context: Its name.
        server: The URL of the API server that it led to.
        host: The machine over SSH whose user's context it is; empty for this one.
    """

    context: str
    server: str
    host: str = ""


def is_local(context: str, server: str) -> bool:
    """Return whether a context leads to a cluster of its user's own machine.

    Its name must say so, and its server be near. A loopback address alone does not do: it may be the end of a
    tunnel to anywhere.

    Args:
        context: The context's name.
        server: The URL of its API server.
    """
    return bool(_LOCAL.fullmatch(context)) and _is_near(urlsplit(server).hostname or "")


def _is_near(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return "." not in name or name.endswith(_NEAR)


def check_permission(context: str, server: str, host: Host) -> None:
    """Make sure that a plan may be brought up in a context.

    Raises:
        ActionError: It may not.
    """
    if is_local(context, server):
        return
    allowed = [each for each in permissions() if (each.context, each.host) == (context, host.location)]
    if any(each.server == server for each in allowed):
        return
    cause = f"context {context!r}{at(host)} leads to {server}, which may be no cluster for tests"
    if allowed:
        cause += f": it was allowed when it led to {allowed[0].server}"
    raise ActionError(cause, f"if it is one, allow it once: bringup up --allow-context {context}")


async def allow(context: str, host: Host) -> None:
    """Allow a context from now on, for the server that it leads to.

    Raises:
        ActionError: There is no such context.
        NotReadyError: That cannot be kept.
    """
    server = (await read_context(context, host)).server
    if not is_local(context, server):
        kept = await asyncio.to_thread(_without, context, host.location)
        await asyncio.to_thread(_write, [*kept, Permission(context, server, host.location)])


def forget(context: str) -> bool:
    """Allow a context no more, on any machine; return whether it was allowed.

    Raises:
        NotReadyError: That cannot be kept.
    """
    kept = _without(context)
    found = len(kept) < len(permissions())
    if found:
        _write(kept)
    return found


def permissions() -> list[Permission]:
    """Return the contexts that were allowed; none if the file is missing or damaged."""
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
        return [Permission(**{key: str(value) for key, value in each.items()}) for each in kept]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def _without(context: str, host: str | None = None) -> list[Permission]:
    return [each for each in permissions() if each.context != context or host not in {None, each.host}]


def _file() -> Path:
    return config_directory() / "contexts.json"


def _write(kept: list[Permission]) -> None:
    path = _file()
    try:
        write_whole(path, json.dumps([each._asdict() for each in kept], indent=2) + "\n")
    except OSError as error:
        cause = f"which contexts are allowed cannot be kept in {path}: {error.strerror}"
        raise NotReadyError(cause, "make the directory writable, or set XDG_CONFIG_HOME") from error
