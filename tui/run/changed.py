"""Changed copies of frozen dataclasses."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """Return a copy of a frozen dataclass with slots, with some fields changed.

    This does what `dataclasses.replace` does in half the time, since it does not go through `__init__`. The
    state of a run is made of such copies, some ten for each task.

    Raises:
        AttributeError: There is no such field.
    """
    kind = type(value)
    copy = object.__new__(kind)
    for name in kind.__slots__:  # type: ignore[attr-defined]
        object.__setattr__(copy, name, getattr(value, name))
    for name, new in changes.items():
        object.__setattr__(copy, name, new)
    return copy
