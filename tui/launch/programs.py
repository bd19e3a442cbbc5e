"""What a host must have for a bring-up, and how old that may be."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tui.errors import NotReadyError

if TYPE_CHECKING:
    from tui.hosts.host import Host

_ENGINE_API = (1, 40)
"""Docker 19.03's; older ones have not been maintained since, and nothing here was tried with them."""

_KIND = (0, 8)
"""The first whose clusters outlive a restart of the engine, by its release notes: they are adopted here."""


async def check_programs(host: Host, *, kind: bool, engine: bool) -> None:
    """Makes sure that a host has the programs that are wanted, and that they are not too old.

    Args:
        host: The host.
        kind: Whether `kind` is wanted.
        engine: Whether a container engine is.

    Raises:
        NotReadyError: One is missing or too old.
    """
    await asyncio.gather(*([_check_kind(host)] if kind else []), *([_check_engine(host)] if engine else []))


async def _check_kind(host: Host) -> None:
    lines: list[str] = []
    try:
        await host.run(("kind", "version"), on_lines=lines.extend)
    except FileNotFoundError as error:
        cause = f"the `kind` command is not installed{_at(host)}"
        raise NotReadyError(cause, "install kind: https://kind.sigs.k8s.io") from error
    found = re.search(r"\bv(\d+)\.(\d+)", " ".join(lines))
    if found and (int(found[1]), int(found[2])) < _KIND:
        cause = f"kind {found[0].removeprefix('v')}{_at(host)} is too old: {_dotted(_KIND)} is wanted"
        raise NotReadyError(cause, "upgrade it: https://kind.sigs.k8s.io")


async def _check_engine(host: Host) -> None:
    found = await host.engine()
    if tuple(map(int, re.findall(r"\d+", found.api_version)[:2])) < _ENGINE_API:
        product = f"{found.flavour.capitalize()} {found.version}{_at(host)}"
        cause = f"{product} is too old: its API is {found.api_version}, {_dotted(_ENGINE_API)} is wanted"
        raise NotReadyError(cause, "upgrade it")


def _at(host: Host) -> str:
    return "" if host.is_local else f" at {host.name}"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
