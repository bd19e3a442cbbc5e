"""Waits for objects that are being deleted: what is written into one of them goes with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.reporter import end_of

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object

_GONE_WITHIN = 120.0
_POLL = 0.25


async def staying(api: Api, path: str, title: str, ctx: Context) -> Object | None:
    """Return an object that nobody deletes; wait until one that is being deleted is gone.

    Returns:
        The object; None if there is none, or none any more.

    Raises:
        ActionError: It does not go away; tells what it waits for.
    """
    end = end_of(ctx, _GONE_WITHIN)
    logged = ""
    while (found := await api.find(path)) and "deletionTimestamp" in found["metadata"]:
        held = _held_by(found)
        if (text := f"is being deleted; waiting until it is gone{held}") != logged:
            ctx.log(f"{title} {text}")
        logged = text
        if asyncio.get_running_loop().time() >= end:
            raise ActionError(f"{title} is being deleted, but has not gone away{held}", _hint(found))
        await asyncio.sleep(_POLL)
    return found


def _held_by(found: Object) -> str:
    """Return what keeps an object: what a namespace says is left in it, or its finalizers."""
    conditions = (found.get("status") or {}).get("conditions") or []
    left = [
        each.get("message") or each["type"]
        for each in conditions
        if each["type"].startswith("Namespace") and each.get("status") == "True"
    ]
    held = left or [f"its finalizers are {', '.join(found['metadata'].get('finalizers') or ())}"]
    return f": {'; '.join(held)}" if left or found["metadata"].get("finalizers") else ""


def _hint(found: Object) -> str:
    kind, name = found.get("kind", "object").lower(), found["metadata"]["name"]
    if kind == "namespace":
        return f"have what is left in it deleted: kubectl get namespace {name} -o yaml says what"
    return f"bring up what takes its finalizers away, or take them out: kubectl edit {kind} {name}"
