"""Asking an API server again while it cannot take what it is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from tui.actions.kubernetes.webhooks import denied_by, is_busy, passing, unanswered
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.reporter import end_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.actions.context import Context

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further request for an object that the server could not take."""


async def persist(ask: Callable[[], Awaitable[T]], title: str, ctx: Context) -> T:
    """Ask until the server takes it, or cannot be expected to in time.

    Args:
        ask: Asks once.
        title: What is asked for, as it is told.
        ctx: The step's context.

    Raises:
        ApiError: The server refuses.
        UnreachableError: It does not answer.
    """
    for least in PAUSES:
        try:
            return await ask()
        except (ApiError, UnreachableError) as error:
            pause = max(least, getattr(error, "retry_after", None) or 0.0)
            if not is_passing(error) or end_of(ctx, pause) == ctx.deadline:
                raise
            ctx.log(f"{title}: {error.cause}; trying again in {pause:g} s")
        await asyncio.sleep(pause)
    return await ask()


def is_passing(error: ApiError | UnreachableError) -> bool:
    """Return whether the same request may succeed in a moment.

    A webhook that cannot be reached counts only if its server is not listening yet: a wrong certificate or
    name stays wrong.
    """
    if isinstance(error, UnreachableError):
        return error.passing
    if unanswered(error.message):
        return passing(error.message)
    if denied_by(error.message):
        return False
    if error.status == 409:  # it has changed meanwhile, is being deleted, or is not the one that was meant
        return "Precondition failed" not in error.message
    # The controller makes a namespace's own account a moment after it: a pod may come first.
    return 'serviceaccount "default" not found' in error.message or is_busy(error)
