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


def with_item(text: str, mapping: yaml.Node | None, key: str, value: str) -> str | None:
    """Add a scalar at the end of a list; make the list, behind the mapping's first key, if there is none."""
    if not isinstance(mapping, yaml.MappingNode) or mapping.flow_style:
        return None
    lines = text.splitlines(keepends=True)
    items = child(mapping, key)
    if items is None:
        first, first_value = mapping.value[0]
        indent = " " * first.start_mark.column
        _, last = _lines(lines, first, first_value)
        return "".join((*lines[:last], f"{indent}{key}: [{value}]{_end(lines)}", *lines[last:]))
    if isinstance(items, yaml.ScalarNode):
        start, end = _offset(lines, items.start_mark), _offset(lines, items.end_mark)
        return f"{text[:start]}[{text[start:end]}, {value}]{text[end:]}"
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        return None
    last_item = items.value[-1]
    if items.flow_style:
        end = _offset(lines, last_item.end_mark)
        return f"{text[:end]}, {value}{text[end:]}"
    line = lines[last_item.start_mark.line]
    dash = line[: last_item.start_mark.column]
    number = last_item.start_mark.line + 1
    return "".join((*lines[:number], f"{dash}{value}{_end(lines)}", *lines[number:]))


def with_value(text: str, mapping: yaml.Node | None, key: str, value: str, *, add: bool) -> str | None:
    """Set a scalar of a mapping; where there is none, add it as the first key if `add` says so."""
    if not isinstance(mapping, yaml.MappingNode) or not mapping.value:
        return None
    lines = text.splitlines(keepends=True)
    old = child(mapping, key)
    if isinstance(old, yaml.ScalarNode):
        start, end = _offset(lines, old.start_mark), _offset(lines, old.end_mark)
        return text[:start] + value + text[end:]
    if old is not None or not add:
        return text if old is None else None
    first = mapping.value[0][0]
    start = _offset(lines, first.start_mark)
    between = ", " if mapping.flow_style else f"{_end(lines)}{' ' * first.start_mark.column}"
    return f"{text[:start]}{key}: {value}{between}{text[start:]}"


def take_items(
    text: str, sequence: yaml.Node | None, places: Sequence[int]
) -> tuple[str, list[list[str]]] | None:
    """Take items out of a block sequence.

    Args:
        text: The text.
        sequence: The sequence.
        places: The places of the items.

    Returns:
        The text without them, and the lines of each, with the comments above it, indented as they were.
    """
    if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style:
        return None
    lines = text.splitlines(keepends=True)
    taken: list[list[str]] = []
    gone: set[int] = set()
    for place in places:
        item = sequence.value[place]
        first, last = _lines(lines, item, item)
        if lines[first][: item.start_mark.column].strip() != "-":
            return None
        while first > sequence.start_mark.line and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        taken.append(lines[first:last])
        gone.update(range(first, last))
    return "".join(line for i, line in enumerate(lines) if i not in gone), taken


def after(text: str, node: yaml.Node, more: Sequence[str]) -> str:
    """Insert lines behind the last one of a node."""
    lines = text.splitlines(keepends=True)
    _, last = _lines(lines, node, node)
    if last and not lines[last - 1].endswith("\n"):
        lines[last - 1] += "\n"
    return "".join((*lines[:last], *more, *lines[last:]))


def key_lines(text: str, mapping: yaml.Node | None, key: str) -> list[str]:
    """Return the lines of a key of a block mapping with its value; none where it is not there."""
    pair = _pair(mapping, key)
    if pair is None or not isinstance(mapping, yaml.MappingNode) or mapping.flow_style:
        return []
    lines = text.splitlines(keepends=True)
    first, last = _lines(lines, pair[0], pair[1])
    return lines[first:last]


def indented(lines: Sequence[str], column: int) -> list[str]:
    """Return lines moved so that the first one's text begins at a column."""
    had = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [" " * column + line[had:] if line.strip() else line for line in lines]


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
