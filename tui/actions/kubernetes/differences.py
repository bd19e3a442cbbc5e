"""What differs between two states of an object, in lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.clients.kubernetes.api import Object

_MOST = 20
_SHOWN = 60  # characters of a value
_OWN = {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"}
_ABSENT = object()


def differences(before: Object, after: Object, *, secret: bool = False) -> list[str]:
    """Return what has changed, such as `spec.replicas: 1 → 2`; without what the server changes by itself.

    Args:
        before: The object as it was.
        after: The object as it is.
        secret: Whether its values are not to be told.
    """
    found = _walk(_written(before), _written(after), "")
    lines = [f"{path}: changed" if secret else f"{path}: {old} → {new}" for path, old, new in found]
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return [*lines[:_MOST], *more]


def _written(item: Object) -> Object:
    metadata = {key: value for key, value in item["metadata"].items() if key not in _OWN}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def _walk(old: Any, new: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the paths of what differs, each with the old and the new value."""
    if old and new and all(isinstance(each, dict) or each is _ABSENT for each in (old, new)):
        old, new = ({} if each is _ABSENT else each for each in (old, new))
        for key in dict.fromkeys((*old, *new)):
            yield from _walk(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{path}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _walk(one, other, f"{path}[{i}]")
    elif old != new:
        yield path, _shown(old), _shown(new)


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else cut(json.dumps(value, ensure_ascii=False), _SHOWN)
