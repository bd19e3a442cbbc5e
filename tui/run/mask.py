"""Events without secrets in any of their texts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.run.events import Event
    from tui.secrets import Masker

_TEXTS = frozenset(
    {
        "cause",
        "details",
        "hint",
        "name",
        "note",
        "owner",
        "pod",
        "source",
        "subject",
        "tail",
        "text",
        "title",
        "unit",
        "value",
        "what",
    }
    | {"failure", "files", "path", "phases", "settings", "steps", "tasks"}
)
"""The fields of events that hold what people or programs wrote; ids and states are never changed."""


def mask_event(event: Event, masker: Masker) -> Event:
    """Return the event without secrets in any of its texts."""
    masked: Event = event if masker.is_idle else _masked(event, masker)
    return masked


def _masked(value: Any, masker: Masker) -> Any:
    if isinstance(value, str):
        return masker.mask(value)
    if isinstance(value, tuple):
        return tuple(_masked(item, masker) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name in _TEXTS}
    new = {name: _masked(item, masker) for name, item in old.items()}
    return dataclasses.replace(value, **new) if new != old else value
