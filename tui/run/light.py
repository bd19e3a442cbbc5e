"""Dataclasses that are quick to make and to fill, as a run's events and states are.

Nothing changes one once it is made, which the type checker sees to alone. Python's own frozen ones see to it
while the program runs, too: each class then takes three times as long to create, at start-up, and each object
three times as long to fill, of which a task takes some twenty.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, eq: bool = True) -> Callable[[type], type]:
        """Make a class a dataclass; see `dataclasses.dataclass`."""

        def made(kind: type) -> type:
            light = dataclasses.dataclass(slots=slots, eq=False, repr=False)(kind)
            light.__repr__ = _repr
            if eq:
                light.__eq__, light.__hash__ = _eq, _hash
            return light

        return made


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, field.name) for field in dataclasses.fields(one))


def _eq(one: Any, other: object) -> bool:
    return _values(one) == _values(other) if type(one) is type(other) else NotImplemented


def _hash(one: Any) -> int:
    return hash(_values(one))


def _repr(one: Any) -> str:
    told = (f"{field.name}={getattr(one, field.name)!r}" for field in dataclasses.fields(one))
    return f"{type(one).__qualname__}({', '.join(told)})"
