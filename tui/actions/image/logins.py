"""The user's registry logins for a step: masked, and their problems reported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.clients.registry import Login, for_builds, login_files, read_logins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.clients.registry import Logins
    from tui.hosts.container_engine import ContainerEngine
    from tui.reporter import Reporter


async def logins_for(engine: ContainerEngine) -> Logins:
    """Read the user's logins; those kept by the engine's own command go first."""
    return await read_logins(login_files(os.environ, Path.home(), engine.flavour))


async def login_at(logins: Logins, image: str, report: Reporter) -> Login | None:
    """Return the login for an image, masked from now on."""
    login = await logins.find(image)
    _tell(logins, [login] if login else [], report)
    return login


async def build_logins(logins: Logins, engine: ContainerEngine, report: Reporter) -> dict[str, Any]:
    """Return all logins as a build takes them, masked from now on: a Dockerfile may name any registry."""
    found = await logins.all()
    _tell(logins, found.values(), report)
    return for_builds(found, engine.flavour)


def _tell(logins: Logins, found: Iterable[Login], report: Reporter) -> None:
    for login in found:
        for secret in login.secrets():
            report.secret(secret)
    while logins.problems:
        report.warn(logins.problems.pop(0))
