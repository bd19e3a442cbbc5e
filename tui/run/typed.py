"""Dataclasses from what JSON holds, checked by their type hints.

Pydantic does the same and more; its import alone takes longer than reading most journals.
"""

from __future__ import annotations

import dataclasses
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[Any], Any]


def reader(hint: Any) -> Read:
    """Return what makes a value of a type of what JSON holds.

    Args:
        hint: A dataclass, a named tuple, a plain type, or a tuple, dict, union or literal of such.

    Returns:
        A function that raises ValueError for what is not of the type. It leaves out keys that a dataclass
        does not have.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    if origin is Literal:
        return _one_of(arguments)
    if origin in {Union, UnionType}:
        return _union(arguments)
    if origin is tuple:
        return _all(reader(arguments[0]))
    if origin is dict:
        return _mapping(reader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, tuple):
        return _named_tuple(hint)
    return _number if hint is float else _plain(hint)


def _plain(kind: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"{value!r} is not of type {kind.__name__}")
        return value

    return read


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is not int:
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _one_of(values: tuple[Any, ...]) -> Read:
    def read(value: Any) -> Any:
        if value not in values:
            raise ValueError(f"{value!r} is not one of {values}")
        return value

    return read


def _union(kinds: tuple[Any, ...]) -> Read:
    """Read a value that may be None; other unions are not in use."""
    (other,) = (kind for kind in kinds if kind is not NoneType)
    read_other = reader(other)
    return lambda value: None if value is None else read_other(value)


def _all(read: Read) -> Read:
    def read_all(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError(f"{value!r} is no list")
        return tuple(map(read, value))

    return read_all


def _mapping(read: Read) -> Read:
    def read_mapping(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"{value!r} is no mapping")
        return {key: read(each) for key, each in value.items()}

    return read_mapping


def _named_tuple(kind: Any) -> Read:
    readers = [reader(hint) for hint in get_type_hints(kind).values()]

    def read(value: Any) -> Any:
        if type(value) is not list or len(value) > len(readers):
            raise ValueError(f"{value!r} is no {kind.__name__}")
        try:
            return kind(*(each(part) for each, part in zip(readers, value, strict=False)))
        except TypeError as error:
            raise ValueError(str(error)) from error

    return read


def _dataclass(kind: Any) -> Read:
    hints = get_type_hints(kind)
    readers = {field.name: reader(hints[field.name]) for field in dataclasses.fields(kind)}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"{value!r} is no {kind.__name__}")
        try:
            return kind(**{name: readers[name](each) for name, each in value.items() if name in readers})
        except TypeError as error:  # a field is missing
            raise ValueError(str(error)) from error

    return read
