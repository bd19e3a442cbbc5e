"""The label that says whose an object is, in a cluster that was there before the plan."""

from __future__ import annotations

from typing import Any

OWNER = "bringup/owner"


def labelled(body: dict[str, Any], before: dict[str, Any] | None, owner: str) -> dict[str, Any]:
    """Return an object with the label of its owner: of what is made now that is the plan's.

    What was there before keeps the label that it has, or none, so that it is never taken away by who has
    only changed it.

    Args:
        body: The object as it will be applied.
        before: The object that is there; None if it is made now.
        owner: The plan's owner; empty where nothing is labelled.
    """
    if not owner:
        return body
    value = owner if before is None else (before["metadata"].get("labels") or {}).get(OWNER)
    if not value:
        return body
    metadata = body["metadata"]
    labels = {**(metadata.get("labels") or {}), OWNER: value}
    return {**body, "metadata": {**metadata, "labels": labels}}
