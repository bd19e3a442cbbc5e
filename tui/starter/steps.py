"""Steps as a plan has them: on one line where they fit, else a line for each key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Step = dict[str, "str | list[str]"]
"""A step's keys with their values, or the items of these, as YAML has them."""

INDENT = " " * 10
"""What stands before a step of a task."""

_WIDTH = 100


def lines_of(step: Mapping[str, str | list[str]]) -> Iterator[str]:
    """Yield the lines of a step of a task."""
    line = f"{INDENT}- {{{', '.join(f'{key}: {_flow(value)}' for key, value in step.items())}}}"
    if len(line) <= _WIDTH:
        yield line
        return
    lead = f"{INDENT}- "
    for key, value in step.items():
        line = f"{lead}{key}: {_flow(value)}"
        if isinstance(value, str) or len(line) <= _WIDTH:
            yield line
        else:
            yield f"{lead}{key}:"
            yield from (f"{INDENT}    - {item}" for item in value)
        lead = f"{INDENT}  "


def _flow(value: str | list[str]) -> str:
    """Return a value on one line; a list of one item as the item, unless that is a mapping."""
    if isinstance(value, str):
        return value
    return value[0] if len(value) == 1 and value[0][0] != "{" else f"[{', '.join(value)}]"
