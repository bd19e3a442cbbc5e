"""Small changes to a YAML file's text, which keep its comments and its form.

Each takes a text and returns it changed, or None where it is written in a way that this does not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABSENT = -1


def compose(text: str) -> list[yaml.Node]:
    """Return the documents of a text; none where it is no YAML."""
    try:
        return list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return []


def child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    """Return what a mapping or a sequence has at a key or an index; None where it has nothing there."""
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key] if key < len(node.value) else None
    pair = _pair(node, key)
    return pair[1] if pair else None


def at(node: yaml.Node | None, *path: str | int) -> yaml.Node | None:
    """Return what is at a path of keys and indices."""
    for key in path:
        node = child(node, key)
    return node


def text_of(node: yaml.Node | None) -> str:
    """Return a scalar's text; empty where it is none."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def without_key(text: str, mapping: yaml.Node | None, key: str) -> str | None:
    """Remove a key of a block mapping, with its value."""
    pair = _pair(mapping, key)
    if pair is None or not isinstance(mapping, yaml.MappingNode) or mapping.flow_style:
        return None
    lines = text.splitlines(keepends=True)
    first, last = _lines(lines, pair[0], pair[1])
    before = lines[first][: pair[0].start_mark.column]
    if before.strip():  # it is the first of an item, behind the dash
        return None
    return "".join((*lines[:first], *lines[last:]))


def without_item(text: str, mapping: yaml.Node | None, key: str, value: str) -> str | None:
    """Remove a scalar from a list; with the last of them the list's key."""
    items = child(mapping, key)
    if isinstance(items, yaml.ScalarNode) or (isinstance(items, yaml.SequenceNode) and len(items.value) == 1):
        return without_key(text, mapping, key)
    if not isinstance(items, yaml.SequenceNode):
        return None
    place = next((i for i, item in enumerate(items.value) if text_of(item) == value), _ABSENT)
    if place == _ABSENT:
        return None
    lines = text.splitlines(keepends=True)
    if not items.flow_style:
        number = items.value[place].start_mark.line
        return "".join((*lines[:number], *lines[number + 1 :]))
    start, end = _offset(lines, items.value[place].start_mark), _offset(lines, items.value[place].end_mark)
    if place + 1 < len(items.value):
        end = _offset(lines, items.value[place + 1].start_mark)
    else:
        start = _offset(lines, items.value[place - 1].end_mark)
    return text[:start] + text[end:]


def with_first_items(text: str, sequence: yaml.Node | None, items: Sequence[str]) -> str | None:
    """Insert items at the beginning of a block sequence."""
    if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style or not sequence.value:
        return None
    lines = text.splitlines(keepends=True)
    first = sequence.value[0].start_mark
    head = lines[first.line][: first.column]
    if head.strip() != "-":
        return None
    number = first.line
    while lines[number - 1].lstrip().startswith("#"):
        number -= 1
    return "".join((*lines[:number], *(f"{head}{item}{_end(lines)}" for item in items), *lines[number:]))


def with_value(text: str, mapping: yaml.Node | None, key: str, value: str) -> str | None:
    """Set a scalar of a mapping; where there is none, add it behind the first key."""
    if not isinstance(mapping, yaml.MappingNode) or not mapping.value:
        return None
    lines = text.splitlines(keepends=True)
    old = child(mapping, key)
    if isinstance(old, yaml.ScalarNode):
        start, end = _offset(lines, old.start_mark), _offset(lines, old.end_mark)
        return text[:start] + value + text[end:]
    if old is not None:
        return None
    first, its = mapping.value[0]
    if mapping.flow_style:
        end = _offset(lines, its.end_mark)
        return f"{text[:end]}, {key}: {value}{text[end:]}"
    _, behind = _lines(lines, first, its)
    if not lines[behind - 1].endswith("\n"):
        return None
    line = f"{' ' * first.start_mark.column}{key}: {value}{_end(lines)}"
    return "".join((*lines[:behind], line, *lines[behind:]))


def _pair(mapping: yaml.Node | None, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(mapping, yaml.MappingNode):
        return None
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", mapping.value)
    return next((pair for pair in pairs if text_of(pair[0]) == key), None)


def _lines(lines: Sequence[str], first: yaml.Node, last: yaml.Node) -> tuple[int, int]:
    """Return the first line of a node, and the one behind the last of another."""
    end = last.end_mark
    here = lines[end.line][: end.column].strip() if end.line < len(lines) else ""
    stop = end.line + bool(here)
    while stop > first.start_mark.line + 1 and not re.match(r"\s*[^\s#]", lines[stop - 1]):
        stop -= 1  # a block ends where the next thing begins, behind comments and blank lines
    return first.start_mark.line, max(stop, first.start_mark.line + 1)


def _offset(lines: Sequence[str], mark: yaml.Mark) -> int:
    return sum(map(len, lines[: mark.line])) + mark.column


def _end(lines: Sequence[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
