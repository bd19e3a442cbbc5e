"""A YAML document with the place of every value in it.

Scalars are read by YAML 1.2's core schema, not 1.1's: `on`, `yes`, `0644` and `1:30` stay the text that they
are. So does a number that would not come out as it was written: `1.20` is a version more often than not.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tui.plan.faults import Fault, Place, PlanError, shown

if TYPE_CHECKING:
    from pathlib import Path

MOST_DEPTH = 40
"""How deeply values may be nested; everything that walks over them may recurse."""

_MOST_BYTES = 1 << 20
_MOST_NODES = 30_000
_MOST_DIGITS = 20

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A YAML document as plain values.

    Attributes:
        file: The file's name, as its user wrote it.
        value: Mappings, lists and scalars.
        places: Where each value begins, by its path of keys and indices from the root.
        keys: Where each mapping's key stands, by the path of its value.
        lines: The file's text.
    """

    file: str
    value: Any = None
    places: dict[Path_, Place] = field(default_factory=dict)
    keys: dict[Path_, Place] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def place(self, path: Path_) -> Place:
        """The place of a value, or of the nearest that holds it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(self.file))

    def place_of(self, path: Path_, text: str) -> Place:
        """The place of a part of a value's text, or else that of the value."""
        start = self.place(path)
        column = start.column - 1
        for number, line in enumerate(self.lines[max(start.line - 1, 0) :], start.line):
            if (found := line.find(text, column)) >= 0:
                return Place(self.file, number, found + 1)
            column = 0
        return start


def parse_scalar(text: str) -> Any:
    """A plain scalar's value by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MOST_DIGITS and _NUMBER.fullmatch(text):
        for make in (int, float):
            with suppress(ValueError):
                if str(number := make(text)) == text:
                    return number
    return text


def read_document(path: Path, name: str | None = None) -> Document:
    """Reads a YAML file.

    Args:
        path: The file.
        name: What it is called in errors; its path if absent.

    Raises:
        PlanError: It cannot be read, is no YAML, is empty, or is larger than anybody's plan.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        hint = "check the path" if isinstance(error, FileNotFoundError) else ""
        cause = getattr(error, "strerror", "") or error
        raise PlanError.at(Place(name, 0), f"cannot be read: {cause}", hint) from error
    return parse_document(data, name)


def parse_document(data: bytes | str, name: str) -> Document:
    """Reads a YAML document; see `read_document`."""
    raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    if len(raw) > _MOST_BYTES:
        cause = "is larger than 1 MiB"
        raise PlanError.at(Place(name, 0), cause, "a plan is a page or two; is this the right file?")
    text = _decoded(raw, name)
    node = _compose(text, name)
    if node is None:
        hint = "`bringup plan schema` says what a plan is made of"
        raise PlanError.at(Place(name), "is empty", hint)
    reader = _Reader(Document(name, lines=text.splitlines()))
    reader.document.value = reader.read(node, (), 0)
    if reader.faults:
        raise PlanError(reader.faults)
    return reader.document


def _decoded(raw: bytes, name: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        raise PlanError.at(_place_after(before, name), "is not UTF-8 text", "save it as UTF-8") from error
    if found := _UNPRINTABLE.search(text):
        cause = f"the character U+{ord(found[0]):04X} may not stand in YAML"
        raise PlanError.at(_place_after(text[: found.start()], name), cause, r'write it as an escape: "\u…"')
    return text


def _place_after(text: str, name: str) -> Place:
    lines = f"{text}.".splitlines()
    return Place(name, len(lines), len(lines[-1]))


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        _check_bounds(text, name)
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise PlanError([_yaml_fault(error, text, name)]) from error
    except yaml.YAMLError as error:
        raise PlanError.at(Place(name), f"is not YAML: {error}".splitlines()[0]) from error
    return node


def _check_bounds(text: str, name: str) -> None:
    """Refuses what composing, which recurses in C, would crash on; parsing alone does not recurse."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH or count > 2 * _MOST_NODES:
            cause = "is nested too deeply" if depth > MOST_DEPTH else "has too many values"
            mark = event.start_mark
            place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
            raise PlanError.at(place, cause, "is this the right file?")


def _yaml_fault(error: yaml.MarkedYAMLError, text: str, name: str) -> Fault:
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
    context = error.context or ""
    if context.startswith("while") and mark and begun and begun.line < mark.line:
        context += f" that begins on line {begun.line + 1}"
    cause = ", ".join(part for part in (context, error.problem) if part)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return Fault(place, f"is not YAML: {cause}", _yaml_hint(line, place.column, cause))


def _yaml_hint(line: str, column: int, cause: str) -> str:
    if "\t" in line[:column] and not line[: column - 1].strip():
        return "indent with spaces: YAML takes no tabs"
    if re.search(r"[\[{,:]\s*\$\{", line) and "flow" in cause:
        return 'inside brackets, put quotes around a reference: "${name}"'
    if "mapping values are not allowed" in cause:
        return "put quotes around a text that holds a colon and a space, or check the indentation"
    if "cannot start any token" in cause:
        return "put quotes around a text that begins with this character"
    if "alias" in cause:
        return "an anchor is written &name before its value, and used as *name after that"
    return "check indentation, quotes and brackets"


def _is_plain(node: yaml.Node) -> bool:
    """Whether a scalar is written without quotes; the style of such is empty or absent."""
    return isinstance(node, yaml.ScalarNode) and not node.style


class _Reader:
    """Turns nodes into values, within bounds: aliases multiply (a "YAML bomb")."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.nodes = 0

    def read(self, node: yaml.Node, path: Path_, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > _MOST_NODES or depth > MOST_DEPTH:
            raise PlanError.at(self._place(node), "aliases expand without bound", "write the values out")
        if not node.tag.startswith("tag:yaml.org,2002:") and node.tag != "!":
            cause = f"the tag {shown(node.tag)} is not known here"
            self.faults.append(Fault(self._place(node), cause, "remove it, or put quotes around the text"))
        value = self._value(node, path, depth)
        self.document.places[path] = self._place(node)  # after those of what is merged into it
        return value

    def _value(self, node: yaml.Node, path: Path_, depth: int) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        if _is_plain(node) and node.tag != "tag:yaml.org,2002:str":
            return parse_scalar(node.value)
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: Path_, depth: int) -> dict[str, Any]:
        merges = [value for key, value in node.value if self._is_merge(key)]
        result = self._merged(merges, path, depth)
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if self._is_merge(key_node):
                continue
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                hint = 'put quotes around a reference: "${name}"'
                self.faults.append(Fault(place, "a key must be plain text", hint))
            elif (key := key_node.value) in own:
                cause = f"the key {shown(key)} stands here twice"
                self.faults.append(Fault(place, cause, "remove one of the two"))
            else:
                own[key] = self.read(value_node, (*path, key), depth + 1)
                self.document.keys[*path, key] = place
        return result | own

    def _merged(self, nodes: list[yaml.Node], path: Path_, depth: int) -> dict[str, Any]:
        """The mappings that `<<` keys merge in; the first one that has a key wins."""
        result: dict[str, Any] = {}
        parts = [part for n in nodes for part in (n.value if isinstance(n, yaml.SequenceNode) else [n])]
        for part in reversed(parts):
            if isinstance(part, yaml.MappingNode):
                result |= self.read(part, path, depth + 1)
            else:
                self.faults.append(Fault(self._place(part), "only mappings can be merged with <<"))
        return result

    @staticmethod
    def _is_merge(key: yaml.Node) -> bool:
        return _is_plain(key) and key.value == "<<"

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1)
