"""What a host must have for a bring-up, and how old that may be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.doctor.versions import OLDEST_KIND, aged_kind, recent_engine
from tui.errors import NotReadyError
from tui.hosts.host import at

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tui.hosts.host import Host

_KIND = "https://kind.sigs.k8s.io"


async def check_programs(host: Host, *, kind: bool, engine: bool) -> None:
    """Makes sure that a host has the programs that are wanted, and that they are not too old.

    Args:
        host: The host.
        kind: Whether `kind` is wanted.
        engine: Whether a container engine is.

    Raises:
        NotReadyError: One is missing or too old.
    """
    await all_of(*([_check_kind(host)] if kind else []), *([recent_engine(host)] if engine else []))


async def all_of(*checks: Awaitable[object]) -> None:
    """Makes checks at once; what fails is told in their order, not in that of their answers.

    Raises:
        NotReadyError: The first of them that failed.
    """
    for result in await asyncio.gather(*checks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _check_kind(host: Host) -> None:
    lines: list[str] = []
    try:
        status = await host.run(("kind", "version"), on_lines=lines.extend)
    except FileNotFoundError as error:
        cause = f"the `kind` command is not installed{at(host)}"
        raise NotReadyError(cause, f"install kind: {_KIND}") from error
    except OSError as error:
        cause = f"the `kind` command{at(host)} cannot be run: {error.strerror}"
        raise NotReadyError(cause, f"is it made for that machine? install it anew: {_KIND}") from error
    if status:
        cause = f"`kind version`{at(host)} failed: {lines[-1] if lines else f'status {status}'}"
        raise NotReadyError(cause, f"is it made for that machine? install it anew: {_KIND}")
    if version := aged_kind(" ".join(lines)):
        cause = f"kind {version}{at(host)} is too old: {OLDEST_KIND} is wanted"
        raise NotReadyError(cause, f"upgrade it: {_KIND}")
