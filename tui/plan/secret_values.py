"""The values of a plan that must never be shown."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tui.plan.substitute import UndefinedError, as_text, find
from tui.secrets import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def secret_values(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values of a plan that must never be shown.

    Args:
        data: The plan, filled in, right or wrong: its `secrets` name variables.
    """
    names = data.get("secrets")
    named: dict[str, None] = {}
    for name in [names] if isinstance(names, str) else names if isinstance(names, list | tuple) else ():
        with contextlib.suppress(UndefinedError):
            named |= dict.fromkeys(_texts(find(data.get("variables") or {}, str(name))))
    found = secrets_in({key: value for key, value in data.items() if key != "secrets"})
    return tuple({**named, **dict.fromkeys(found)})


def _texts(value: Any) -> Iterator[str]:
    """Yield a variable's values as they stand in texts."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif value is not None:
        yield as_text(value)
