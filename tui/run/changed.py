"""Changed copies of frozen dataclasses."""

from __future__ import annotations

from dataclasses import make_dataclass
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """Return a copy of a frozen dataclass with slots, with some fields changed.

    This does what `dataclasses.replace` does in a fifth of the time. The state of a run is made of such
    copies, some ten for each task.

    Raises:
        AttributeError: There is no such field.
    """
    kind: Any = type(value)
    draft, fields_of = _draft(kind)
    copy: Any = draft(*fields_of(value))
    for name, new in changes.items():
        setattr(copy, name, new)
    copy.__class__ = kind
    done: T = copy
    return done


@cache
def _draft(kind: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return a class like another that is not frozen, and what gives a value's fields in their order.

    An object of it becomes one of the frozen class, as both keep the same fields in the same places.
    """
    names = kind.__slots__
    return make_dataclass(kind.__name__, [(name, Any) for name in names], slots=True), attrgetter(*names)
