"""How old what a bring-up needs may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.errors import NotReadyError
from tui.hosts.host import at

if TYPE_CHECKING:
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host

OLDEST_API = "1.40"
"""Of the container engine: Docker 19.03's; older ones have not been maintained since, nor tried with this."""

OLDEST_KIND = "0.8"
"""The first whose clusters outlive a restart of the engine, by its release notes: they are adopted here."""


async def recent_engine(host: Host) -> ContainerEngine:
    """The host's container engine.

    Raises:
        NotReadyError: None answers, or it is too old; then it would not understand what it is asked.
    """
    engine = await host.engine()
    if _parts(engine.api_version) < _parts(OLDEST_API):
        product = f"{engine.flavour.capitalize()} {engine.version}{at(host)}"
        cause = f"{product} is too old: its API is {engine.api_version}, {OLDEST_API} is wanted"
        raise NotReadyError(cause, "upgrade it")
    return engine


def aged_kind(said: str) -> str:
    """The version of a `kind` that is too old; empty where it is not, or is not told.

    Args:
        said: What `kind version` says.
    """
    found = re.search(r"\bv(\d+\.\d+[\d.]*)", said)
    return found[1] if found and _parts(found[1]) < _parts(OLDEST_KIND) else ""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
